"""Reported usage: each entry has its answer, counts once, and tells when nothing is left."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from bot.domain.allowance import Balance, EntryKind
from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, SubscriptionId, UserId
from bot.domain.usage import UsageStatus
from bot.services.context import Context
from bot.services.usage import UsageService
from storage import customers, ledger, subscriptions
from storage.database import Database
from tests.integration.storage.samples import (
    MIA,
    NOOR,
    NOW,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)
from tests.integration.storage.usage import (
    DAY,
    START,
    balance,
    grant,
    mia_pays,
    notices,
    places,
    report,
    subscribe,
)


@pytest.fixture
def service(context: Context) -> UsageService:
    return UsageService(context)


async def test_usage_is_taken_off_the_balance_by_customer_and_by_user(
    database: Database, service: UsageService
) -> None:
    await mia_pays(database)

    statuses = await service.record(
        [report("a", 30), report("b", 12, account=MIA), report("c", 8, at=NOW - DAY)]
    )

    assert statuses == [UsageStatus.RECORDED] * 3
    assert await balance(database) == Balance(1000, 0, 50)
    assert await places(database) == [(START, START, 30), (START, START, 12), (START, START, 8)]


async def test_each_entry_has_its_own_answer(database: Database, service: UsageService) -> None:
    await mia_pays(database)
    noors = CustomerId("cus_noor")
    await add_customer(database, noors, user_id=None)
    await service.record([report("before", 5)])

    statuses = await service.record(
        [
            report("new", 5),
            report("new", 5),
            report("new", 6),
            report("new", 5, account=noors),
            report("before", 5),
            report("before", 7),
            report("before", 5, account=CustomerId("cus_nobody")),
            report("x", 1, account=CustomerId("cus_nobody")),
            report("y", 1, account=NOOR),
            report("z", 1, account=noors),
            report("old", 1, at=NOW - timedelta(days=36)),
            report("early", 1, at=NOW + timedelta(minutes=6)),
            report("first", 1, at=datetime.min.replace(tzinfo=NOW.tzinfo)),
            report("last", 1, at=datetime.max.replace(tzinfo=NOW.tzinfo)),
        ]
    )

    assert [each.value for each in statuses] == [
        "recorded",
        "duplicate",
        "conflict",
        "conflict",
        "duplicate",
        "conflict",
        "duplicate",
        "unknown_customer",
        "unknown_customer",
        "no_subscription",
        "out_of_range",
        "out_of_range",
        "out_of_range",
        "out_of_range",
    ]
    assert (await balance(database)).used == 10


async def test_a_key_of_another_kind_of_entry_is_no_conflict(
    database: Database, service: UsageService
) -> None:
    """The vendor's keys cannot stand in the way of a grant or a top-up."""
    await mia_pays(database)
    grants = f"grant:{SUBSCRIPTION.id}:{START}"

    assert await service.record([report(grants)]) == [UsageStatus.RECORDED]


async def test_a_batch_that_is_repeated_counts_once(
    database: Database, service: UsageService
) -> None:
    """Its answer was lost, or the process was killed after the commit."""
    await mia_pays(database)
    batch = [report(f"k{number}", 2) for number in range(50)]
    assert set(await service.record(batch)) == {UsageStatus.RECORDED}

    assert set(await service.record(batch)) == {UsageStatus.DUPLICATE}
    more = [*batch, report("one more", 1)]
    assert (await service.record(more))[-1] is UsageStatus.RECORDED

    assert (await balance(database)).used == 101


async def test_a_batch_is_recorded_with_its_notice_or_not_at_all(
    database: Database, service: UsageService
) -> None:
    await mia_pays(database)
    await rename(database, "jobs", "away")

    with pytest.raises(DBAPIError):
        await service.record([report("a", 1000)])

    await rename(database, "away", "jobs")
    assert (await balance(database)).used == 0
    assert await service.record([report("a", 1000)]) == [UsageStatus.RECORDED]
    assert len(await notices(database)) == 1


