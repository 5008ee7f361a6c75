"""Grants, top-ups and usage; the balance of a period is their sum."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import EntryKind
from bot.domain.identifiers import CustomerId, SubscriptionId
from storage.schema import ledger
from storage.upsert import insert_new


async def record(
    connection: AsyncConnection,
    *,
    key: str,
    customer_id: CustomerId,
    subscription_id: SubscriptionId,
    period_start: datetime,
    kind: EntryKind,
    amount: int,
    now: datetime,
) -> bool:
    """Add an entry to a period; False when the key is there already, so nothing counts twice."""
    row = {
        "key": key,
        "customer_id": customer_id,
        "subscription_id": subscription_id,
        "period_start": period_start,
        "kind": kind.value,
        "amount": amount,
        "recorded_at": now,
    }
    return bool(await insert_new(connection, ledger, [row], unique=["key"]))


def sum_of(
    kind: EntryKind,
    subscription_id: sa.ColumnElement[str],
    period_start: sa.ColumnElement[datetime],
) -> sa.ScalarSelect[int]:
    """The sum of one kind of entry in one period, as a column of another query."""
    return (
        sa.select(sa.func.coalesce(sa.func.sum(ledger.c.amount), sa.literal_column("0")))
        .where(
            ledger.c.subscription_id == subscription_id,
            ledger.c.period_start == period_start,
            ledger.c.kind == sa.literal_column(f"'{kind.value}'"),
        )
        .scalar_subquery()
    )
