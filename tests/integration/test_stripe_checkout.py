"""Stripe's checkout pages, over the local Stripe."""

from collections.abc import AsyncIterator

import pytest

from bot.billing.provider import CompletedCheckout, EventHint, Purchase
from bot.domain.identifiers import CheckoutId, CustomerId, PlanId, PriceId
from bot.domain.refund import PaymentPurpose
from bot.sandbox.scene import PRO_MONTHLY
from tests.support.shop import Shop, open_shop

RETURN_URL = "https://discord.com/channels/@me"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


def purchase(customer_id: CustomerId | None) -> Purchase:
    return Purchase(
        reference=CheckoutId("B1"),
        price_id=PriceId(PRO_MONTHLY),
        purpose=PaymentPurpose.SUBSCRIPTION,
        customer_id=customer_id,
        return_url=RETURN_URL,
    )


async def test_checkout_is_stripes_page_and_carries_the_reference(shop: Shop) -> None:
    page = await shop.provider.open_checkout(purchase(None), idempotency_key="k")
    again = await shop.provider.open_checkout(purchase(None), idempotency_key="k")
    assert page.url.startswith("https://checkout.stripe.com/")
    assert page == again
    [session] = shop.stripe.objects("checkout.session")
    shop.stripe.pay_checkout(session["id"], email="noor@example.com")

    snapshot = await shop.provider.fetch_event_objects(
        EventHint("evt", "checkout.session.completed", session["id"], {})
    )
    assert snapshot is not None
    [customer] = snapshot.customers
    assert customer.email == "noor@example.com"
    [bought] = snapshot.subscriptions
    assert bought.plan_id == PlanId("pro")
    [completed] = snapshot.completed_checkouts
    assert completed == CompletedCheckout(
        CheckoutId("B1"), customer.id, bought.id, completed.payment_id
    )


async def test_checkout_for_a_known_customer_keeps_them(shop: Shop) -> None:
    await shop.provider.open_checkout(purchase(shop.mia), idempotency_key="k")
    [session] = shop.stripe.objects("checkout.session")
    assert session["customer"] == shop.mia
    unpaid = await shop.provider.fetch_event_objects(
        EventHint("evt", "checkout.session.completed", session["id"], {})
    )
    assert unpaid is not None
    assert (unpaid.subscriptions, unpaid.completed_checkouts) == ((), ())


async def test_a_closed_checkout_cannot_be_paid_and_closing_twice_is_no_error(shop: Shop) -> None:
    page = await shop.provider.open_checkout(purchase(None), idempotency_key="k")
    for _ in range(2):
        await shop.provider.close_checkout(page.id)
    assert shop.stripe.get(page.id)["status"] == "expired"
