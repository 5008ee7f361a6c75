"""Which card pays, as the Stripe adapter reads it: the subscription's own before the customer's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.billing.provider import EventHint, Snapshot
from bot.domain.account import Card
from bot.domain.identifiers import CustomerId, SubscriptionId
from bot.sandbox.stripe import customers, signup
from tests.support.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


def card(snapshot: Snapshot) -> Card | None:
    [customer] = snapshot.customers
    return customer.card


def default_method(shop: Shop) -> str:
    settings = shop.stripe.get(shop.mia)["invoice_settings"]
    return str(settings["default_payment_method"])


def set_date(shop: Shop, method: str, *, month: int, year: int) -> None:
    """The bank has sent a card with another date."""
    shown = shop.stripe._world.store.by_id(method)
    assert shown is not None
    shown["card"].update(exp_month=month, exp_year=year)


@pytest.mark.parametrize(
    ("month", "year", "first_day_after"),
    [(8, 2027, (2027, 9)), (12, 2026, (2027, 1)), (1, 2027, (2027, 2))],
)
async def test_a_card_is_good_to_the_end_of_its_month(
    shop: Shop, month: int, year: int, first_day_after: tuple[int, int]
) -> None:
    set_date(shop, default_method(shop), month=month, year=year)

    found = card(await shop.provider.fetch_subscription(shop.pro))

    assert found == Card("4242", datetime(*first_day_after, 1, tzinfo=UTC))


async def test_every_way_of_reading_shows_it(shop: Shop) -> None:
    latest = str(shop.subscription["latest_invoice"])
    hints = [
        EventHint("evt_1", "invoice.paid", latest, {}),
        EventHint("evt_2", "customer.updated", shop.mia, {}),
        EventHint("evt_3", "customer.subscription.updated", shop.pro, {}),
    ]
    seen = [await shop.provider.fetch_event_objects(hint) for hint in hints]
    seen.append(await shop.provider.fetch_account(shop.mia))
    for snapshot in seen:
        assert snapshot is not None
        found = card(snapshot)
        assert found is not None
        assert found.last_digits == "4242"


async def test_a_subscriptions_own_card_comes_first(shop: Shop) -> None:
    world = shop.stripe._world
    mia = world.store.get("customer", shop.mia)
    other = customers.attach(world, "pm_card_mastercard", mia)
    price = world.store.get("price", "price_pro_month")
    second = signup.subscribe(
        world, mia, [(price, 1)], {"default_payment_method": other["id"]}, trial_end=None
    )

    own = card(await shop.provider.fetch_subscription(SubscriptionId(second["id"])))
    customers_card = card(await shop.provider.fetch_subscription(shop.pro))

    assert own is not None
    assert customers_card is not None
    assert (own.last_digits, customers_card.last_digits) == ("4444", "4242")


async def test_nothing_is_known_of_other_ways_to_pay_and_of_none(shop: Shop) -> None:
    method = shop.stripe._world.store.by_id(default_method(shop))
    assert method is not None
    method["type"] = "sepa_debit"
    assert card(await shop.provider.fetch_subscription(shop.pro)) is None

    bare = CustomerId(shop.stripe.add_customer("bare@example.com")["id"])
    bare_customer = shop.stripe._world.store.get("customer", bare)
    bare_customer["invoice_settings"]["default_payment_method"] = None
    assert card(await shop.provider.fetch_account(bare)) is None
