"""Grants, top-ups and usage; the balance is their sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import EntryKind, MonthSums
from bot.domain.identifiers import CustomerId, SubscriptionId
from storage.schema import EPOCH, ledger
from storage.upsert import insert_new

_COLON = sa.literal_column("':'", sa.Text)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the cycle that began at `period_start`, in the month from `month_start`.

    Its key is unique for ever, so that nothing counts twice.
    """

    key: str
    customer_id: CustomerId
    subscription_id: SubscriptionId
    period_start: datetime
    month_start: datetime
    kind: EntryKind
    amount: int


async def record(connection: AsyncConnection, entries: Sequence[Entry], *, now: datetime) -> int:
    """Add the entries whose keys are new; returns how many were."""
    rows = [
        {
            "key": entry.key,
            "customer_id": entry.customer_id,
            "subscription_id": entry.subscription_id,
            "period_start": entry.period_start,
            "month_start": entry.month_start,
            "kind": entry.kind.value,
            "amount": entry.amount,
            "recorded_at": now,
        }
        for entry in entries
    ]
    return await insert_new(connection, ledger, rows, unique=["key"])


def month_sums_of(
    subscription_id: sa.ColumnElement[str], period_start: sa.ColumnElement[datetime]
) -> sa.ScalarSelect[str]:
    """The sums of one billing cycle as a column of another query; see `parse_month_sums`."""
    sums = (
        sa.select(
            sa.type_coerce(ledger.c.month_start, sa.BigInteger).label("month_start"),
            ledger.c.kind,
            sa.func.sum(ledger.c.amount).label("total"),
        )
        .where(ledger.c.subscription_id == subscription_id, ledger.c.period_start == period_start)
        .group_by(ledger.c.month_start, ledger.c.kind)
        .correlate(subscription_id.table, period_start.table)
        .subquery("sums")
    )
    parts = (sa.cast(sums.c.month_start, sa.Text), sums.c.kind, sa.cast(sums.c.total, sa.Text))
    line = parts[0] + _COLON + parts[1] + _COLON + parts[2]
    return sa.select(sa.func.aggregate_strings(line, " ")).scalar_subquery()


def parse_month_sums(written: str | None) -> list[MonthSums]:
    """The months of a cycle, from what `month_sums_of` gives."""
    months: dict[int, dict[str, int]] = {}
    for line in (written or "").split():
        month, kind, total = line.split(":")
        months.setdefault(int(month), {})[kind] = int(total)
    return [
        MonthSums(
            EPOCH + timedelta(milliseconds=month),
            granted=sums.get(EntryKind.GRANT, 0),
            topped_up=sums.get(EntryKind.TOP_UP, 0),
            used=sums.get(EntryKind.USAGE, 0),
        )
        for month, sums in months.items()
    ]
