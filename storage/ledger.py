"""Grants, top-ups and usage; the balance is their sum."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import (
    Balance,
    EntryKind,
    MonthSums,
    balance_of,
    balance_until_paid,
)
from bot.domain.identifiers import CustomerId, SubscriptionId
from bot.domain.plan_switch import Bought
from bot.domain.usage import CycleMonth
from storage.columns import EPOCH
from storage.schema import ledger, ledger_months
from storage.upsert import insert_many_new, insert_new

# A billing cycle: whose, and when it began.
Cycle = tuple[SubscriptionId, datetime]

_COLON = sa.literal_column("':'", sa.Text)
# Any constant that is not the audit log's.
_USAGE_LOCK = 7_130_002


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the cycle that began at `period_start`, in the month from `month_start`.

    Its key is unique for ever, so that nothing counts twice. `bought` is what a grant is for.
    """

    key: str
    customer_id: CustomerId
    subscription_id: SubscriptionId
    period_start: datetime
    month_start: datetime
    kind: EntryKind
    amount: int
    bought: Bought | None = None


def _row(entry: Entry, now: datetime) -> dict[str, object]:
    return {
        "key": entry.key,
        "customer_id": entry.customer_id,
        "subscription_id": entry.subscription_id,
        "period_start": entry.period_start,
        "month_start": entry.month_start,
        "kind": entry.kind.value,
        "amount": entry.amount,
        "plan_id": entry.bought and entry.bought.plan_id,
        "price_id": entry.bought and entry.bought.price_id,
        "quantity": entry.bought and entry.bought.quantity,
        "recorded_at": now,
    }


def _bought(row: sa.Row[tuple[object, ...]]) -> Bought | None:
    return None if row.plan_id is None else Bought(row.plan_id, row.price_id, row.quantity)


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    return Entry(
        row.key,
        row.customer_id,
        row.subscription_id,
        row.period_start,
        row.month_start,
        EntryKind(row.kind),
        row.amount,
        _bought(row),
    )


async def record(connection: AsyncConnection, entries: Sequence[Entry], *, now: datetime) -> int:
    """Add the entries whose keys are new; returns how many were."""
    rows = [_row(entry, now) for entry in entries]
    return await insert_new(connection, ledger, rows, unique=["key"])


async def record_many(
    connection: AsyncConnection, entries: Sequence[Entry], *, now: datetime
) -> None:
    """Like `record`, ten times as fast for a thousand entries; it does not count them."""
    rows = [_row(entry, now) for entry in entries]
    await insert_many_new(connection, ledger, rows, unique=["key"])


def month_sums_of(
    subscription_id: sa.ColumnElement[str], period_start: sa.ColumnElement[datetime]
) -> sa.ScalarSelect[str]:
    """The sums of one billing cycle as a column of another query; see `parse_month_sums`."""
    columns = (
        sa.type_coerce(ledger_months.c.month_start, sa.BigInteger),
        ledger_months.c.granted,
        ledger_months.c.topped_up,
        ledger_months.c.used,
    )
    parts = [sa.cast(column, sa.Text) for column in columns]
    line = parts[0] + _COLON + parts[1] + _COLON + parts[2] + _COLON + parts[3]
    return (
        sa.select(sa.func.aggregate_strings(line, " "))
        .where(
            ledger_months.c.subscription_id == subscription_id,
            ledger_months.c.period_start == period_start,
        )
        .correlate(subscription_id.table, period_start.table)
        .scalar_subquery()
    )


def parse_month_sums(written: str | None) -> list[MonthSums]:
    """The months of a cycle, from what `month_sums_of` gives."""
    return [
        MonthSums(EPOCH + timedelta(milliseconds=month), granted, topped_up, used)
        for month, granted, topped_up, used in (
            map(int, line.split(":")) for line in (written or "").split()
        )
    ]


async def sums_of_cycles(
    connection: AsyncConnection, cycles: Collection[Cycle]
) -> dict[Cycle, list[MonthSums]]:
    """The months of several billing cycles; one without entries is left out."""
    cycle = sa.tuple_(ledger_months.c.subscription_id, ledger_months.c.period_start)
    rows = await connection.execute(sa.select(ledger_months).where(cycle.in_(list(cycles))))
    found: dict[Cycle, list[MonthSums]] = {}
    for row in rows:
        months = found.setdefault((row.subscription_id, row.period_start), [])
        months.append(MonthSums(row.month_start, row.granted, row.topped_up, row.used))
    return found


async def balance(
    connection: AsyncConnection, cycle: Cycle, months: Sequence[MonthSums], *, now: datetime
) -> Balance:
    """The balance in a billing cycle with these months; see `balance_until_paid`."""
    if any(each.granted for each in months):
        return balance_of(months, now=now)
    if await first_grant(connection, cycle) is not None:
        return balance_of(months, now=now)  # of a plan that includes nothing
    last = await _months_before(connection, cycle)
    return balance_until_paid(last, months, since=cycle[1], now=now)


