"""Stories in time: renewals, dunning, scheduled ends, trials, expiries."""

import pytest
import stripe

from bot.sandbox.calendar import add_months
from bot.sandbox.stripe import SandboxClock, StripeSandbox
from bot.sandbox.stripe.calendar import next_boundary
from bot.sandbox.stripe.wire import Json

from .conftest import Shop

DAY = 86_400
JANUARY_31 = 1_769_817_600  # 2026-01-31T00:00:00Z


def kinds(sandbox: StripeSandbox, since: int) -> list[str]:
    return [event["type"] for event in sandbox.events[since:]]


def period(subscription: Json) -> tuple[int, int]:
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def test_the_clock_only_moves_forwards() -> None:
    clock = SandboxClock(lambda: 100.0)
    clock.advance(5)
    assert (clock.now(), clock.offset) == (105.0, 5)
    with pytest.raises(ValueError, match="only moves forwards"):
        clock.advance(-1)


def test_short_months_do_not_move_the_anchor() -> None:
    monthly = {"interval": "month", "interval_count": 1}
    february = next_boundary(JANUARY_31, monthly, JANUARY_31)
    march = next_boundary(JANUARY_31, monthly, february)
    assert (february - JANUARY_31, march - february) == (28 * DAY, 31 * DAY)
    assert add_months(JANUARY_31, 12) - JANUARY_31 == 365 * DAY
    weekly = {"interval": "week", "interval_count": 2}
    assert next_boundary(0, weekly, 14 * DAY) == 28 * DAY


