"""Customers, cards, catalogue, coupons, endpoints, portal, account."""

import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox

from .conftest import Shop


async def test_customer_life(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    made = await client.v1.customers.create_async(
        {"email": "Mia@example.com", "name": "Mia", "metadata": {"a": "1", "b": "2"}}
    )
    changed = await client.v1.customers.update_async(
        made.id, {"metadata": {"a": "", "c": "3"}, "name": "Mia B."}
    )
    assert changed.to_dict()["metadata"] == {"b": "2", "c": "3"}
    assert changed.name == "Mia B."
    update = sandbox.events[-1]
    assert update["type"] == "customer.updated"
    assert update["data"]["previous_attributes"]["name"] == "Mia"
    gone = await client.v1.customers.delete_async(made.id)
    assert gone.deleted
    again = await client.v1.customers.retrieve_async(made.id)
    assert again.deleted
    assert (await client.v1.customers.list_async()).data == []


async def test_email_filter_is_exact_and_case_sensitive(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    one = sandbox.add_customer("Mia@example.com")["id"]
    other = sandbox.add_customer("Mia@example.com")["id"]
    sandbox.add_customer("mia@example.com.example")
    found = await client.v1.customers.list_async({"email": "Mia@example.com"})
    assert [each.id for each in found.data] == [other, one]
    assert (await client.v1.customers.list_async({"email": "mia@example.com"})).data == []


async def test_search_ignores_case(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    made = sandbox.add_customer("Mia@example.com", metadata={"discord": "77"})["id"]
    sandbox.add_customer("noor@example.com", metadata={"discord": "77"})
    found = await client.v1.customers.search_async(
        {"query": "email:'mia@EXAMPLE.com' AND metadata['discord']:'77'"}
    )
    assert [each.id for each in found.data] == [made]
    with pytest.raises(stripe.InvalidRequestError, match="unable to parse"):
        await client.v1.customers.search_async({"query": "shoe_size>42"})


async def test_deleting_a_customer_cancels(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await client.v1.customers.delete_async(shop.mia["id"])
    assert sandbox.get(made["id"])["status"] == "canceled"


async def test_cards(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    customer = await client.v1.customers.create_async({"email": "a@example.com"})
    card = await client.v1.payment_methods.create_async(
        {"type": "card", "card": {"token": "tok_visa"}}
    )
    await client.v1.payment_methods.attach_async(card.id, {"customer": customer.id})
    await client.v1.customers.update_async(
        customer.id, {"invoice_settings": {"default_payment_method": card.id}}
    )
    listed = await client.v1.customers.payment_methods.list_async(customer.id)
    assert [each.id for each in listed.data] == [card.id]
    detached = await client.v1.payment_methods.detach_async(card.id)
    assert detached.customer is None
    got = sandbox.get(customer.id)
    assert got["invoice_settings"]["default_payment_method"] is None


async def test_a_cards_date_is_changed(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    card = sandbox.get(shop.mia["id"])["invoice_settings"]["default_payment_method"]

    await client.v1.payment_methods.update_async(card, {"card": {"exp_month": 1, "exp_year": 2027}})

    changed = sandbox.get(card)["card"]
    assert (changed["exp_month"], changed["exp_year"], changed["last4"]) == (1, 2027, "4242")
    assert sandbox.events[-1]["type"] == "payment_method.updated"
    with pytest.raises(stripe.StripeError, match="expiration month"):
        await client.v1.payment_methods.update_async(card, {"card": {"exp_month": 13}})


async def test_cards_are_shown_where_they_are_expanded(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])["id"]
    found = await client.v1.subscriptions.retrieve_async(
        made,
        {"expand": ["customer.invoice_settings.default_payment_method", "default_payment_method"]},
    )
    shown = found.to_dict()
    assert shown["default_payment_method"] is None
    assert shown["customer"]["invoice_settings"]["default_payment_method"]["card"]["last4"] == (
        "4242"
    )
    await client.v1.customers.delete_async(shop.mia["id"])
    gone = await client.v1.subscriptions.retrieve_async(
        made, {"expand": ["customer.invoice_settings.default_payment_method"]}
    )
    assert gone.to_dict()["customer"]["deleted"]


async def test_catalogue(client: stripe.StripeClient) -> None:
    product = await client.v1.products.create_async({"name": "Max", "metadata": {"plan": "max"}})
    monthly = await client.v1.prices.create_async(
        {
            "product": product.id,
            "currency": "EUR",
            "unit_amount": 4000,
            "recurring": {"interval": "month"},
            "lookup_key": "max_monthly",
        }
    )
    yen = await client.v1.prices.create_async(
        {"product": product.id, "currency": "jpy", "unit_amount": 500}
    )
    assert (monthly.currency, monthly.type, yen.type) == ("eur", "recurring", "one_time")
    found = await client.v1.prices.list_async({"lookup_keys": ["max_monthly", "none"]})
    assert [each.id for each in found.data] == [monthly.id]
    found = await client.v1.prices.list_async({"type": "one_time", "product": product.id})
    assert [each.id for each in found.data] == [yen.id]
    await client.v1.prices.update_async(monthly.id, {"active": False})
    assert [each.id for each in (await client.v1.prices.list_async({"active": True})).data] == [
        yen.id
    ]
    with pytest.raises(stripe.InvalidRequestError, match="lookup key"):
        await client.v1.prices.create_async(
            {
                "product": product.id,
                "currency": "eur",
                "unit_amount": 1,
                "lookup_key": "max_monthly",
            }
        )
    listed = await client.v1.products.list_async({"ids": [product.id]})
    assert [each.name for each in listed.data] == ["Max"]
    renamed = await client.v1.products.update_async(product.id, {"name": "Maximum"})
    assert renamed.name == "Maximum"


async def test_coupon_on_a_subscription(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    half = await client.v1.coupons.create_async(
        {"percent_off": 50, "duration": "repeating", "duration_in_months": 1}
    )
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await sandbox.advance(days=10)
    got = await client.v1.subscriptions.update_async(
        made["id"], {"discounts": [{"coupon": half.id}], "expand": ["discounts.source.coupon"]}
    )
    body = got.to_dict()
    assert body["discounts"][0]["source"]["coupon"]["percent_off"] == 50
    await sandbox.advance_to_period_end(made["id"])
    first, second = await _totals_after_renewal(client, sandbox, made["id"])
    assert (first, second) == (1000, 2000)
    cleared = await client.v1.subscriptions.update_async(made["id"], {"discounts": ""})
    assert cleared.discounts == []


async def _totals_after_renewal(
    client: stripe.StripeClient, sandbox: StripeSandbox, subscription_id: str
) -> tuple[int, int]:
    await sandbox.advance_to_period_end(subscription_id)
    listed = await client.v1.invoices.list_async({"subscription": subscription_id})
    newest, renewal, _ = listed.data
    return renewal.total, newest.total


async def test_a_one_time_coupon_is_used_up(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    coupon = await client.v1.coupons.create_async(
        {"amount_off": 500, "currency": "usd", "max_redemptions": 1}
    )
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await client.v1.subscriptions.update_async(made["id"], {"discounts": [{"coupon": coupon.id}]})
    await sandbox.advance_to_period_end(made["id"])
    assert sandbox.get(made["id"])["discounts"] == []
    assert sandbox.events[-1]["type"] == "invoice.payment_succeeded"
    assert "customer.discount.deleted" in [event["type"] for event in sandbox.events]
    assert await _totals_after_renewal(client, sandbox, made["id"]) == (1500, 2000)
    with pytest.raises(stripe.InvalidRequestError, match="is expired"):
        await client.v1.subscriptions.update_async(
            made["id"], {"discounts": [{"coupon": coupon.id}]}
        )


async def test_a_coupon_for_other_products_takes_nothing_off(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    """Which they are is told to those who ask for it."""
    other = sandbox.add_product("Other")["id"]
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    half = await client.v1.coupons.create_async(
        {"percent_off": 50, "duration": "forever", "applies_to": {"products": [other]}}
    )
    free = await client.v1.coupons.create_async({"percent_off": 50, "duration": "forever"})
    assert "applies_to" not in half.to_dict()
    for coupon, expected in ((half, {"products": [other]}), (free, None)):
        asked = await client.v1.coupons.retrieve_async(coupon.id, {"expand": ["applies_to"]})
        assert asked.to_dict()["applies_to"] == expected

    for coupon, charged in ((half, 2000), (free, 1000)):
        await client.v1.subscriptions.update_async(
            made["id"], {"discounts": [{"coupon": coupon.id}]}
        )
        await sandbox.advance_to_period_end(made["id"])
        listed = await client.v1.invoices.list_async({"subscription": made["id"], "limit": 1})
        assert listed.data[0].total == charged

    with pytest.raises(stripe.InvalidRequestError, match="No such product"):
        await client.v1.coupons.create_async(
            {"percent_off": 50, "duration": "once", "applies_to": {"products": ["prod_none"]}}
        )


async def test_coupon_rules(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.coupons.create_async({"duration": "once"})
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.coupons.create_async({"amount_off": 100})
    made = await client.v1.coupons.create_async({"amount_off": 100, "currency": "usd"})
    assert (await client.v1.coupons.retrieve_async(made.id)).duration == "once"
    assert (await client.v1.coupons.delete_async(made.id)).deleted


async def test_webhook_endpoint_of_the_api(client: stripe.StripeClient) -> None:
    made = await client.v1.webhook_endpoints.create_async(
        {"url": "https://bot.example/webhooks/stripe", "enabled_events": ["*"]}
    )
    assert (made.secret or "").startswith("whsec_")
    listed = await client.v1.webhook_endpoints.list_async()
    assert [each.url for each in listed.data] == ["https://bot.example/webhooks/stripe"]
    assert "secret" not in listed.data[0]
    changed = await client.v1.webhook_endpoints.update_async(made.id, {"disabled": True})
    assert changed.status == "disabled"
    await client.v1.webhook_endpoints.delete_async(made.id)
    assert (await client.v1.webhook_endpoints.list_async()).data == []


async def test_portal_session(client: stripe.StripeClient, shop: Shop) -> None:
    made = await client.v1.billing_portal.sessions.create_async(
        {"customer": shop.mia["id"], "return_url": "https://bot.example/back"}
    )
    assert made.url == f"https://billing.stripe.com/p/session/{made.id}"


async def test_account(client: stripe.StripeClient) -> None:
    account = await client.v1.accounts.retrieve_current_async()
    assert account.id.startswith("acct_")
    assert account.charges_enabled
