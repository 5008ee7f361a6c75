"""Stripe's own ways, over the local Stripe. What holds at every provider: provider_contract."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.billing.provider import (
    BillingProvider,
    CustomerRecord,
    PaidPeriod,
    ProviderRefusedError,
    ProviderUnavailableError,
    RefundReceipt,
    Snapshot,
)
from bot.domain.account import Card
from bot.domain.catalogue import Interval
from bot.domain.identifiers import (
    STRIPE,
    CustomerId,
    PaymentId,
    PlanId,
    PriceId,
    SubscriptionId,
)
from bot.domain.money import Money
from bot.domain.refund import Ground, PaymentPurpose
from bot.domain.subscription import Status, Subscription
from bot.sandbox.scene import (
    MIA_ADDRESS,
    PRO_MONTHLY,
    STRIPE_KEY,
)
from tests.support.shop import Shop, open_shop

# What the local Stripe gives everybody: good to the end of August 2034.
VISA = Card("4242", datetime(2034, 9, 1, tzinfo=UTC))

# A network error is tried three times by the SDK, with pauses of up to two seconds.
SLOW = pytest.mark.timeout(60)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


def only(snapshot: Snapshot) -> Subscription:
    [subscription] = snapshot.subscriptions
    return subscription


def at(seconds: object) -> datetime:
    assert isinstance(seconds, int)
    return datetime.fromtimestamp(seconds, UTC)


# --- reading ---


async def test_an_account_is_read_whole(shop: Shop) -> None:
    snapshot = await shop.provider.fetch_account(shop.mia)

    item = shop.subscription["items"]["data"][0]  # type: ignore[index]
    start, end = at(item["current_period_start"]), at(item["current_period_end"])
    assert snapshot.customers == (CustomerRecord(shop.mia, STRIPE, MIA_ADDRESS, VISA),)
    subscription = only(snapshot)
    assert (subscription.id, subscription.plan_id, subscription.status) == (
        shop.pro,
        "pro",
        Status.ACTIVE,
    )
    assert (subscription.interval, subscription.price) == (Interval.MONTH, Money(2000, "usd"))
    assert (subscription.period_start, subscription.period_end) == (start, end)
    assert (subscription.cancel_at, subscription.ended_at) == (None, None)
    assert snapshot.paid_periods == (
        PaidPeriod(shop.mia, shop.pro, PriceId(PRO_MONTHLY), start, end),
    )
    [payment], [invoice] = snapshot.payments, snapshot.invoices
    assert (payment.purpose, payment.amount) == (PaymentPurpose.SUBSCRIPTION, Money(2000, "usd"))
    assert (payment.subscription_id, payment.invoice_id) == (shop.pro, invoice.id)
    assert (payment.period_start, payment.period_end) == (start, end)
    assert (invoice.status, invoice.total) == ("paid", Money(2000, "usd"))
    assert invoice.page_url is not None


async def test_customers_by_address_in_the_spellings_that_people_type(shop: Shop) -> None:
    second = shop.stripe.add_customer(MIA_ADDRESS)["id"]
    shouting = shop.stripe.add_customer("MIA@Example.com")["id"]

    async def found(address: str) -> set[str]:
        return {each.id for each in await shop.provider.customers_with_address(address)}

    assert await found(MIA_ADDRESS) == {shop.mia, second}
    assert await found("MIA@Example.com") == {shop.mia, second, shouting}
    assert await found("nobody@example.com") == set()


async def test_a_payment_comes_with_what_it_paid_for(shop: Shop) -> None:
    snapshot = await shop.provider.fetch_payment((await shop.payment()).id)
    assert [payment.subscription_id for payment in snapshot.payments] == [shop.pro]
    assert only(snapshot).plan_id == PlanId("pro")

    charge = shop.stripe.add_charge(shop.mia, 500, metadata={"mooring_purpose": "top_up"})
    snapshot = await shop.provider.fetch_payment(PaymentId(charge["payment_intent"]))
    [payment] = snapshot.payments
    assert payment.amount == Money(500, "usd")
    assert (payment.subscription_id, payment.period_start) == (None, None)
    assert snapshot.subscriptions == ()


# --- cancelling: Stripe writes it down in two ways ---


async def test_schedule_and_undo_a_cancellation(shop: Shop) -> None:
    scheduled = await shop.provider.schedule_cancellation(
        shop.pro, feedback="unused", comment="Bye", idempotency_key="cancel"
    )

    assert only(scheduled).cancel_at == only(scheduled).period_end
    assert shop.subscription["cancel_at_period_end"] is True
    details = shop.subscription["cancellation_details"]
    assert isinstance(details, dict)
    assert (details["feedback"], details["comment"]) == ("unused", "Bye")

    again = await shop.provider.schedule_cancellation(
        shop.pro, feedback="unused", comment="Bye", idempotency_key="cancel"
    )
    assert again == scheduled

    undone = await shop.provider.undo_cancellation(shop.pro, idempotency_key="resume")
    assert only(undone).cancel_at is None
    assert shop.subscription["cancel_at_period_end"] is False


async def test_without_a_reason_nothing_is_made_up(shop: Shop) -> None:
    await shop.provider.schedule_cancellation(
        shop.pro, feedback=None, comment=None, idempotency_key="k"
    )
    details = shop.subscription["cancellation_details"]
    assert isinstance(details, dict)
    assert (details["feedback"], details["comment"]) == (None, None)


async def test_a_cancellation_from_the_customer_portal_is_seen_and_undone(shop: Shop) -> None:
    shop.stripe.portal_cancel(shop.pro)
    assert shop.subscription["cancel_at_period_end"] is False

    seen = only(await shop.provider.fetch_account(shop.mia))
    assert seen.cancel_at == seen.period_end
    undone = await shop.provider.undo_cancellation(shop.pro, idempotency_key="k")

    assert only(undone).cancel_at is None
    assert shop.subscription["cancel_at"] is None


async def test_s3_a_fixed_term_is_moved_to_the_end_of_the_period(shop: Shop) -> None:
    """An end beyond the period, as the vendor can set it, would let it renew before."""
    shown = only(await shop.provider.fetch_subscription(shop.pro))
    far = shown.period_end + timedelta(days=100)
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {STRIPE_KEY}"}) as session,
        session.post(
            f"{shop.stripe.api_url}/v1/subscriptions/{shop.pro}",
            data={"cancel_at": str(int(far.timestamp()))},
        ) as answer,
    ):
        answer.raise_for_status()
    assert not only(await shop.provider.fetch_subscription(shop.pro)).ends_with_period

    for key in ("first", "second"):
        scheduled = await shop.provider.schedule_cancellation(
            shop.pro, feedback="unused", comment=None, idempotency_key=key
        )
        assert only(scheduled).cancel_at == shown.period_end
    undone = await shop.provider.undo_cancellation(shop.pro, idempotency_key="resume")
    assert only(undone).cancel_at is None


async def test_ending_at_once_and_again(shop: Shop) -> None:
    invoices = len(shop.stripe.objects("invoice"))
    for _ in range(2):
        ended = only(await shop.provider.end_subscription(shop.pro, idempotency_key="end"))
        assert ended.status is Status.CANCELED
        assert ended.ended_at is not None
    assert len(shop.stripe.objects("invoice")) == invoices
    shown = await shop.provider.fetch_subscription(shop.pro)
    assert (only(shown).id, only(shown).status) == (shop.pro, Status.CANCELED)
    assert [customer.id for customer in shown.customers] == [shop.mia]

    late = only(
        await shop.provider.schedule_cancellation(
            shop.pro, feedback=None, comment=None, idempotency_key="late"
        )
    )
    assert late.status is Status.CANCELED  # who asked too late has what they wanted


async def test_s3_what_ends_in_arrears_is_not_collected_any_more(shop: Shop) -> None:
    shop.stripe.decline_payments(shop.mia)
    await shop.stripe.advance_to_period_end(str(shop.pro))
    assert only(await shop.provider.fetch_subscription(shop.pro)).is_in_arrears

    await shop.provider.end_subscription(
        shop.pro, feedback="unused", comment="Bye", idempotency_key="end"
    )

    assert shop.subscription["cancellation_details"] == {
        "comment": "Bye",
        "feedback": "unused",
        "reason": "cancellation_requested",
    }
    shop.stripe.accept_payments(shop.mia)
    await shop.stripe.advance(days=60)
    account = await shop.provider.fetch_account(shop.mia)
    assert sorted(invoice.status for invoice in account.invoices) == ["open", "paid"]
    assert len(account.payments) == 1


async def test_ending_is_no_error_when_the_first_answer_was_lost(shop: Shop) -> None:
    """Stripe keeps no answers to DELETE: the SDK's second try finds nothing left to cancel."""
    lost = shop.stripe.faults.add(
        method="DELETE", path="/v1/subscriptions", drop=True, after_work=True, times=1
    )

    ended = only(
        await shop.provider.end_subscription(
            shop.pro, feedback="other", comment=None, idempotency_key="end"
        )
    )

    assert lost.struck == 1
    assert ended.status is Status.CANCELED
    details = shop.subscription["cancellation_details"]
    assert isinstance(details, dict)
    assert (details["feedback"], details["comment"]) == ("other", None)


