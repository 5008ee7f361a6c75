"""A refunded top-up: its unspent part leaves the ledger once, and nothing else ends (S26)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.billing.provider import CompletedCheckout, PaidPeriod, Snapshot
from bot.domain.allowance import Balance
from bot.domain.catalogue import Interval
from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.identifiers import CheckoutId, PaymentId, PriceId
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.usage import UsageReport
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.top_up_refunds import take_back
from bot.services.usage import UsageService
from storage import accounts, checkouts, ledger
from storage.database import Database
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    NOW,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
    payment,
    subscription,
)

UNITS, PRICE = 500, 1000
PERIOD = PaidPeriod(
    MIAS,
    SUBSCRIPTION.id,
    PriceId("price_pro_month"),
    SUBSCRIPTION.period_start,
    SUBSCRIPTION.period_end,
)


@pytest.fixture
async def mia(database: Database, context: Context) -> None:
    """Mia has paid for Pro, and has used her whole allowance."""
    await add_customer(database)
    await see(context, Snapshot(subscriptions=(SUBSCRIPTION,), paid_periods=(PERIOD,)))
    await use(context, 1000)


async def see(context: Context, snapshot: Snapshot) -> None:
    """Take over what the provider shows."""
    async with context.database.write() as connection:
        await apply(connection, context, snapshot, asked_at=context.clock())


async def use(context: Context, amount: int) -> None:
    await UsageService(context).record([UsageReport(context.new_id(), MIAS, amount, None)])


def paid(number: int = 1, *, refunded: int = 0) -> Payment:
    """The payment of one of Mia's top-ups."""
    return payment(
        id=PaymentId(f"pi_top_up_{number}"),
        invoice_id=None,
        subscription_id=None,
        purpose=PaymentPurpose.TOP_UP,
        amount=Money(PRICE, "usd"),
        refunded=Money(refunded, "usd"),
        period_start=None,
        period_end=None,
        paid_at=NOW,
    )


async def start(database: Database, number: int = 1) -> None:
    """Mia has gone to the provider's page."""
    checkout = Checkout(
        id=CheckoutId(f"C{number}"),
        user_id=MIA,
        guild_id=None,
        provider=STRIPE,
        customer_id=MIAS,
        price_id=PriceId("price_top_up_500"),
        purpose=PaymentPurpose.TOP_UP,
        state=CheckoutState.OPENING,
        created_at=NOW,
        tops_up=SUBSCRIPTION.id,
        cycle_start=SUBSCRIPTION.period_start,
        units=UNITS,
    )
    async with database.write() as connection:
        await checkouts.add(connection, checkout, screen={})


def completed(number: int = 1) -> CompletedCheckout:
    return CompletedCheckout(CheckoutId(f"C{number}"), MIAS, None, paid(number).id)


async def top_up(context: Context, number: int = 1) -> None:
    """Mia buys one."""
    await start(context.database, number)
    await see(context, Snapshot(payments=(paid(number),), completed_checkouts=(completed(number),)))


async def balance(context: Context) -> Balance:
    async with context.database.read() as connection:
        account = await accounts.of_user(connection, MIA, now=context.clock())
    assert account is not None
    return account.balance


async def test_what_is_spent_stays_and_the_rest_is_taken_back_once(
    mia: None, context: Context
) -> None:
    await top_up(context)
    await use(context, 120)
    assert await balance(context) == Balance(1000, 500, 1120)

    for _ in range(2):
        await see(context, Snapshot(payments=(paid(refunded=PRICE),)))
        async with context.database.write() as connection:
            await take_back(connection, [paid().id], now=NOW)

    assert await balance(context) == Balance(1000, 120, 1120)
    assert (await balance(context)).remaining == 0


async def test_an_untouched_one_goes_whole_and_a_spent_one_leaves_nothing_to_take(
    mia: None, context: Context
) -> None:
    await top_up(context, 1)
    await top_up(context, 2)
    await use(context, 500)

    await see(context, Snapshot(payments=(paid(1, refunded=PRICE),)))
    assert await balance(context) == Balance(1000, 1000, 1500)
    await see(context, Snapshot(payments=(paid(2, refunded=PRICE),)))
    assert await balance(context) == Balance(1000, 500, 1500)


async def test_a_partial_refund_takes_its_share_and_the_rest_follows(
    mia: None, context: Context
) -> None:
    await top_up(context)
    await use(context, 100)

    await see(context, Snapshot(payments=(paid(refunded=300),)))
    assert (await balance(context)).remaining == 250
    await see(context, Snapshot(payments=(paid(refunded=PRICE),)))
    assert (await balance(context)).remaining == 0
    async with context.database.read() as connection:
        entries = await ledger.top_ups_of(connection, SUBSCRIPTION.id, SUBSCRIPTION.period_start)
    assert [entry.amount for entry in entries] == [500, -150, -250]


async def test_a_refund_that_is_seen_before_the_purchase_leaves_nothing(
    mia: None, context: Context
) -> None:
    """Events come in any order."""
    await start(context.database)
    await see(context, Snapshot(payments=(paid(refunded=PRICE),)))
    assert (await balance(context)).topped_up == 0

    await see(context, Snapshot(completed_checkouts=(completed(),)))

    assert await balance(context) == Balance(1000, 0, 1000)


async def test_a_refund_of_another_payment_takes_nothing(mia: None, context: Context) -> None:
    await top_up(context)

    await see(
        context, Snapshot(payments=(payment(refunded=Money(2000, "usd")), paid(2, refunded=9)))
    )

    assert await balance(context) == Balance(1000, 500, 1000)


async def test_in_a_yearly_cycle_later_months_lose_it_too(
    database: Database, context: Context, clock: Clock
) -> None:
    start_of_year = SUBSCRIPTION.period_start
    year = subscription(period_end=start_of_year + timedelta(days=365), interval=Interval.YEAR)
    period = replace(PERIOD, price_id=PriceId("price_pro_year"), period_end=year.period_end)
    await add_customer(database)
    await see(context, Snapshot(subscriptions=(year,), paid_periods=(period,)))
    await use(context, 1000)
    await top_up(context)
    await use(context, 50)
    clock.advance(days=40)
    assert await balance(context) == Balance(1000, 450, 0)

    await see(context, Snapshot(payments=(paid(refunded=PRICE),)))

    assert await balance(context) == Balance(1000, 0, 0)
