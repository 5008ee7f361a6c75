"""Purchases in the store: one under way for each member, settled once, nobody linked wrongly."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.billing.provider import (
    CompletedCheckout,
    ProviderUnavailableError,
    Snapshot,
)
from bot.domain.allowance import EntryKind
from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.errors import NoSuchThing, NotYours, PurchaseReplaced
from bot.domain.identifiers import (
    STRIPE,
    AttemptId,
    CheckoutId,
    CustomerId,
    PaymentId,
    PriceId,
    SubscriptionId,
    UserId,
)
from bot.domain.refund import PaymentPurpose
from bot.domain.subscription import Status
from bot.services.checkout_pages import PageOpened, PageRefused, Place
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.purchases import PurchaseService
from bot.services.screens import Screen
from bot.services.settlement import complete_checkouts
from storage import cancel_attempts, checkouts, customers, jobs, ledger, payments, subscriptions
from storage.database import Database
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOOR,
    NOW,
    PAYMENT,
    SUBSCRIPTION,
    Clock,
    add_customer,
    payment,
    service_context,
    subscription,
)
from tests.support.shop import Shop, open_shop

PLACE = Place(GUILD, "https://discord.com/channels/1/2", Screen(1, "token"))
NEW = CustomerId("cus_new")
BOUGHT = subscription(id=SubscriptionId("sub_new"), customer_id=NEW, created_at=NOW)


def checkout(checkout_id: str = "A", user_id: UserId = NOOR, **changes: object) -> Checkout:
    """Noor's, with changes."""
    plain = Checkout(
        id=CheckoutId(checkout_id),
        user_id=user_id,
        guild_id=GUILD,
        provider=STRIPE,
        customer_id=None,
        price_id=PriceId("price_pro_month"),
        purpose=PaymentPurpose.SUBSCRIPTION,
        state=CheckoutState.OPENING,
        created_at=NOW,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def paid(checkout_id: str = "A", **changes: object) -> CompletedCheckout:
    """What the provider says about it."""
    plain = CompletedCheckout(CheckoutId(checkout_id), NEW, BOUGHT.id, None)
    return replace(plain, **changes)  # type: ignore[arg-type]


async def start(database: Database, *started: Checkout) -> None:
    """Commit them, as before the provider is asked."""
    async with database.write() as connection:
        for each in started:
            await checkouts.add(connection, each, screen={"token": each.id})


async def user_of(database: Database, customer_id: CustomerId) -> UserId | None:
    """Who is linked to the customer."""
    async with database.read() as connection:
        found = await customers.find(connection, customer_id)
    return found.user_id if found else None


async def test_a_member_has_one_purchase_under_way(database: Database) -> None:
    await start(database, checkout("A"), checkout("B", MIA))
    with pytest.raises(IntegrityError):
        await start(database, checkout("C"))

    async with database.write() as connection:
        opened = await checkouts.open_page(
            connection, CheckoutId("A"), page_id="cs_1", page_url="https://checkout.stripe.com/1"
        )
        assert opened is not None
        assert await checkouts.unfinished(connection, NOOR) == opened
        assert await checkouts.close(connection, CheckoutId("A")) is not None
        assert await checkouts.close(connection, CheckoutId("A")) is None
        assert await checkouts.unfinished(connection, NOOR) is None
    await start(database, checkout("C"))


async def test_what_was_given_up_and_paid_all_the_same_is_paid_once(database: Database) -> None:
    await start(database, checkout())
    async with database.write() as connection:
        await customers.save(connection, NEW, provider=STRIPE, email=None)
        await checkouts.close(connection, CheckoutId("A"))
        assert await complete_checkouts(connection, [paid()], now=NOW) == [paid()]
        assert await complete_checkouts(connection, [paid()], now=NOW) == []
        assert await complete_checkouts(connection, [paid("of somebody else's")], now=NOW) == []
        found = await checkouts.find(connection, CheckoutId("A"))
    assert found is not None
    assert (found.state, found.customer_id) == (CheckoutState.COMPLETED, NEW)


async def test_the_screen_is_handed_out_once(database: Database) -> None:
    await start(database, checkout())
    async with database.write() as connection:
        await checkouts.set_screen(connection, CheckoutId("A"), {"token": "newest"})
        assert await checkouts.take_screen(connection, CheckoutId("A")) == {"token": "newest"}
        assert await checkouts.take_screen(connection, CheckoutId("A")) is None


async def test_pages_that_have_expired_are_closed(database: Database) -> None:
    await start(database, checkout("A"), checkout("B", MIA, created_at=NOW - timedelta(days=3)))
    async with database.write() as connection:
        assert await checkouts.close_stale(connection, before=NOW - timedelta(days=2)) == 1
        assert await checkouts.unfinished(connection, MIA) is None
        assert await checkouts.unfinished(connection, NOOR) is not None


async def test_somebody_new_is_linked_by_the_purchase(context: Context) -> None:
    await start(context.database, checkout())
    await add_customer(context.database, NEW, user_id=None)
    async with context.database.write() as connection:
        shown = Snapshot(
            subscriptions=(BOUGHT,),
            # Providers' times are whole seconds.
            payments=(
                payment(
                    customer_id=NEW,
                    subscription_id=BOUGHT.id,
                    paid_at=NOW - timedelta(milliseconds=400),
                ),
            ),
            completed_checkouts=(paid(),),
        )
        changes = await apply(connection, context, shown, asked_at=NOW)

    assert await user_of(context.database, NEW) == NOOR
    assert changes.users == {NEW: NOOR}
    async with context.database.read() as connection:
        assert await jobs.exists(connection, "purchase:A")


@pytest.mark.parametrize("history", ["subscription", "payment"])
async def test_typing_somebody_elses_address_opens_nobodys_account(
    database: Database, history: str
) -> None:
    """A provider that knows buyers by their address has found an older customer."""
    await start(database, checkout())
    await add_customer(database, NEW, user_id=None)
    async with database.write() as connection:
        if history == "subscription":
            older = replace(BOUGHT, id=SubscriptionId("sub_older"))
            await subscriptions.save(connection, older, asked_at=NOW)
        else:
            await payments.save(connection, replace(PAYMENT, customer_id=NEW), asked_at=NOW)
        await subscriptions.save(connection, BOUGHT, asked_at=NOW)
        await complete_checkouts(connection, [paid()], now=NOW)

    assert await user_of(database, NEW) is None


async def test_who_has_another_account_or_whose_account_is_taken_is_not_relinked(
    database: Database,
) -> None:
    await add_customer(database)
    await add_customer(database, NEW, user_id=None)
    await start(database, checkout("A", MIA), checkout("B", NOOR))
    async with database.write() as connection:
        await complete_checkouts(connection, [paid("A")], now=NOW)
        await complete_checkouts(connection, [paid("B", customer_id=MIAS)], now=NOW)

    assert await user_of(database, MIAS) == MIA
    assert await user_of(database, NEW) is None


async def top_up(database: Database, **changes: object) -> list[int]:
    """Mia pays for 500 more; what the ledger has then."""
    sold = checkout(
        "T",
        MIA,
        customer_id=MIAS,
        purpose=PaymentPurpose.TOP_UP,
        tops_up=SUBSCRIPTION.id,
        cycle_start=SUBSCRIPTION.period_start,
        units=500,
    )
    await add_customer(database)
    await start(database, sold)
    done = CompletedCheckout(sold.id, MIAS, None, PaymentId("pi_top_up"))
    async with database.write() as connection:
        await subscriptions.save(connection, subscription(**changes), asked_at=NOW)
        await complete_checkouts(connection, [done], now=NOW)
        await complete_checkouts(connection, [done], now=NOW)
        found = await ledger.find(connection, sold.ledger_key)
    if found is None:
        return []
    assert found.kind is EntryKind.TOP_UP
    assert found.period_start == SUBSCRIPTION.period_start
    return [found.amount]


async def test_s26_a_top_up_is_credited_with_its_payment_once(database: Database) -> None:
    assert await top_up(database) == [500]


@pytest.mark.parametrize(
    "changes",
    [
        {"period_start": NOW, "period_end": NOW + timedelta(days=30)},
        {"period_end": NOW},
        {"cancel_at": NOW},
        {"status": Status.CANCELED, "ended_at": NOW},
    ],
    ids=["renewed", "period_over", "cancelled", "ended"],
)
async def test_s26_s27_a_cycle_that_is_over_takes_no_top_up(
    database: Database, changes: dict[str, object]
) -> None:
    assert await top_up(database, **changes) == []


async def test_s8_cancelling_what_was_replaced_is_moot(database: Database) -> None:
    await add_customer(database)
    replaced = checkout("A", MIA, customer_id=MIAS, replaces=SUBSCRIPTION.id)
    await start(database, replaced)
    async with database.write() as connection:
        await cancel_attempts.add(
            connection,
            AttemptId("att"),
            user_id=MIA,
            guild_id=GUILD,
            customer_id=MIAS,
            subscription_id=SUBSCRIPTION.id,
            now=NOW,
        )
        await complete_checkouts(connection, [paid("A", customer_id=MIAS)], now=NOW)
        assert await cancel_attempts.unfinished(connection, SUBSCRIPTION.id) is None


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A local Stripe where Mia pays for Pro."""
    async with open_shop() as opened:
        yield opened


@pytest.fixture
async def service(
    database: Database, clock: Clock, shop: Shop
) -> AsyncIterator[tuple[PurchaseService, Context]]:
    """The service over that Stripe; Mia is linked."""
    async with service_context(database, clock, api_url=shop.stripe.api_url) as context:
        snapshot = await context.providers[STRIPE].fetch_account(shop.mia)
        async with database.write() as connection:
            await apply(connection, context, snapshot, asked_at=NOW)
            await customers.link(connection, shop.mia, MIA, now=NOW)
        yield PurchaseService(context), context


async def ask(service: PurchaseService, price: str = "price_max_month") -> object:
    """Look and go on: what comes of it."""
    price_id = PriceId(price)
    agreed = (await service.look(MIA, price_id)).fingerprint
    return await service.buy_plan(MIA, price_id, agreed=agreed, place=PLACE)


async def buy(service: PurchaseService, price: str = "price_max_month") -> PageOpened:
    """The page that opens then."""
    opened = await ask(service, price)
    assert isinstance(opened, PageOpened)
    return opened


async def test_many_clicks_at_once_make_one_page(
    service: tuple[PurchaseService, Context], shop: Shop
) -> None:
    purchases, _ = service

    opened = await asyncio.gather(*(buy(purchases) for _ in range(5)))

    assert len({each.url for each in opened}) == 1
    assert len(shop.stripe.objects("checkout.session")) == 1


async def test_of_many_purchases_at_once_one_can_be_paid(
    service: tuple[PurchaseService, Context], shop: Shop, database: Database
) -> None:
    purchases, context = service
    prices = ["price_max_month", "price_lite_month", "price_lite_year", "price_pro_year"]

    answers = await asyncio.gather(
        *(buy(purchases, each) for each in prices), return_exceptions=True
    )
    async with database.write() as connection:
        waiting = await jobs.claim(
            connection,
            now=NOW,
            lease=timedelta(minutes=1),
            token="t",
            most=50,
            kind="purchase.close_page",
        )
    for job in waiting:
        await purchases.pages.close_page(job)

    refused = [each for each in answers if not isinstance(each, PageOpened)]
    assert all(isinstance(each, PurchaseReplaced) for each in refused)
    assert len(refused) < len(prices)
    sessions = shop.stripe.objects("checkout.session")
    assert len([each for each in sessions if each["status"] == "open"]) == 1
    async with database.read() as connection:
        under_way = await checkouts.unfinished(connection, MIA)
    assert under_way is not None
    assert context.clock() == NOW


async def test_a_later_click_on_the_same_is_a_purchase_of_its_own(
    service: tuple[PurchaseService, Context], shop: Shop, clock: Clock
) -> None:
    purchases, _ = service
    first = await buy(purchases)
    clock.advance(minutes=2)

    second = await buy(purchases)

    assert first.url != second.url
    states = [each["status"] for each in shop.stripe.objects("checkout.session")]
    assert states == ["expired", "open"]


async def test_only_the_own_purchase_can_be_given_up(
    service: tuple[PurchaseService, Context],
) -> None:
    purchases, _ = service
    opened = await buy(purchases)

    with pytest.raises(NotYours):
        await purchases.pages.give_up(NOOR, opened.checkout.id)
    with pytest.raises(NoSuchThing):
        await purchases.pages.give_up(MIA, CheckoutId("none"))
    assert await purchases.pages.give_up(MIA, opened.checkout.id)
    assert await purchases.pages.give_up(MIA, opened.checkout.id)


@pytest.mark.parametrize("status", [402, 503])
async def test_after_a_refusal_the_next_try_is_a_purchase_of_its_own(
    service: tuple[PurchaseService, Context], shop: Shop, database: Database, status: int
) -> None:
    """Providers repeat a saved error under the same idempotency key."""
    purchases, _ = service
    outage = shop.stripe.faults.add(path="/v1/checkout/sessions", status=status)
    if status == 402:
        assert isinstance(await ask(purchases), PageRefused)
    else:
        with pytest.raises(ProviderUnavailableError):
            await buy(purchases)
    async with database.read() as connection:
        assert await checkouts.unfinished(connection, MIA) is None
    outage.remove()

    await buy(purchases)

    keys = {
        each.idempotency_key
        for each in shop.stripe.requests.entries
        if (each.method, each.path) == ("POST", "/v1/checkout/sessions")
    }
    assert len(keys) == 2
