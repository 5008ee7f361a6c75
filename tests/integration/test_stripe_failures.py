"""What the Stripe adapter tells of payments that went wrong (S28) and of disputes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.billing.provider import EventHint
from bot.billing.stripe_failures import dispute_of
from bot.domain.dispute import DisputeStatus
from bot.domain.money import Money
from tests.support.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """Mia pays for Pro."""
    async with open_shop() as opened:
        yield opened


async def decline(shop: Shop, **given: str | None) -> None:
    """Mia's renewal fails."""
    shop.stripe.decline_payments(shop.mia, **given)  # type: ignore[arg-type]
    await shop.stripe.advance_to_period_end(shop.pro)


async def test_s28_the_banks_reason_comes_before_the_kind_of_error(shop: Shop) -> None:
    await decline(shop, decline_code="insufficient_funds")
    intent = shop.stripe.objects("payment_intent")[-1]

    failure = await shop.provider.last_failure(shop.mia)

    assert failure is not None
    assert failure.code == "insufficient_funds"
    assert failure.amount == Money(2000, "usd")
    charge = shop.stripe.get(intent["latest_charge"])
    assert failure.failed_at == datetime.fromtimestamp(charge["created"], UTC)


async def test_s28_without_a_reason_of_the_bank_the_kind_of_error_counts(shop: Shop) -> None:
    await decline(shop, code="expired_card", decline_code=None)

    failure = await shop.provider.last_failure(shop.mia)

    assert failure is not None
    assert failure.code == "expired_card"


async def test_the_newest_attempt_decides(shop: Shop) -> None:
    """A renewal that failed, then another payment that went through."""
    await decline(shop)
    shop.stripe.accept_payments(shop.mia)
    await shop.stripe.advance(days=1)
    shop.stripe.add_charge(shop.mia, 500)

    assert await shop.provider.last_failure(shop.mia) is None


async def test_an_attempt_that_wants_a_confirmation_has_no_charge_and_counts(shop: Shop) -> None:
    await shop.stripe.advance(days=1)
    shop.stripe.add_charge(shop.mia, 500)
    *_, intent = shop.stripe._world.store.oldest_first("payment_intent")
    intent.update(
        created=int(shop.stripe.clock.now()) + 60,
        latest_charge=None,
        status="requires_payment_method",
        last_payment_error={"code": "payment_intent_authentication_failure"},
    )

    failure = await shop.provider.last_failure(shop.mia)

    assert failure is not None
    assert failure.code == "payment_intent_authentication_failure"


async def test_who_never_tried_to_pay_has_no_failure(shop: Shop) -> None:
    noor = shop.stripe.add_customer("noor@example.com")["id"]
    assert await shop.provider.last_failure(noor) is None


async def test_a_dispute_comes_with_its_payment(shop: Shop) -> None:
    paid = await shop.payment()
    charge = shop.stripe.get(paid.id)["latest_charge"]
    dispute = shop.stripe.open_dispute(charge, reason="duplicate")
    hint = EventHint("evt_1", "charge.dispute.created", dispute["id"], {"payment_intent": paid.id})

    snapshot = await shop.provider.fetch_event_objects(hint)

    assert snapshot is not None
    [told] = snapshot.disputes
    assert (told.id, told.payment_id, told.reason) == (dispute["id"], paid.id, "duplicate")
    assert (told.status, told.is_closed) == (DisputeStatus.NEEDS_ANSWER, False)
    assert told.answer_by == datetime.fromtimestamp(dispute["evidence_details"]["due_by"], UTC)
    [payment] = snapshot.payments
    assert payment.disputed


@pytest.mark.parametrize(
    ("status", "expected", "is_closed"),
    [
        ("warning_needs_response", DisputeStatus.INQUIRY, False),
        ("warning_closed", DisputeStatus.DROPPED, True),
        ("under_review", DisputeStatus.UNDER_REVIEW, False),
        ("won", DisputeStatus.WON, True),
        ("lost", DisputeStatus.LOST, True),
        ("of_tomorrow", DisputeStatus.UNKNOWN, False),
    ],
)
async def test_every_status_has_a_word(
    shop: Shop, status: str, expected: DisputeStatus, is_closed: bool
) -> None:
    paid = await shop.payment()
    made = shop.stripe.open_dispute(shop.stripe.get(paid.id)["latest_charge"])

    told = dispute_of(made | {"status": status})

    assert told is not None
    assert (told.status, told.is_closed) == (expected, is_closed)
    assert dispute_of(made | {"payment_intent": None}) is None
