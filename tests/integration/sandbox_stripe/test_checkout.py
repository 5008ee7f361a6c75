"""Checkout, hosted invoice and portal, by API and by the pages a browser shows."""

import re

import aiohttp
import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import StripeError

from .conftest import Receiver, Shop


async def get(sandbox: StripeSandbox, url: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox.local_url(url)) as answer,
    ):
        return answer.status, await answer.text()


async def press(sandbox: StripeSandbox, url: str, **form: str) -> tuple[int, str, str]:
    """Status, redirect target and page after a button."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(sandbox.local_url(url), data=form, allow_redirects=False) as answer,
    ):
        return answer.status, answer.headers.get("Location", ""), await answer.text()


def subscribing(shop: Shop) -> stripe.params.checkout.SessionCreateParams:
    return {
        "mode": "subscription",
        "line_items": [{"price": shop.pro["id"], "quantity": 1}],
        "success_url": "https://bot.example/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://bot.example/back",
        "client_reference_id": "discord-77",
        "metadata": {"guild": "1"},
        "subscription_data": {"metadata": {"discord": "77"}},
    }


async def test_a_new_customer_pays(
    client: stripe.StripeClient, sandbox: StripeSandbox, receiver: Receiver, shop: Shop
) -> None:
    sandbox.webhook_url = receiver.url
    session = await client.v1.checkout.sessions.create_async(
        {**subscribing(shop), "customer_email": "noor@example.com"}
    )
    assert session.url == f"https://checkout.stripe.com/c/pay/{session.id}"
    status, page = await get(sandbox, session.url)
    assert status == 200
    assert "Pro" in page
    assert "$20.00" in page
    assert 'value="noor@example.com"' in page
    status, location, _ = await press(sandbox, session.url, action="pay")
    assert (status, location) == (303, f"https://bot.example/done?session={session.id}")
    done = await client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["subscription", "customer", "line_items"]}
    )
    body = done.to_dict()
    assert (body["status"], body["payment_status"], body["url"]) == ("complete", "paid", None)
    assert body["client_reference_id"] == "discord-77"
    assert body["customer"]["email"] == "noor@example.com"
    assert body["subscription"]["metadata"] == {"discord": "77"}
    assert body["subscription"]["status"] == "active"
    assert body["line_items"]["data"][0]["price"]["id"] == shop.pro["id"]
    await sandbox.drain()
    assert receiver.kinds.count("checkout.session.completed") == 1
    status, _, page = await press(sandbox, session.url, action="pay")
    assert "already paid" in page
    assert len(sandbox.objects("subscription")) == 1


async def test_an_unknown_buyer_types_the_address(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    session = await client.v1.checkout.sessions.create_async(subscribing(shop))
    status, _, page = await press(sandbox, str(session.url), action="pay")
    assert (status, "email address is required" in page) == (402, True)
    await press(sandbox, str(session.url), action="pay", email="new@example.com")
    got = sandbox.get(session.id)
    assert sandbox.get(got["customer"])["email"] == "new@example.com"
    assert got["customer_details"]["email"] == "new@example.com"


async def test_decline_then_pay(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    session = await client.v1.checkout.sessions.create_async(
        {**subscribing(shop), "customer": shop.mia["id"]}
    )
    status, _, page = await press(sandbox, str(session.url), action="decline")
    assert (status, "Your card was declined." in page) == (402, True)
    sandbox.decline_payments(shop.mia["id"], times=1)
    with pytest.raises(StripeError, match="insufficient funds"):
        sandbox.pay_checkout(session.id)
    assert sandbox.get(session.id)["status"] == "open"
    paid = sandbox.pay_checkout(session.id)
    assert (paid["status"], paid["customer"]) == ("complete", shop.mia["id"])


async def test_expiry(client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop) -> None:
    late = await client.v1.checkout.sessions.create_async(subscribing(shop))
    early = await client.v1.checkout.sessions.create_async(subscribing(shop))
    expired = await client.v1.checkout.sessions.expire_async(early.id)
    assert (expired.status, expired.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        await client.v1.checkout.sessions.expire_async(early.id)
    await sandbox.advance(days=1, seconds=1)
    assert sandbox.get(late.id)["status"] == "expired"
    assert sandbox.events[-1]["type"] == "checkout.session.expired"
    _, page = await get(sandbox, str(late.url))
    assert "expired" in page
    listed = await client.v1.checkout.sessions.list_async({"status": "expired"})
    assert len(listed.data) == 2


async def test_a_top_up_with_an_invoice(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    session = await client.v1.checkout.sessions.create_async(
        {
            "mode": "payment",
            "customer": shop.mia["id"],
            "line_items": [{"price": shop.topup["id"], "quantity": 3}],
            "success_url": "https://bot.example/done",
            "invoice_creation": {"enabled": True, "invoice_data": {"metadata": {"kind": "topup"}}},
            "payment_intent_data": {"metadata": {"kind": "topup"}},
        }
    )
    paid = sandbox.pay_checkout(session.id)
    intent = sandbox.get(paid["payment_intent"])
    assert (intent["amount_received"], intent["metadata"]) == (1500, {"kind": "topup"})
    invoice = sandbox.get(paid["invoice"])
    assert (invoice["status"], invoice["metadata"]) == ("paid", {"kind": "topup"})
    assert invoice["parent"] is None


async def test_a_top_up_without_an_invoice(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    coupon = await client.v1.coupons.create_async({"amount_off": 100, "currency": "usd"})
    session = await client.v1.checkout.sessions.create_async(
        {
            "mode": "payment",
            "customer": shop.mia["id"],
            "line_items": [{"price": shop.topup["id"]}],
            "discounts": [{"coupon": coupon.id}],
            "success_url": "https://bot.example/done",
        }
    )
    assert session.amount_total == 400
    paid = sandbox.pay_checkout(session.id)
    assert sandbox.get(paid["payment_intent"])["amount_received"] == 400
    assert sandbox.objects("invoice") == []


async def test_trial_and_discount(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    session = await client.v1.checkout.sessions.create_async(
        {**subscribing(shop), "subscription_data": {"trial_period_days": 7}}
    )
    paid = sandbox.pay_checkout(session.id, email="t@example.com")
    assert sandbox.get(paid["subscription"])["status"] == "trialing"


async def test_what_a_session_refuses(client: stripe.StripeClient, shop: Shop) -> None:
    base = subscribing(shop)
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        await client.v1.checkout.sessions.create_async(
            {**base, "customer": shop.mia["id"], "customer_email": "a@example.com"}
        )
    with pytest.raises(stripe.InvalidRequestError, match="recurring price"):
        await client.v1.checkout.sessions.create_async(
            {**base, "line_items": [{"price": shop.topup["id"]}]}
        )
    with pytest.raises(stripe.InvalidRequestError, match="`payment` mode"):
        await client.v1.checkout.sessions.create_async({**base, "mode": "payment"})
    with pytest.raises(stripe.InvalidRequestError, match="between 30 minutes"):
        await client.v1.checkout.sessions.create_async({**base, "expires_at": 1})
    with pytest.raises(stripe.InvalidRequestError, match="success_url"):
        await client.v1.checkout.sessions.create_async(
            {"mode": "payment", "line_items": [{"price": shop.topup["id"]}]}
        )


async def test_invoice_pages(sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    invoice = sandbox.get(made["latest_invoice"])
    status, page = await get(sandbox, invoice["hosted_invoice_url"])
    assert status == 200
    assert invoice["number"] in page
    link = re.search(r'href="(/invoice/[^"]+/pdf)"', page)
    assert link is not None
    assert invoice["invoice_pdf"].endswith(link[1])
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox.local_url(invoice["invoice_pdf"])) as answer,
    ):
        body = await answer.read()
        assert answer.content_type == "application/pdf"
    assert body.startswith(b"%PDF-1.4")
    start = int(body.rsplit(b"startxref\n", 1)[1].split()[0])
    assert body[start : start + 4] == b"xref"
    assert b"Total $20.00" in body
    status, _ = await get(sandbox, "https://invoice.stripe.com/i/acct_1/guessed")
    assert status == 404


async def test_portal_page(client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    session = await client.v1.billing_portal.sessions.create_async({"customer": shop.mia["id"]})
    _, page = await get(sandbox, session.url)
    assert "Cancel plan" in page
    _, _, page = await press(sandbox, session.url, action="cancel", subscription=made["id"])
    assert "Renew plan" in page
    got = sandbox.get(made["id"])
    assert (got["cancel_at_period_end"], got["cancel_at"] is None) == (False, False)
    _, _, page = await press(sandbox, session.url, action="renew", subscription=made["id"])
    assert sandbox.get(made["id"])["cancel_at"] is None
    other = sandbox.add_customer("other@example.com")
    foreign = sandbox.add_subscription(other["id"], shop.pro["id"])
    status, _, _ = await press(sandbox, session.url, action="cancel", subscription=foreign["id"])
    assert status == 404


async def test_pages_escape_what_vendors_write(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    product = sandbox.add_product("<script>alert(1)</script>")
    price = sandbox.add_price(product["id"], unit_amount=100, interval="month")
    session = await client.v1.checkout.sessions.create_async(
        {
            "mode": "subscription",
            "line_items": [{"price": price["id"]}],
            "success_url": "https://bot.example/done",
        }
    )
    _, page = await get(sandbox, str(session.url))
    assert "<script>" not in page


async def test_overview(sandbox: StripeSandbox, shop: Shop) -> None:
    sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    sandbox.decline_payments(shop.mia["id"])
    [mia] = sandbox.overview()
    assert (mia["email"], mia["declines"]) == ("mia@example.com", True)
    counts = {kind: len(mia[kind]) for kind in ("subscriptions", "invoices", "payments", "refunds")}
    assert counts == {"subscriptions": 1, "invoices": 1, "payments": 1, "refunds": 0}
