"""Plan switches: previews, prorations, and the change that waits for its payment (rule S7)."""

import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import Json

from .conftest import Shop

DAY = 86_400


def price_of(subscription: Json) -> str:
    return str(subscription["items"]["data"][0]["price"]["id"])


@pytest.fixture
def lite(sandbox: StripeSandbox, shop: Shop) -> Json:
    return sandbox.add_subscription(shop.mia["id"], shop.lite["id"])


def switch(subscription: Json, price: Json) -> stripe.params.SubscriptionUpdateParams:
    return {
        "items": [{"id": subscription["items"]["data"][0]["id"], "price": price["id"]}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
    }


async def test_preview_is_what_is_charged(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    await sandbox.advance(days=10)
    at = int(sandbox.clock.now())
    item = lite["items"]["data"][0]["id"]
    preview = await client.v1.invoices.create_preview_async(
        {
            "subscription": lite["id"],
            "subscription_details": {
                "items": [{"id": item, "price": shop.pro["id"]}],
                "proration_behavior": "always_invoice",
                "proration_date": at,
            },
        }
    )
    assert 600 < preview.amount_due < 700
    assert len(sandbox.objects("invoice")) == 1
    got = await client.v1.subscriptions.update_async(
        lite["id"],
        {**switch(lite, shop.pro), "proration_date": at, "expand": ["latest_invoice"]},
    )
    body = got.to_dict()
    assert body["latest_invoice"]["amount_paid"] == preview.amount_due
    assert (body["pending_update"], price_of(body)) == (None, shop.pro["id"])
    assert body["billing_cycle_anchor"] == lite["billing_cycle_anchor"]


async def test_a_refused_switch_waits_for_its_payment(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    sandbox.decline_payments(shop.mia["id"])
    got = (await client.v1.subscriptions.update_async(lite["id"], switch(lite, shop.pro))).to_dict()
    assert (got["status"], price_of(got)) == ("active", shop.lite["id"])
    pending = got["pending_update"]
    assert pending["subscription_items"][0]["price"]["id"] == shop.pro["id"]
    assert 0 <= pending["expires_at"] - got["created"] - 23 * 3600 <= 60
    invoice = await client.v1.invoices.retrieve_async(got["latest_invoice"])
    assert invoice.status == "open"
    sandbox.accept_payments(shop.mia["id"])
    await client.v1.invoices.pay_async(got["latest_invoice"])
    now = sandbox.get(lite["id"])
    assert (now["pending_update"], price_of(now)) == (None, shop.pro["id"])
    assert sandbox.events[-1]["type"] == "customer.subscription.pending_update_applied"


async def test_a_pending_switch_expires(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    sandbox.decline_payments(shop.mia["id"])
    got = await client.v1.subscriptions.update_async(lite["id"], switch(lite, shop.pro))
    await sandbox.advance(days=1)
    now = sandbox.get(lite["id"])
    assert (now["pending_update"], price_of(now)) == (None, shop.lite["id"])
    assert sandbox.get(str(got.latest_invoice))["status"] == "void"
    assert sandbox.events[-1]["type"] == "customer.subscription.pending_update_expired"


async def test_a_second_switch_replaces_a_pending_one(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    sandbox.decline_payments(shop.mia["id"], times=1)
    first = await client.v1.subscriptions.update_async(lite["id"], switch(lite, shop.pro))
    await client.v1.subscriptions.update_async(lite["id"], switch(lite, shop.yearly))
    assert sandbox.get(str(first.latest_invoice))["status"] == "void"
    assert price_of(sandbox.get(lite["id"])) == shop.yearly["id"]


async def test_pending_updates_take_few_parameters(
    client: stripe.StripeClient, shop: Shop, lite: Json
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cancel_at_period_end"):
        await client.v1.subscriptions.update_async(
            lite["id"], {**switch(lite, shop.pro), "cancel_at_period_end": False}
        )


async def test_error_if_incomplete_changes_nothing(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    sandbox.decline_payments(shop.mia["id"])
    with pytest.raises(stripe.CardError):
        await client.v1.subscriptions.update_async(
            lite["id"], {**switch(lite, shop.pro), "payment_behavior": "error_if_incomplete"}
        )
    assert sandbox.get(lite["id"]) == lite
    assert len(sandbox.objects("invoice")) == 1


async def test_by_default_a_refused_switch_stands_and_is_past_due(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    sandbox.decline_payments(shop.mia["id"])
    got = await client.v1.subscriptions.update_async(
        lite["id"], {**switch(lite, shop.pro), "payment_behavior": "allow_incomplete"}
    )
    assert (got.status, price_of(got.to_dict())) == ("past_due", shop.pro["id"])


async def test_another_interval_starts_a_new_cycle(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    await sandbox.advance(days=10)
    got = await client.v1.subscriptions.update_async(
        lite["id"], {**switch(lite, shop.yearly), "expand": ["latest_invoice"]}
    )
    body = got.to_dict()
    item = body["items"]["data"][0]
    assert item["current_period_end"] - item["current_period_start"] in (365 * DAY, 366 * DAY)
    assert body["billing_cycle_anchor"] == item["current_period_start"]
    credit, year = body["latest_invoice"]["lines"]["data"]
    assert -700 < credit["amount"] < -600
    assert credit["parent"]["subscription_item_details"]["proration"]
    assert year["amount"] == 20000
    await sandbox.advance(days=40)
    assert len(sandbox.objects("invoice")) == 2


async def test_prorations_can_wait_for_the_next_invoice(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    await sandbox.advance(days=10)
    item = lite["items"]["data"][0]["id"]
    await client.v1.subscriptions.update_async(
        lite["id"], {"items": [{"id": item, "price": shop.pro["id"]}]}
    )
    assert len(sandbox.objects("invoice")) == 1
    assert [each["invoice"] for each in sandbox.objects("invoiceitem")] == [None, None]
    upcoming = await client.v1.invoices.create_preview_async({"subscription": lite["id"]})
    assert len(upcoming.lines.data) == 3
    await sandbox.advance_to_period_end(lite["id"])
    renewal = sandbox.objects("invoice")[-1]
    assert renewal["amount_paid"] == upcoming.amount_due
    assert {each["invoice"] for each in sandbox.objects("invoiceitem")} == {renewal["id"]}


async def test_a_downgrade_now_leaves_credit(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    pro = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await sandbox.advance(days=10)
    got = await client.v1.subscriptions.update_async(pro["id"], switch(pro, shop.lite))
    assert price_of(got.to_dict()) == shop.lite["id"]
    credit = sandbox.get(shop.mia["id"])["balance"]
    assert -700 < credit < -600
    await sandbox.advance_to_period_end(pro["id"])
    renewal = sandbox.objects("invoice")[-1]
    assert (renewal["total"], renewal["amount_paid"]) == (1000, 1000 + credit)
    assert sandbox.get(shop.mia["id"])["balance"] == 0


async def test_no_preview_after_the_end(
    client: stripe.StripeClient, sandbox: StripeSandbox, lite: Json
) -> None:
    sandbox.portal_cancel(lite["id"])
    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices") as refused:
        await client.v1.invoices.create_preview_async({"subscription": lite["id"]})
    assert refused.value.code == "invoice_upcoming_none"


async def test_preview_of_a_first_purchase(client: stripe.StripeClient, shop: Shop) -> None:
    preview = await client.v1.invoices.create_preview_async(
        {
            "customer": shop.mia["id"],
            "subscription_details": {"items": [{"price": shop.yearly["id"]}]},
        }
    )
    assert preview.amount_due == 20000


async def test_other_currencies_and_foreign_items_are_refused(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, lite: Json
) -> None:
    euro = sandbox.add_price(
        shop.pro["product"], unit_amount=2000, currency="eur", interval="month"
    )
    with pytest.raises(stripe.InvalidRequestError, match="expected currency"):
        await client.v1.subscriptions.update_async(lite["id"], switch(lite, euro))
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription item"):
        await client.v1.subscriptions.update_async(
            lite["id"], {"items": [{"id": "si_no", "price": shop.pro["id"]}]}
        )
