"""A customer of many years: the newest payments may be for older invoices than the newest ones."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.billing import stripe_customers
from bot.billing.stripe_objects import invoices_of_intents
from bot.domain.refund import PaymentPurpose
from bot.sandbox.scene import STRIPE_KEY
from tests.support.shop import Shop, open_shop

LINKS = r"^/v1/invoice_payments$"


@pytest.fixture
async def shop(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """Two of each are read, in place of the years that it takes to have more than many."""
    monkeypatch.setattr(stripe_customers, "NEWEST", 2)
    async with open_shop() as opened:
        yield opened


async def free_month(shop: Shop) -> None:
    """An invoice without a payment, as a voucher of the team gives it."""
    coupon = shop.stripe.add_coupon(id="free", percent=100, months=1)
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {STRIPE_KEY}"}) as session,
        session.post(
            f"{shop.stripe.api_url}/v1/subscriptions/{shop.pro}",
            data={"discounts[0][coupon]": coupon["id"]},
        ) as response,
    ):
        response.raise_for_status()
    await shop.stripe.advance_to_period_end(shop.pro)


async def test_s11_an_account_shows_what_an_older_invoice_was_paid_with(shop: Shop) -> None:
    """Else a refund of it would end nothing, and a second charge would be no duplicate."""
    await shop.stripe.advance_to_period_end(shop.pro)
    await free_month(shop)
    await shop.stripe.advance_to_period_end(shop.pro)

    account = await shop.provider.fetch_account(shop.mia)

    assert len(account.payments) == 2
    for each in account.payments:
        assert (each.purpose, each.subscription_id) == (PaymentPurpose.SUBSCRIPTION, shop.pro)
        assert each.period_start is not None
        assert (each,) == (await shop.provider.fetch_payment(each.id)).payments
        assert each.invoice_id in {one.id for one in account.invoices}


async def test_nothing_more_is_asked_where_every_invoice_is_at_hand(shop: Shop) -> None:
    await shop.provider.fetch_account(shop.mia)
    assert shop.stripe.requests.count("GET", LINKS) == 0


async def test_a_payment_without_an_invoice_stays_one(shop: Shop) -> None:
    """The oldest invoices are not at hand, so it is asked whether it has one."""
    for _ in range(3):
        await shop.stripe.advance_to_period_end(shop.pro)
    shop.stripe.add_charge(shop.mia, amount=500)

    account = await shop.provider.fetch_account(shop.mia)

    assert sorted(each.purpose for each in account.payments) == [
        PaymentPurpose.OTHER,
        PaymentPurpose.SUBSCRIPTION,
    ]
    assert shop.stripe.requests.count("GET", LINKS) == 1


def test_an_invoice_whose_payments_cannot_be_read_hides_no_other() -> None:
    paid = {
        "id": "in_paid",
        "payments": {
            "data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_1"}}],
        },
    }

    assert invoices_of_intents([{"id": "in_odd"}, paid]) == {"pi_1": paid}
