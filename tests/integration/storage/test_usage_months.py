"""Usage counts in the month of the billing cycle in which it happened (S4, S8, S26, S27)."""

from datetime import datetime, timedelta

import pytest

from bot.billing.provider import PaidPeriod, Snapshot
from bot.domain.allowance import Balance, EntryKind, allowance_months
from bot.domain.catalogue import Interval
from bot.domain.identifiers import PriceId, SubscriptionId
from bot.domain.subscription import Status
from bot.domain.usage import UsageStatus
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.usage import UsageService
from storage import ledger
from storage.database import Database
from tests.integration.storage.samples import (
    MIAS,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)
from tests.integration.storage.usage import (
    DAY,
    END,
    START,
    balance,
    grant,
    mia_pays,
    places,
    report,
    subscribe,
)


@pytest.fixture
def service(context: Context) -> UsageService:
    return UsageService(context)


async def test_late_usage_counts_in_the_month_in_which_it_happened(
    database: Database, service: UsageService
) -> None:
    before = START - timedelta(days=31)
    await mia_pays(database)
    await grant(database, start=before, end=START)

    await service.record([report("late", 40, at=START - DAY), report("now", 2, at=START)])

    assert await places(database) == [(before, before, 40), (START, START, 2)]
    assert await balance(database) == Balance(1000, 0, 2)


async def test_s27_a_new_cycle_starts_with_nothing_used_and_no_top_up(
    database: Database, service: UsageService, clock: Clock
) -> None:
    await mia_pays(database)
    await grant(database, units=500, kind=EntryKind.TOP_UP)
    await service.record([report("a", 1200)])
    assert await balance(database) == Balance(1000, 500, 1200)

    renewed = subscription(period_start=END, period_end=END + timedelta(days=30))
    await subscribe(database, renewed)
    await grant(database, renewed)
    clock.now = END + DAY
    await service.record([report("b", 3), report("late", 100, at=END - DAY)])

    assert await balance(database, clock.now) == Balance(1000, 0, 3)


@pytest.mark.parametrize(
    ("first", "moments"),
    [
        # From 31 January: the refills of the short months are on their last day.
        ("2026-01-31", ["2026-02-27", "2026-02-28", "2026-03-30", "2026-03-31"]),
        # A leap day: 29 February 2028, and 28 February when the year is over.
        ("2028-02-29", ["2028-03-28", "2028-03-29", "2029-02-27"]),
    ],
)
async def test_a_yearly_plan_refills_every_month_and_counts_each_for_itself(
    database: Database, service: UsageService, clock: Clock, first: str, moments: list[str]
) -> None:
    start = datetime.fromisoformat(f"{first}T10:00:00+00:00")
    end = start + timedelta(days=365)
    yearly = subscription(period_start=start, period_end=end, interval=Interval.YEAR)
    await mia_pays(database, yearly)
    months = allowance_months(start, end)
    used: dict[datetime, int] = {}

    for number, moment in enumerate(moments, start=1):
        clock.now = datetime.fromisoformat(f"{moment}T12:00:00+00:00")
        expected = max(month for month in months if month <= clock.now)
        used[expected] = used.get(expected, 0) + number * 100
        await service.record([report(moment, number * 100)])
        assert (await places(database))[-1] == (start, expected, number * 100)
        assert await balance(database, clock.now) == Balance(1000, 0, used[expected])

    assert len(used) == len({month for _, month, _ in await places(database)}) > 1


async def test_s26_top_ups_of_a_yearly_cycle_last_until_its_end(
    database: Database, service: UsageService, clock: Clock
) -> None:
    yearly = subscription(
        period_start=START, period_end=START + timedelta(days=365), interval=Interval.YEAR
    )
    await mia_pays(database, yearly)
    await grant(database, yearly, units=500, kind=EntryKind.TOP_UP)
    await service.record([report("a", 1200)])
    assert (await balance(database)).remaining == 300

    clock.advance(days=40)
    await service.record([report("b", 100)])
    assert await balance(database, clock.now) == Balance(1000, 300, 100)

    # Late usage of the first month takes from what was left of the top-up then.
    await service.record([report("c", 250, at=NOW + timedelta(days=8))])
    assert await balance(database, clock.now) == Balance(1000, 50, 100)


