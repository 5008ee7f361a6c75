"""The mirror of the providers' subscriptions."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, SubscriptionId
from bot.domain.money import Money
from bot.domain.subscription import Status, Subscription
from storage.schema import subscriptions
from storage.upsert import replace_older


def to_subscription(row: sa.Row[tuple[object, ...]]) -> Subscription:
    """A row with the columns of `subscriptions`."""
    return Subscription(
        row.id,
        row.provider,
        row.customer_id,
        row.plan_id,
        row.price_id,
        Interval(row.interval),
        Money(row.amount, row.currency),
        Status(row.status),
        row.created_at,
        row.period_start,
        row.period_end,
        row.cancel_at,
        row.ended_at,
    )


async def save(
    connection: AsyncConnection, subscription: Subscription, *, asked_at: datetime
) -> bool:
    """Take over the provider's state, unless a later asked one is there already."""
    row = {
        "id": subscription.id,
        "provider": subscription.provider,
        "customer_id": subscription.customer_id,
        "plan_id": subscription.plan_id,
        "price_id": subscription.price_id,
        "interval": subscription.interval.value,
        "amount": subscription.price.amount,
        "currency": subscription.price.currency,
        "status": subscription.status.value,
        "created_at": subscription.created_at,
        "period_start": subscription.period_start,
        "period_end": subscription.period_end,
        "cancel_at": subscription.cancel_at,
        "ended_at": subscription.ended_at,
        "asked_at": asked_at,
    }
    return await replace_older(connection, subscriptions, row)


async def find(connection: AsyncConnection, subscription_id: SubscriptionId) -> Subscription | None:
    """The subscription as last seen."""
    statement = sa.select(subscriptions).where(subscriptions.c.id == subscription_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else to_subscription(row)


async def find_many(
    connection: AsyncConnection, ids: Sequence[SubscriptionId]
) -> dict[SubscriptionId, Subscription]:
    """Those of them that are known."""
    if not ids:
        return {}
    rows = await connection.execute(sa.select(subscriptions).where(subscriptions.c.id.in_(ids)))
    return {row.id: to_subscription(row) for row in rows}


async def of_customers(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> list[Subscription]:
    """Every subscription of the customers, newest first."""
    rows = await connection.execute(
        sa.select(subscriptions)
        .where(subscriptions.c.customer_id.in_(customer_ids))
        .order_by(subscriptions.c.created_at.desc())
    )
    return [to_subscription(row) for row in rows]
