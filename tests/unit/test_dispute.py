"""Which disputes stand in the way of a refund (S13)."""

from dataclasses import replace

import pytest

from bot.domain.dispute import DisputeStatus, why_not_refundable, with_the_banks_word
from bot.domain.identifiers import PaymentId
from bot.domain.refund import is_proven_duplicate
from tests.integration.storage.samples import PAYMENT
from tests.unit.test_dispute_effects import DISPUTE


@pytest.mark.parametrize(
    ("statuses", "why"),
    [
        ([], "disputed"),
        ([DisputeStatus.NEEDS_ANSWER], "disputed"),
        ([DisputeStatus.UNDER_REVIEW], "disputed"),
        ([DisputeStatus.UNKNOWN], "disputed"),
        ([DisputeStatus.LOST], "lost"),
        ([DisputeStatus.INQUIRY], None),
        ([DisputeStatus.WON], None),
        ([DisputeStatus.DROPPED], None),
        ([DisputeStatus.NEEDS_ANSWER, DisputeStatus.WON], "disputed"),
        ([DisputeStatus.WON, DisputeStatus.LOST], "lost"),
    ],
)
def test_s13_only_what_the_bank_holds_or_has_given_back_is_not_refunded(
    statuses: list[DisputeStatus], why: str | None
) -> None:
    known = [replace(DISPUTE, status=each) for each in statuses]
    assert why_not_refundable(known, is_disputed=True) == why


def test_a_payment_without_any_dispute_can_be_refunded() -> None:
    assert why_not_refundable([], is_disputed=False) is None


@pytest.mark.parametrize(
    ("statuses", "stands"),
    [
        ([], False),
        ([DisputeStatus.WON], True),
        ([DisputeStatus.DROPPED, DisputeStatus.WON], True),
        ([DisputeStatus.WON, DisputeStatus.NEEDS_ANSWER], False),
        ([DisputeStatus.INQUIRY], False),
        ([DisputeStatus.LOST], False),
    ],
)
def test_s30_a_payment_that_the_bank_left_to_the_vendor_pays_for_its_period(
    statuses: list[DisputeStatus], stands: bool
) -> None:
    """Then the other one is the duplicate, and its refund ends nothing."""
    disputed = replace(PAYMENT, id=DISPUTE.payment_id, disputed=True)
    other = replace(PAYMENT, id=PaymentId("pi_other"))
    known = [replace(DISPUTE, status=each) for each in statuses]

    seen = with_the_banks_word([disputed, other], known)

    assert is_proven_duplicate(other, seen) is stands
    assert with_the_banks_word([other], known) == [other]