async def test_renewal(sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    before = len(sandbox.events)
    await sandbox.advance_to_period_end(made["id"])
    renewed = sandbox.get(made["id"])
    start, end = period(renewed)
    assert start == period(made)[1]
    assert renewed["status"] == "active"
    invoice = sandbox.get(renewed["latest_invoice"])
    assert (invoice["status"], invoice["billing_reason"]) == ("paid", "subscription_cycle")
    assert invoice["created"] == start
    assert invoice["lines"]["data"][0]["period"] == {"start": start, "end": end}
    assert kinds(sandbox, before) == [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
    assert sandbox.events[-1]["request"] == {"id": None, "idempotency_key": None}


async def test_a_year_of_renewals_in_one_step(sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await sandbox.advance(days=366)
    invoices = sandbox.objects("invoice")
    assert len(invoices) == 13
    assert {invoice["status"] for invoice in invoices} == {"paid"}
    starts = [invoice["created"] for invoice in invoices]
    assert starts == sorted(starts)
    assert period(sandbox.get(made["id"]))[1] > sandbox.clock.now()


async def test_a_failed_renewal_recovers(sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    sandbox.decline_payments(shop.mia["id"], times=1)
    before = len(sandbox.events)
    await sandbox.advance_to_period_end(made["id"])
    late = sandbox.get(made["id"])
    invoice = sandbox.get(late["latest_invoice"])
    assert (late["status"], invoice["status"], invoice["attempt_count"]) == ("past_due", "open", 1)
    assert sandbox.get(shop.mia["id"])["delinquent"]
    assert {"charge.failed", "invoice.payment_failed"} <= set(kinds(sandbox, before))
    await sandbox.advance(to=invoice["next_payment_attempt"])
    assert sandbox.get(made["id"])["status"] == "active"
    assert sandbox.get(invoice["id"])["status"] == "paid"
    assert not sandbox.get(shop.mia["id"])["delinquent"]


async def test_dunning_ends_in_cancellation(sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    sandbox.decline_payments(shop.mia["id"])
    await sandbox.advance_to_period_end(made["id"])
    await sandbox.advance(days=16)
    ended = sandbox.get(made["id"])
    assert ended["status"] == "canceled"
    assert ended["cancellation_details"]["reason"] == "payment_failed"
    invoice = sandbox.get(ended["latest_invoice"])
    assert (invoice["attempt_count"], invoice["status"]) == (4, "open")
    assert sandbox.events[-1]["type"] == "customer.subscription.deleted"


async def test_paying_by_hand_ends_dunning(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    sandbox.decline_payments(shop.mia["id"])
    await sandbox.advance_to_period_end(made["id"])
    invoice = sandbox.get(made["id"])["latest_invoice"]
    with pytest.raises(stripe.CardError, match="insufficient funds") as refused:
        await client.v1.invoices.pay_async(invoice)
    assert refused.value.code == "card_declined"
    sandbox.accept_payments(shop.mia["id"])
    await client.v1.invoices.pay_async(invoice)
    assert sandbox.get(made["id"])["status"] == "active"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        await client.v1.invoices.pay_async(invoice)


@pytest.mark.parametrize("encoding", ["api", "portal"])
async def test_a_scheduled_cancel_happens_at_the_period_end(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, encoding: str
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    if encoding == "portal":
        sandbox.portal_cancel(made["id"])
    else:
        await client.v1.subscriptions.update_async(made["id"], {"cancel_at_period_end": True})
    end = period(made)[1]
    await sandbox.advance(to=end - 60)
    assert sandbox.get(made["id"])["status"] == "active"
    before = len(sandbox.events)
    await sandbox.advance_to_period_end(made["id"])
    ended = sandbox.get(made["id"])
    assert (ended["status"], ended["ended_at"]) == ("canceled", end)
    assert ended["cancellation_details"]["reason"] == "cancellation_requested"
    assert kinds(sandbox, before) == ["customer.subscription.deleted"]
    assert len(sandbox.objects("invoice")) == 1


async def test_an_undone_cancel_renews(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await client.v1.subscriptions.update_async(made["id"], {"cancel_at_period_end": True})
    await client.v1.subscriptions.update_async(made["id"], {"cancel_at_period_end": False})
    await sandbox.advance_to_period_end(made["id"])
    assert sandbox.get(made["id"])["status"] == "active"
    assert len(sandbox.objects("invoice")) == 2


async def test_cancel_at_in_the_middle_of_a_period(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    at = period(made)[0] + 10 * DAY
    await client.v1.subscriptions.update_async(made["id"], {"cancel_at": at})
    await sandbox.advance(days=11)
    assert sandbox.get(made["id"])["ended_at"] == at
    with pytest.raises(stripe.InvalidRequestError, match="in the future"):
        other = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
        await client.v1.subscriptions.update_async(other["id"], {"cancel_at": at})


async def test_trial(sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"], trial_days=14)
    assert made["status"] == "trialing"
    assert sandbox.get(made["latest_invoice"])["total"] == 0
    await sandbox.advance(days=12)
    assert sandbox.events[-1]["type"] == "customer.subscription.trial_will_end"
    await sandbox.advance_to_period_end(made["id"])
    started = sandbox.get(made["id"])
    assert started["status"] == "active"
    assert sandbox.get(started["latest_invoice"])["amount_paid"] == 2000
    assert period(started)[0] == made["trial_end"]


async def test_a_trial_without_a_card_can_end_the_subscription(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    nobody = await client.v1.customers.create_async({"email": "n@example.com"})
    made = await client.v1.subscriptions.create_async(
        {
            "customer": nobody.id,
            "items": [{"price": shop.pro["id"]}],
            "trial_period_days": 7,
            "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        }
    )
    await sandbox.advance(days=8)
    assert sandbox.get(made.id)["status"] == "canceled"


async def test_free_days_by_trial_end(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    until = period(made)[1] + 30 * DAY
    got = await client.v1.subscriptions.update_async(
        made["id"], {"trial_end": until, "proration_behavior": "none"}
    )
    assert got.status == "trialing"
    await sandbox.advance(to=until - 60)
    assert len(sandbox.objects("invoice")) == 1
    await sandbox.advance(seconds=2 * 3600)
    assert sandbox.get(made["id"])["status"] == "active"
    assert len(sandbox.objects("invoice")) == 2


async def test_a_clock_moved_elsewhere_is_caught_up_with(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    sandbox.clock.advance(32 * DAY)
    got = await client.v1.subscriptions.retrieve_async(made["id"], {"expand": ["latest_invoice"]})
    body = got.to_dict()
    assert body["latest_invoice"]["created"] == period(made)[1]
    with pytest.raises(ValueError, match="only moves forwards"):
        await sandbox.advance(to=period(made)[0])


async def test_the_end_of_a_period_that_is_over_already_is_no_step_back(
    sandbox: StripeSandbox, shop: Shop
) -> None:
    first = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    sandbox.decline_payments(shop.mia["id"])
    second = sandbox.add_subscription(shop.mia["id"], shop.lite["id"])
    await sandbox.advance_to_period_end(first["id"])
    now = sandbox.clock.now()

    await sandbox.advance_to_period_end(second["id"])

    assert sandbox.clock.now() >= now
