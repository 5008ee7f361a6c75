"""The provider's own pages: checkout and the portal (rules S7, S18, S20, S22)."""

import json

import pytest

from bot.billing.provider import (
    CheckoutPage,
    CompletedCheckout,
    ProviderRefusedError,
    Purchase,
)
from bot.domain.identifiers import CheckoutId, CustomerId, PriceId
from bot.domain.links import PROVIDER_HOSTS, is_allowed_link
from bot.domain.money import Money
from bot.domain.refund import PaymentPurpose
from bot.domain.subscription import Status
from tests.support.shops import Shop

RETURN_URL = "https://discord.com/channels/@me"
NOOR_ADDRESS = "noor@example.com"


async def open_page(
    shop: Shop,
    price: PriceId,
    *,
    customer: CustomerId | None = None,
    purpose: PaymentPurpose = PaymentPurpose.SUBSCRIPTION,
    reference: str = "B1",
) -> CheckoutPage:
    purchase = Purchase(CheckoutId(reference), price, purpose, customer, RETURN_URL)
    return await shop.provider.open_checkout(purchase, idempotency_key=f"checkout-{reference}")


async def test_s20_it_is_the_providers_own_page(shop: Shop) -> None:
    page = await open_page(shop, shop.monthly)

    assert is_allowed_link(page.url, hosts=PROVIDER_HOSTS)
    assert page.id in page.url


async def test_s7_nothing_is_bought_before_it_is_paid(shop: Shop) -> None:
    page = await open_page(shop, shop.yearly, customer=shop.customer)

    assert (await shop.provider.fetch_checkout(page.id)).completed_checkouts == ()
    assert (await shop.seen()).price_id == shop.monthly


async def test_a_plan_for_somebody_new_carries_the_reference(shop: Shop) -> None:
    page = await open_page(shop, shop.yearly)
    shop.pay(page.id, NOOR_ADDRESS)

    snapshot = await shop.provider.fetch_checkout(page.id)

    [customer], [subscription] = snapshot.customers, snapshot.subscriptions
    assert customer.email == NOOR_ADDRESS
    assert (subscription.plan_id, subscription.price_id) == ("pro", shop.yearly)
    assert (subscription.status, subscription.customer_id) == (Status.ACTIVE, customer.id)
    [completed] = snapshot.completed_checkouts
    assert completed == CompletedCheckout(
        CheckoutId("B1"), customer.id, subscription.id, completed.payment_id
    )


async def test_a_plan_for_a_known_customer_stays_with_them(shop: Shop) -> None:
    page = await open_page(shop, shop.yearly, customer=shop.customer)
    shop.pay(page.id, "")

    snapshot = await shop.provider.fetch_checkout(page.id)

    [completed] = snapshot.completed_checkouts
    assert completed.customer_id == shop.customer
    assert {each.customer_id for each in snapshot.subscriptions} == {shop.customer}


async def test_s18_a_top_up_is_a_payment_with_an_invoice(shop: Shop) -> None:
    page = await open_page(shop, shop.top_up, customer=shop.customer, purpose=PaymentPurpose.TOP_UP)
    shop.pay(page.id, "")

    bought = await shop.provider.fetch_checkout(page.id)
    account = await shop.provider.fetch_account(shop.customer)

    [completed] = bought.completed_checkouts
    assert (completed.customer_id, completed.subscription_id) == (shop.customer, None)
    [payment] = [each for each in account.payments if each.id == completed.payment_id]
    assert (payment.purpose, payment.amount) == (PaymentPurpose.TOP_UP, Money(1000, "usd"))
    assert (payment.subscription_id, payment.period_start) == (None, None)
    assert payment.invoice_id in {each.id for each in account.invoices}
    assert (await shop.provider.fetch_payment(payment.id)).payments == (payment,)


async def test_the_event_of_a_payment_leads_to_the_purchase(shop: Shop) -> None:
    page = await open_page(shop, shop.monthly)
    before = len(shop.events)
    shop.pay(page.id, NOOR_ADDRESS)

    found: list[CompletedCheckout] = []
    for event in shop.events[before:]:
        body = json.dumps(event).encode()
        hint = shop.provider.read_event(body, shop.signed(body))
        snapshot = await shop.provider.fetch_event_objects(hint)
        found += [] if snapshot is None else snapshot.completed_checkouts

    assert {each.reference for each in found} == {"B1"}


async def test_closing_a_page_twice_is_no_error(shop: Shop) -> None:
    page = await open_page(shop, shop.monthly)
    paid = await open_page(shop, shop.monthly, reference="B2")
    shop.pay(paid.id, NOOR_ADDRESS)
    for _ in range(2):
        await shop.provider.close_checkout(page.id)
        await shop.provider.close_checkout(paid.id)
    assert len((await shop.provider.fetch_checkout(paid.id)).completed_checkouts) == 1


async def test_what_is_not_sold_cannot_be_bought(shop: Shop) -> None:
    with pytest.raises(ProviderRefusedError):
        await open_page(shop, PriceId("price_of_nothing"))
    with pytest.raises(ProviderRefusedError):
        await open_page(shop, shop.monthly, customer=CustomerId("nobody"))


async def test_s22_the_portal_is_the_providers_too(shop: Shop) -> None:
    url = await shop.provider.portal_url(shop.customer, return_url=RETURN_URL)
    assert is_allowed_link(url, hosts=PROVIDER_HOSTS)
    with pytest.raises(ProviderRefusedError):
        await shop.provider.portal_url(CustomerId("nobody"), return_url=RETURN_URL)