async def rename(database: Database, table: str, name: str) -> None:
    async with database.write() as connection:
        await connection.execute(sa.text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_processes_that_report_the_same_at_once_count_it_once(
    database_url: str, database: Database, context: Context
) -> None:
    await mia_pays(database)
    other = Database(database_url)
    services = [UsageService(context)]
    services += [UsageService(replace_database(context, other)) for _ in range(3)]
    try:
        answers = await asyncio.gather(
            *(
                each.record([report("same", 600), report(f"own {number}", 100)])
                for number, each in enumerate(services)
            )
        )
    finally:
        await other.close()

    same = sorted(answer[0].value for answer in answers)
    assert same == ["duplicate"] * 3 + ["recorded"]
    assert (await balance(database)).used == 1000
    # Whichever came last has seen that nothing is left.
    assert len(await notices(database)) == 1


def replace_database(context: Context, database: Database) -> Context:
    """The same services in another process."""
    return replace(context, database=database)


async def test_corrections_take_back_a_mistake_and_no_more(
    database: Database, service: UsageService
) -> None:
    await mia_pays(database)
    await service.record([report("a", 300)])

    assert await service.record([report("undo a", -300)]) == [UsageStatus.RECORDED]
    assert await service.record([report("undo a", -300)]) == [UsageStatus.DUPLICATE]
    assert await balance(database) == Balance(1000, 0, 0)

    assert await service.record([report("too much", -50)]) == [UsageStatus.EXCEEDS_USAGE]
    assert await balance(database) == Balance(1000, 0, 0)
    await service.record([report("b", 50)])
    assert await balance(database) == Balance(1000, 0, 50)


async def test_a_correction_counts_with_what_the_batch_says_before_it(
    database: Database, service: UsageService
) -> None:
    await mia_pays(database)
    await service.record([report("before", 10)])

    statuses = await service.record(
        [
            report("too early", -40),
            report("a", 30),
            report("too early", -40),
            report("rest", -1),
            report("rest", -1),
        ]
    )

    assert [each.value for each in statuses] == [
        "exceeds_usage",
        "recorded",
        "recorded",
        "exceeds_usage",
        "exceeds_usage",
    ]
    assert await balance(database) == Balance(1000, 0, 0)


async def test_nothing_left_is_told_once_in_each_month(
    database: Database, service: UsageService, clock: Clock
) -> None:
    yearly = subscription(
        period_start=START, period_end=START + timedelta(days=365), interval=Interval.YEAR
    )
    await mia_pays(database, yearly)
    await service.record([report("a", 999)])
    assert await notices(database) == []

    await service.record([report("b", 1)])
    await service.record([report("c", 1)])
    await service.record([report("undo", -500)])
    await service.record([report("d", 700)])
    assert len(await notices(database)) == 1

    clock.advance(days=31)
    await service.record([report("e", 900)])
    assert len(await notices(database)) == 1
    await service.record([report("f", 100)])
    [first, second] = await notices(database)
    assert first != second


async def test_nothing_is_told_of_a_month_that_is_over_or_not_paid_yet(
    database: Database, service: UsageService, clock: Clock
) -> None:
    await add_customer(database)
    await subscribe(database, SUBSCRIPTION)
    await grant(database, start=START - 31 * DAY, end=START)

    await service.record([report("late", 2000, at=START - DAY), report("unpaid", 5)])

    assert await notices(database) == []


async def test_a_thousand_reports_take_a_handful_of_statements(
    database: Database, service: UsageService
) -> None:
    """However many customers they are about."""
    count = 200
    async with database.write() as connection:
        for number in range(count):
            each = subscription(
                id=SubscriptionId(f"sub_{number}"), customer_id=CustomerId(f"cus_{number}")
            )
            await customers.save(connection, each.customer_id, provider=STRIPE, email=None)
            await customers.link(connection, each.customer_id, UserId(5000 + number), now=NOW)
            await subscriptions.save(connection, each, asked_at=NOW)
    for number in range(count):
        await grant(
            database,
            subscription(
                id=SubscriptionId(f"sub_{number}"), customer_id=CustomerId(f"cus_{number}")
            ),
        )
    batch = [
        report(
            f"k{number}",
            number + 1,
            account=CustomerId(f"cus_{number % count}")
            if number % 2
            else UserId(5000 + number % count),
        )
        for number in range(1000)
    ]
    statements: list[str] = []
    engine = database._writer.sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        statuses = await service.record(batch)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)

    assert set(statuses) == {UsageStatus.RECORDED}
    assert len(statements) <= 10, statements
    async with database.read() as connection:
        cycles = [(SubscriptionId(f"sub_{number}"), START) for number in range(count)]
        sums = await ledger.sums_of_cycles(connection, cycles)
    assert sum(month.used for [month] in sums.values()) == sum(range(1, 1001))


async def test_the_sums_of_months_are_those_of_their_entries(
    database: Database, service: UsageService
) -> None:
    """Whoever writes the ledger, and also when something is taken out of it."""
    await mia_pays(database)
    await grant(database, start=START - 31 * DAY, end=START)
    await grant(database, units=500, kind=EntryKind.TOP_UP)
    await service.record(
        [report(f"k{number}", 11 - 2 * number, at=NOW - number * DAY) for number in range(9)]
    )
    await service.record([report("k1", 7), report("late", 40, at=START - DAY)])
    assert await sums_kept(database) == await sums_counted(database)

    async with database.write() as connection:
        await connection.execute(sa.text("DELETE FROM ledger WHERE amount > 7"))
    assert await sums_kept(database) == await sums_counted(database)
    async with database.write() as connection:
        await connection.execute(sa.text("DELETE FROM ledger"))
    assert await sums_kept(database) == []


async def sums_kept(database: Database) -> list[tuple[int, ...]]:
    """Each month with what was granted, topped up and used, from the table of sums."""
    statement = "SELECT month_start, granted, topped_up, used FROM ledger_months ORDER BY 1"
    async with database.read() as connection:
        rows = await connection.execute(sa.text(statement))
        # A month that lost everything stays, and counts nothing.
        return [tuple(row) for row in rows if any(row[1:])]


async def sums_counted(database: Database) -> list[tuple[int, ...]]:
    """The same from the entries themselves."""
    sums = ", ".join(
        f"sum(CASE kind WHEN '{kind}' THEN amount ELSE 0 END)"
        for kind in ("grant", "top_up", "usage")
    )
    statement = f"SELECT month_start, {sums} FROM ledger GROUP BY 1 ORDER BY 1"  # noqa: S608
    async with database.read() as connection:
        return [tuple(map(int, row)) for row in await connection.execute(sa.text(statement))]
