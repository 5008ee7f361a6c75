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
from bot.domain.subscription import Status, Subscription
from bot.domain.usage import UsageReport
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.top_up_refunds import settle_refunded
from bot.services.usage import UsageService
from storage import accounts, checkouts, ledger
from storage.database import Database
from tests.integration.storage.at_once import learn_at_once
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


async def top_up_in_a_year(database: Database, context: Context) -> None:
    """Mia pays by the year, has used her first month's allowance, and buys one."""
    start_of_year = SUBSCRIPTION.period_start
    year = subscription(period_end=start_of_year + timedelta(days=365), interval=Interval.YEAR)
    period = replace(PERIOD, price_id=PriceId("price_pro_year"), period_end=year.period_end)
    await add_customer(database)
    await see(context, Snapshot(subscriptions=(year,), paid_periods=(period,)))
    await use(context, 1000)
    await top_up(context)


async def refunded(context: Context, amount: int, *, number: int = 1) -> None:
    """So much of the payment is given back in all, or less than before: events come twice."""
    for _ in range(2):
        await see(context, Snapshot(payments=(paid(number, refunded=amount),)))


async def moved(context: Context) -> list[int]:
    """What was bought in Mia's cycle, taken back and given back, in order."""
    async with context.database.read() as connection:
        entries = await ledger.top_ups_of(connection, SUBSCRIPTION.id, SUBSCRIPTION.period_start)
    return [entry.amount for entry in entries]


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
            await settle_refunded(connection, [paid().id], now=NOW)

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
    assert await moved(context) == [500, -150, -250]


async def test_a_refund_that_is_seen_before_the_purchase_leaves_nothing(
    mia: None, context: Context
) -> None:
    """Events come in any order."""
    await start(context.database)
    await see(context, Snapshot(payments=(paid(refunded=PRICE),)))
    assert (await balance(context)).topped_up == 0

    await see(context, Snapshot(completed_checkouts=(completed(),)))

    assert await balance(context) == Balance(1000, 0, 1000)


@pytest.mark.parametrize("order", [1, -1])
async def test_a_refund_that_is_seen_at_the_moment_of_the_purchase_leaves_nothing(
    mia: None, context: Context, order: int
) -> None:
    await start(context.database)
    await see(context, Snapshot(payments=(paid(),)))
    shown = (
        Snapshot(completed_checkouts=(completed(),)),
        Snapshot(payments=(paid(refunded=PRICE),)),
    )

    await learn_at_once(context, *shown[::order])

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
    await top_up_in_a_year(database, context)
    await use(context, 50)
    clock.advance(days=40)
    assert await balance(context) == Balance(1000, 450, 0)

    await see(context, Snapshot(payments=(paid(refunded=PRICE),)))

    assert await balance(context) == Balance(1000, 0, 0)


async def test_a_refund_that_comes_back_gives_back_what_it_took_once(
    mia: None, context: Context
) -> None:
    """As though it had never been made, however often it is told; and it can be made again."""
    await top_up(context)
    await use(context, 120)

    for _ in range(2):
        await refunded(context, PRICE)
        assert (await balance(context)).remaining == 0
        await refunded(context, 0)
        assert await balance(context) == Balance(1000, 500, 1120)

    assert await moved(context) == [500, -380, 380, -380, 380]


async def test_of_two_parts_that_were_refunded_one_comes_back(mia: None, context: Context) -> None:
    await top_up(context)
    await use(context, 100)
    await refunded(context, 300)
    await refunded(context, PRICE)

    await refunded(context, 700)  # the first part
    assert await moved(context) == [500, -150, -250, 50]
    await refunded(context, 0)  # and the second one
    assert await moved(context) == [500, -150, -250, 50, 350]
    assert (await balance(context)).remaining == 400


async def test_what_was_spent_was_not_taken_and_is_not_given_back(
    mia: None, context: Context
) -> None:
    await top_up(context, 1)
    await top_up(context, 2)
    await use(context, 600)
    await refunded(context, PRICE, number=1)
    await refunded(context, PRICE, number=2)

    await refunded(context, 0, number=1)
    assert await moved(context) == [500, 500, -400]
    await refunded(context, 0, number=2)

    assert await moved(context) == [500, 500, -400, 400]
    assert (await balance(context)).remaining == 400


@pytest.mark.parametrize(
    "now_there",
    [
        subscription(
            period_start=SUBSCRIPTION.period_end,
            period_end=SUBSCRIPTION.period_end + timedelta(days=30),
        ),
        subscription(status=Status.CANCELED, ended_at=NOW),
    ],
    ids=["renewed", "ended"],
)
async def test_s26_nothing_comes_back_into_a_cycle_that_is_over(
    mia: None, context: Context, now_there: Subscription
) -> None:
    await top_up(context)
    await refunded(context, PRICE)
    await see(context, Snapshot(subscriptions=(now_there,)))

    await refunded(context, 0)

    assert await moved(context) == [500, -500]


async def test_s26_nothing_comes_back_once_the_periods_end_has_come(
    mia: None, context: Context, clock: Clock
) -> None:
    """The provider's news of the renewal may be late."""
    await top_up(context)
    await refunded(context, PRICE)
    clock.advance(seconds=(SUBSCRIPTION.period_end - NOW).total_seconds())

    await refunded(context, 0)

    assert await moved(context) == [500, -500]


async def test_in_a_yearly_cycle_what_was_used_meanwhile_comes_out_of_it(
    database: Database, context: Context, clock: Clock
) -> None:
    """Use beyond the month's allowance takes from it, as it would have without the refund."""
    await top_up_in_a_year(database, context)
    await refunded(context, PRICE)
    clock.advance(days=30)
    await use(context, 1100)
    clock.advance(days=30)
    assert await balance(context) == Balance(1000, 0, 0)

    await refunded(context, 0)

    assert await balance(context) == Balance(1000, 400, 0)