# --- refunding ---


async def test_a_refund_happens_once_however_often_it_is_asked_for(shop: Shop) -> None:
    payment = await shop.payment()
    receipts = [
        await shop.provider.refund(
            payment.id,
            amount=payment.amount,
            ground=Ground.SERVICE_FAILURE,
            reference="R1",
            idempotency_key="refund-1",
        )
        for _ in range(2)
    ]

    assert receipts[0] == receipts[1]
    [made] = shop.stripe.objects("refund")
    assert (made["id"], made["amount"]) == (receipts[0].provider_refund_id, 2000)
    assert made["metadata"] == {"mooring_refund": "R1", "mooring_ground": "service_failure"}
    assert made["reason"] == "requested_by_customer"
    assert await shop.provider.find_refund(payment.id, reference="R1") == receipts[0]
    assert await shop.provider.find_refund(payment.id, reference="R2") is None
    assert (await shop.payment()).refundable == Money(0, "usd")


@pytest.mark.parametrize("ground", Ground)
async def test_no_ground_blocks_the_members_card(shop: Shop, ground: Ground) -> None:
    payment = await shop.payment()
    await shop.provider.refund(
        payment.id, amount=Money(1, "usd"), ground=ground, reference="R", idempotency_key="k"
    )
    [made] = shop.stripe.objects("refund")
    assert made["reason"] in ("duplicate", "requested_by_customer")
    assert (made["reason"] == "duplicate") == (ground is Ground.DUPLICATE_CHARGE)


