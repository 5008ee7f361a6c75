"""Creating, cancelling, resuming, listing; today's shape of a subscription."""

from collections.abc import Callable

import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox

from .conftest import Shop

DAY = 86_400


async def test_builder_makes_what_the_api_makes(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    built = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    made = await client.v1.subscriptions.create_async(
        {"customer": shop.mia["id"], "items": [{"price": shop.pro["id"]}]}
    )
    body = made.to_dict()
    assert body.keys() == built.keys()
    assert body["status"] == built["status"] == "active"
    assert "current_period_end" not in body
    item = body["items"]["data"][0]
    assert 28 * DAY <= item["current_period_end"] - item["current_period_start"] <= 31 * DAY
    assert body["billing_mode"]["type"] == "flexible"


async def test_schedule_and_undo(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    end = made["items"]["data"][0]["current_period_end"]
    got = await client.v1.subscriptions.update_async(
        made["id"],
        {
            "cancel_at_period_end": True,
            "cancellation_details": {"feedback": "too_expensive", "comment": "really"},
        },
    )
    assert (got.status, got.cancel_at_period_end, got.cancel_at) == ("active", True, end)
    details = got.cancellation_details
    assert details is not None
    assert (details.feedback, details.comment) == ("too_expensive", "really")
    assert details.reason == "cancellation_requested"
    changed = sandbox.events[-1]["data"]["previous_attributes"]
    assert changed["cancel_at_period_end"] is False
    assert changed["cancellation_details"]["feedback"] is None
    got = await client.v1.subscriptions.update_async(made["id"], {"cancel_at_period_end": False})
    assert (got.cancel_at_period_end, got.cancel_at, got.canceled_at) == (False, None, None)


async def test_portal_encoding_is_undone_by_clearing_cancel_at(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    end = made["items"]["data"][0]["current_period_end"]
    cancelled = sandbox.portal_cancel(made["id"], feedback="unused")
    assert (cancelled["cancel_at"], cancelled["cancel_at_period_end"]) == (end, False)
    got = await client.v1.subscriptions.update_async(made["id"], {"cancel_at_period_end": False})
    assert got.cancel_at == end
    got = await client.v1.subscriptions.update_async(made["id"], {"cancel_at": ""})
    assert got.cancel_at is None
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        await client.v1.subscriptions.update_async(
            made["id"], {"cancel_at": "", "cancel_at_period_end": False}
        )


async def test_a_refused_update_leaves_no_trace(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    before = len(sandbox.events)
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.subscriptions.update_async(
            made["id"], {"metadata": {"a": "1"}, "cancel_at": 1}
        )
    assert sandbox.get(made["id"]) == made
    assert len(sandbox.events) == before


async def test_unknown_feedback_is_refused(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    with pytest.raises(stripe.InvalidRequestError, match="must be one of"):
        await client.v1.subscriptions.update_async(
            made["id"], {"cancellation_details": {"feedback": "bored"}}
        )


async def test_cancel_now_is_terminal(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    got = await client.v1.subscriptions.cancel_async(
        made["id"], {"cancellation_details": {"comment": "refunded"}}
    )
    assert (got.status, got.ended_at) == ("canceled", got.canceled_at)
    assert sandbox.events[-1]["type"] == "customer.subscription.deleted"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.subscriptions.cancel_async(made["id"])
    assert refused.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription can only"):
        await client.v1.subscriptions.update_async(made["id"], {"cancel_at_period_end": False})
    kept = await client.v1.subscriptions.update_async(made["id"], {"metadata": {"why": "refund"}})
    assert kept.to_dict()["metadata"] == {"why": "refund"}


async def test_cancel_now_stops_the_collection_of_all_that_the_customer_owes(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    """Also of another subscription's invoice, until somebody pays it by hand."""
    lite = sandbox.add_subscription(shop.mia["id"], shop.lite["id"])
    sandbox.decline_payments(shop.mia["id"])
    await sandbox.advance_to_period_end(lite["id"])
    pro = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    owed = sandbox.get(sandbox.get(lite["id"])["latest_invoice"])
    sandbox.accept_payments(shop.mia["id"])

    await client.v1.subscriptions.cancel_async(pro["id"])
    await sandbox.advance(to=owed["next_payment_attempt"])

    left = sandbox.get(owed["id"])
    assert (left["status"], left["auto_advance"]) == ("open", False)
    assert left["next_payment_attempt"] is None
    assert sandbox.get(lite["id"])["status"] == "past_due"
    await client.v1.invoices.pay_async(owed["id"])
    assert sandbox.get(lite["id"])["status"] == "active"


async def test_cancel_with_proration_credits_the_customer(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await sandbox.advance(days=10)
    await client.v1.subscriptions.cancel_async(made["id"], {"prorate": True, "invoice_now": True})
    balance = sandbox.get(shop.mia["id"])["balance"]
    assert -1500 < balance < -1200
    last = sandbox.objects("invoice")[-1]
    assert (last["status"], last["amount_due"], last["total"]) == ("paid", 0, balance)


async def test_list_by_status(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    gone = sandbox.add_subscription(shop.mia["id"], shop.lite["id"])["id"]
    await client.v1.subscriptions.cancel_async(gone)
    live = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])["id"]
    other = sandbox.add_subscription(sandbox.add_customer("b@example.com")["id"], shop.pro["id"])

    async def ids(params: stripe.params.SubscriptionListParams) -> list[str]:
        return [each.id for each in (await client.v1.subscriptions.list_async(params)).data]

    mia = shop.mia["id"]
    assert await ids({"customer": mia}) == [live]
    assert await ids({"customer": mia, "status": "all"}) == [live, gone]
    assert await ids({"customer": mia, "status": "canceled"}) == [gone]
    assert await ids({"status": "ended"}) == [gone]
    assert await ids({"price": shop.pro["id"]}) == [other["id"], live]


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("allow_incomplete", "incomplete"), ("default_incomplete", "incomplete")],
)
async def test_a_refused_first_payment_leaves_it_incomplete(
    client: stripe.StripeClient,
    sandbox: StripeSandbox,
    shop: Shop,
    behavior: str,
    status: str,
) -> None:
    sandbox.decline_payments(shop.mia["id"])
    made = await client.v1.subscriptions.create_async(
        {
            "customer": shop.mia["id"],
            "items": [{"price": shop.pro["id"]}],
            "payment_behavior": behavior,
        }
    )
    assert made.status == status
    sandbox.accept_payments(shop.mia["id"])
    invoice = await client.v1.invoices.pay_async(str(made.latest_invoice))
    assert invoice.status == "paid"
    assert sandbox.get(made.id)["status"] == "active"


async def test_an_incomplete_one_expires(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    sandbox.decline_payments(shop.mia["id"])
    made = await client.v1.subscriptions.create_async(
        {"customer": shop.mia["id"], "items": [{"price": shop.pro["id"]}]}
    )
    await sandbox.advance(days=1)
    assert sandbox.get(made.id)["status"] == "incomplete_expired"
    assert sandbox.get(str(made.latest_invoice))["status"] == "void"


async def test_error_if_incomplete_makes_nothing(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    sandbox.decline_payments(shop.mia["id"])
    with pytest.raises(stripe.CardError) as refused:
        await client.v1.subscriptions.create_async(
            {
                "customer": shop.mia["id"],
                "items": [{"price": shop.pro["id"]}],
                "payment_behavior": "error_if_incomplete",
            }
        )
    assert refused.value.code == "card_declined"
    assert sandbox.objects("subscription") == []


async def test_pending_if_incomplete_is_for_updates_only(
    client: stripe.StripeClient, shop: Shop
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="only be used when updating"):
        await client.v1.subscriptions.create_async(
            {
                "customer": shop.mia["id"],
                "items": [{"price": shop.pro["id"]}],
                "payment_behavior": "pending_if_incomplete",
            }
        )


async def test_a_customer_without_a_card_cannot_subscribe(
    client: stripe.StripeClient, shop: Shop
) -> None:
    nobody = await client.v1.customers.create_async({"email": "n@example.com"})
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        await client.v1.subscriptions.create_async(
            {"customer": nobody.id, "items": [{"price": shop.pro["id"]}]}
        )


async def test_pause_and_resume(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    with pytest.raises(stripe.InvalidRequestError, match="cannot resume"):
        await client.v1.subscriptions.resume_async(made["id"])
    paused = await client.v1.subscriptions.pause_async(made["id"], {"type": "subscription"})
    assert paused.status == "paused"
    await sandbox.advance(days=70)
    assert len(sandbox.objects("invoice")) == 1
    resumed = await client.v1.subscriptions.resume_async(made["id"])
    assert resumed.status == "active"
    assert resumed.to_dict()["items"]["data"][0]["current_period_end"] > sandbox.clock.now()
    assert len(sandbox.objects("invoice")) == 2


async def test_one_time_and_inactive_prices_are_refused(
    client: stripe.StripeClient, shop: Shop
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="type=recurring"):
        await client.v1.subscriptions.create_async(
            {"customer": shop.mia["id"], "items": [{"price": shop.topup["id"]}]}
        )
    await client.v1.prices.update_async(shop.pro["id"], {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        await client.v1.subscriptions.create_async(
            {"customer": shop.mia["id"], "items": [{"price": shop.pro["id"]}]}
        )


async def test_retries_of_the_sdk_make_one_subscription(
    client_with: Callable[..., stripe.StripeClient], sandbox: StripeSandbox, shop: Shop
) -> None:
    sandbox.faults.add(
        method="POST", path="/v1/subscriptions$", drop=True, after_work=True, times=1
    )
    made = await client_with(retries=2).v1.subscriptions.create_async(
        {"customer": shop.mia["id"], "items": [{"price": shop.pro["id"]}]}
    )
    assert [each["id"] for each in sandbox.objects("subscription")] == [made.id]