async def _months_before(connection: AsyncConnection, cycle: Cycle) -> list[MonthSums]:
    """The months of the newest earlier cycle of the subscription that was granted."""
    subscription_id, start = cycle
    table = ledger_months.alias("earlier")
    newest = (
        sa.select(sa.func.max(table.c.period_start))
        .where(
            table.c.subscription_id == subscription_id,
            table.c.period_start < start,
            table.c.granted > 0,
        )
        .scalar_subquery()
    )
    rows = await connection.execute(
        sa.select(ledger_months).where(
            ledger_months.c.subscription_id == subscription_id,
            ledger_months.c.period_start == newest,
        )
    )
    return [MonthSums(row.month_start, row.granted, row.topped_up, row.used) for row in rows]


async def bought_in(connection: AsyncConnection, cycles: Collection[Cycle]) -> dict[Cycle, Bought]:
    """What the allowance of several billing cycles was granted for; none for one without."""
    if not cycles:
        return {}
    cycle = sa.tuple_(ledger.c.subscription_id, ledger.c.period_start)
    rows = await connection.execute(
        sa.select(ledger)
        .where(cycle.in_(list(cycles)), ledger.c.kind == EntryKind.GRANT.value)
        .order_by(ledger.c.id)
    )
    found = {(row.subscription_id, row.period_start): _bought(row) for row in rows}
    return {cycle: bought for cycle, bought in found.items() if bought is not None}


async def first_grant(connection: AsyncConnection, cycle: Cycle) -> str | None:
    """The key of the entry with which a billing cycle's allowance began."""
    subscription_id, period_start = cycle
    key: str | None = await connection.scalar(
        sa.select(ledger.c.key)
        .where(
            ledger.c.subscription_id == subscription_id,
            ledger.c.period_start == period_start,
            ledger.c.kind == EntryKind.GRANT.value,
        )
        .order_by(ledger.c.id)
        .limit(1)
    )
    return key


async def months_since(
    connection: AsyncConnection, subscription_ids: Sequence[SubscriptionId], *, since: datetime
) -> dict[SubscriptionId, set[CycleMonth]]:
    """The months from `since` on in which anything was granted or used, of each subscription."""
    rows = await connection.execute(
        sa.select(
            ledger_months.c.subscription_id,
            ledger_months.c.period_start,
            ledger_months.c.month_start,
        ).where(
            ledger_months.c.subscription_id.in_(subscription_ids),
            ledger_months.c.month_start >= since,
        )
    )
    months: dict[SubscriptionId, set[CycleMonth]] = {}
    for row in rows:
        month = CycleMonth(row.subscription_id, row.period_start, row.month_start)
        months.setdefault(month.subscription_id, set()).add(month)
    return months


async def used_since(
    connection: AsyncConnection, subscription_ids: Sequence[SubscriptionId], *, since: datetime
) -> dict[CycleMonth, int]:
    """What was used in each of the months from `since` on."""
    rows = await connection.execute(
        sa.select(ledger_months).where(
            ledger_months.c.subscription_id.in_(subscription_ids),
            ledger_months.c.month_start >= since,
        )
    )
    return {
        CycleMonth(row.subscription_id, row.period_start, row.month_start): row.used for row in rows
    }


async def used_between(
    connection: AsyncConnection,
    subscription_id: SubscriptionId,
    *,
    since: datetime,
    until: datetime,
) -> tuple[int, int]:
    """What was used of a subscription in the months that began in this time, and what there was."""
    row = (
        await connection.execute(
            sa.select(
                sa.func.coalesce(sa.func.sum(ledger_months.c.used), 0),
                sa.func.coalesce(
                    sa.func.sum(ledger_months.c.granted + ledger_months.c.topped_up), 0
                ),
            ).where(
                ledger_months.c.subscription_id == subscription_id,
                ledger_months.c.month_start >= since,
                ledger_months.c.month_start < until,
            )
        )
    ).one()
    return int(row[0]), int(row[1])


async def recorded(
    connection: AsyncConnection, keys: Sequence[str]
) -> dict[str, tuple[CustomerId, int]]:
    """The customers and amounts of those keys that are in the ledger."""
    rows = await connection.execute(
        sa.select(ledger.c.key, ledger.c.customer_id, ledger.c.amount).where(ledger.c.key.in_(keys))
    )
    return {row.key: (row.customer_id, row.amount) for row in rows}


async def top_ups_of(
    connection: AsyncConnection, subscription_id: SubscriptionId, period_start: datetime
) -> list[Entry]:
    """The top-ups of a billing cycle, and what was taken back of them, in order."""
    rows = await connection.execute(
        sa.select(ledger)
        .where(
            ledger.c.subscription_id == subscription_id,
            ledger.c.period_start == period_start,
            ledger.c.kind == EntryKind.TOP_UP.value,
        )
        .order_by(ledger.c.id)
    )
    return [_entry(row) for row in rows]


async def find(connection: AsyncConnection, key: str) -> Entry | None:
    """The entry with this key."""
    row = (await connection.execute(sa.select(ledger).where(ledger.c.key == key))).first()
    return None if row is None else _entry(row)


async def have_alone(connection: AsyncConnection) -> None:
    """Let nobody else report usage until this transaction ends.

    What is read before it is recorded, keys and balances, would change in between otherwise.
    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_USAGE_LOCK)))