async def test_the_providers_clock_may_be_ahead(database: Database, service: UsageService) -> None:
    """The current cycle is the one that screens show, though it begins in our future."""
    ahead = subscription(period_start=NOW + 30 * DAY, period_end=NOW + 60 * DAY)
    await mia_pays(database, ahead)

    assert await service.record([report("a", 10)]) == [UsageStatus.RECORDED]

    assert await balance(database) == Balance(1000, 0, 10)


async def test_usage_right_after_a_renewal_waits_for_its_news(
    database: Database, service: UsageService, clock: Clock
) -> None:
    await mia_pays(database)
    clock.now = END + timedelta(minutes=3)

    await service.record([report("a", 25)])
    renewed = subscription(period_start=END, period_end=END + 30 * DAY)
    await subscribe(database, renewed)
    await grant(database, renewed)

    assert await balance(database, clock.now) == Balance(1000, 0, 25)


async def test_s4_after_the_end_nothing_is_recorded(
    database: Database, service: UsageService, clock: Clock
) -> None:
    await mia_pays(database, subscription(cancel_at=END))
    clock.now = END + DAY

    statuses = await service.record([report("a"), report("b", at=END - DAY)])

    assert statuses == [UsageStatus.NO_SUBSCRIPTION, UsageStatus.RECORDED]


async def test_s8_usage_after_a_plan_change_counts_in_the_new_plan(
    database: Database, service: UsageService
) -> None:
    old = subscription(status=Status.CANCELED, ended_at=NOW - DAY)
    new = subscription(
        id=SubscriptionId("sub_new"),
        created_at=NOW - DAY,
        period_start=NOW - DAY,
        period_end=NOW + 29 * DAY,
    )
    await mia_pays(database, old)
    await subscribe(database, new)
    await grant(database, new, units=5000)

    await service.record([report("a", 7), report("before", 9, at=NOW - 2 * DAY)])

    assert await places(database) == [(START, START, 9), (NOW - DAY, NOW - DAY, 7)]
    assert await balance(database) == Balance(5000, 0, 7)


async def test_s27_a_plan_change_starts_with_nothing_used_and_no_top_up(
    database: Database, service: UsageService
) -> None:
    await mia_pays(database)
    await grant(database, units=500, kind=EntryKind.TOP_UP)
    await service.record([report("a", 1100)])

    await subscribe(
        database,
        subscription(status=Status.CANCELED, ended_at=NOW),
        upgrade := subscription(
            id=SubscriptionId("sub_new"),
            created_at=NOW,
            period_start=NOW,
            period_end=NOW + 30 * DAY,
        ),
    )
    await grant(database, upgrade, units=5000)

    assert await balance(database) == Balance(5000, 0, 0)


@pytest.mark.parametrize(
    ("price", "period", "months"),
    [
        # A subscription that began on a 31st: its periods end on the last day of short months.
        ("price_pro_month", "2026-02-28/2026-03-31", 1),
        ("price_pro_month", "2026-04-30/2026-05-31", 1),
        ("price_pro_month", "2026-01-31/2026-02-28", 1),
        ("price_pro_year", "2026-01-31/2027-01-31", 12),
        ("price_pro_year", "2031-02-28/2032-02-29", 12),
        ("price_pro_year", "2028-02-29/2029-02-28", 12),
    ],
)
async def test_a_paid_period_is_granted_as_often_as_it_has_months(
    database: Database, context: Context, price: str, period: str, months: int
) -> None:
    first, last = (datetime.fromisoformat(f"{day}T10:00+00:00") for day in period.split("/"))
    paid = PaidPeriod(MIAS, SUBSCRIPTION.id, PriceId(price), first, last)
    cycle = (SUBSCRIPTION.id, first)
    await add_customer(database)

    for _ in range(2):
        async with database.write() as connection:
            await apply(connection, context, Snapshot(paid_periods=(paid,)), asked_at=NOW)

    async with database.read() as connection:
        found = (await ledger.sums_of_cycles(connection, [cycle]))[cycle]
    assert [month.granted for month in found] == [1000] * months
