"""Which jobs follow when a dispute is opened, changes or ends."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.dispute import Dispute, DisputeStatus
from bot.domain.identifiers import DisputeId, PaymentId, ProviderName
from bot.domain.money import Money
from bot.domain.refund import Payment
from bot.services.changes import Change, Changes
from bot.services.effects import disputes_of
from tests.integration.storage.samples import payment

DISPUTE = Dispute(
    id=DisputeId("dp_1"),
    provider=ProviderName("stripe"),
    payment_id=PaymentId("pi_mia"),
    amount=Money(2000, "usd"),
    reason="fraudulent",
    status=DisputeStatus.NEEDS_ANSWER,
    opened_at=datetime(2026, 11, 1, tzinfo=UTC),
    answer_by=None,
)


def keys(
    *, of_payment: Change[Payment] | None = None, of_dispute: Change[Dispute] | None = None
) -> list[str]:
    """The keys of the jobs that follow."""
    changes = Changes(
        payments=(of_payment,) if of_payment else (),
        disputes=(of_dispute,) if of_dispute else (),
    )
    return [job.key for job in disputes_of(changes)]


def test_the_payment_and_its_dispute_tell_of_the_opening_once() -> None:
    disputed = Change(payment(), payment(disputed=True))
    assert keys(of_payment=disputed, of_dispute=Change(None, DISPUTE)) == ["dispute-opened:pi_mia"]
    assert keys(of_payment=disputed) == ["dispute-opened:pi_mia"]


def test_a_payment_that_was_disputed_before_it_was_known_is_history() -> None:
    assert keys(of_payment=Change(None, payment(disputed=True))) == []


def test_other_changes_of_a_disputed_payment_tell_nothing() -> None:
    before, after = payment(disputed=True), payment(disputed=True, refunded=Money(500, "usd"))
    assert keys(of_payment=Change(before, after)) == []


@pytest.mark.parametrize("status", [DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.DROPPED])
def test_the_end_is_told_also_when_the_opening_was_missed(status: DisputeStatus) -> None:
    closed = replace(DISPUTE, status=status)
    assert keys(of_dispute=Change(DISPUTE, closed)) == ["dispute-closed:dp_1"]
    assert keys(of_dispute=Change(None, closed)) == ["dispute-closed:dp_1"]
    assert keys(of_dispute=Change(closed, replace(closed, reason="general"))) == []


def test_an_inquiry_that_becomes_a_dispute_is_told_again() -> None:
    asked = replace(DISPUTE, status=DisputeStatus.INQUIRY)
    assert keys(of_dispute=Change(None, asked)) == ["dispute-opened:pi_mia"]
    assert keys(of_dispute=Change(asked, DISPUTE)) == ["dispute-escalated:dp_1"]


@pytest.mark.parametrize("status", [DisputeStatus.UNDER_REVIEW, DisputeStatus.UNKNOWN])
def test_a_step_on_the_way_is_no_news(status: DisputeStatus) -> None:
    assert keys(of_dispute=Change(DISPUTE, replace(DISPUTE, status=status))) == []