# --- errors ---


async def ask(provider: BillingProvider, shop: Shop) -> None:
    await provider.schedule_cancellation(shop.pro, feedback=None, comment=None, idempotency_key="k")


@SLOW
async def test_a_key_that_is_in_use_just_now_is_an_outage(shop: Shop) -> None:
    shop.stripe.faults.add(path="/v1/subscriptions", status=409)
    with pytest.raises(ProviderUnavailableError):
        await ask(shop.provider, shop)


async def test_a_lost_answer_is_asked_for_again_under_the_same_key(shop: Shop) -> None:
    payment = await shop.payment()
    lost = shop.stripe.faults.add(method="POST", path="/v1/refunds", drop=True, after_work=True)

    receipt = await shop.provider.refund(
        payment.id,
        amount=payment.amount,
        ground=Ground.OUR_ERROR,
        reference="R1",
        idempotency_key="k",
    )

    assert lost.struck == 1
    assert [made["id"] for made in shop.stripe.objects("refund")] == [receipt.provider_refund_id]


async def test_what_does_not_exist_is_refused(shop: Shop) -> None:
    for call in (
        shop.provider.fetch_account(CustomerId("cus_nobody")),
        shop.provider.end_subscription(SubscriptionId("sub_nothing"), idempotency_key="a"),
        shop.provider.fetch_payment(PaymentId("pi_nothing")),
    ):
        with pytest.raises(ProviderRefusedError) as refused:
            await call
        assert refused.value.code == "resource_missing"


async def test_the_same_key_for_something_else_is_refused(shop: Shop) -> None:
    payment = await shop.payment()

    async def refund(cents: int) -> RefundReceipt:
        return await shop.provider.refund(
            payment.id,
            amount=Money(cents, payment.amount.currency),
            ground=Ground.OUR_ERROR,
            reference="R1",
            idempotency_key="k",
        )

    await refund(100)
    with pytest.raises(ProviderRefusedError):
        await refund(200)


async def test_what_is_scheduled_already_is_not_asked_for_again(shop: Shop) -> None:
    """Stripe repeats a saved error for a day: a second try reads what the first has done."""
    await ask(shop.provider, shop)
    shop.stripe.faults.add(method="POST", path="/v1/subscriptions", status=500)

    again = only(
        await shop.provider.schedule_cancellation(
            shop.pro, feedback="other", comment=None, idempotency_key="k2"
        )
    )

    assert again.cancel_at is not None
