"""The mirror of the providers' subscriptions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalogue import Interval
from bot.domain.identifiers import ERASED_USER, CustomerId, PriceId, SubscriptionId
from bot.domain.money import Money
from bot.domain.offer import OfferTerms, reduction_of
from bot.domain.subscription import Status, Subscription
from storage.offers import agreed_terms
from storage.schema import checkouts, customers, subscriptions
from storage.upsert import replace_older

# A subscription with what was agreed to about its price: no screen tells the one without the other.
WITH_TERMS = (subscriptions, agreed_terms(subscriptions.c.id).label("agreed"))


def to_subscription(row: sa.Row[tuple[object, ...]]) -> Subscription:
    """A row that has `WITH_TERMS`."""
    found = Subscription(
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
        row.quantity,
        None if row.cycle_start == row.period_start else row.cycle_start,
        row.resumes_at,
    )
    if row.agreed is None:
        return found
    return replace(found, reduction=reduction_of(found, OfferTerms.from_payload(row.agreed)))


async def save(
    connection: AsyncConnection, subscription: Subscription, *, asked_at: datetime
) -> bool:
    """Take over the provider's state, unless a later asked one is there already.

    The provider knows nothing of cycles: the one that runs goes on until the period ends.
    """
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
        "resumes_at": subscription.resumes_at,
        "quantity": subscription.quantity,
        "cycle_start": subscription.cycle_start,
        "asked_at": asked_at,
    }
    return await replace_older(
        connection, subscriptions, row, kept_with={"cycle_start": "period_start"}
    )


async def begin_cycle(
    connection: AsyncConnection, subscription: Subscription, moment: datetime
) -> bool:
    """Let the allowance's cycle begin anew; False when another has begun since this was read."""
    begun = await connection.execute(
        sa.update(subscriptions)
        .where(
            subscriptions.c.id == subscription.id,
            subscriptions.c.cycle_start == subscription.cycle_start,
        )
        .values(cycle_start=moment)
    )
    return begun.rowcount == 1


async def find(connection: AsyncConnection, subscription_id: SubscriptionId) -> Subscription | None:
    """The subscription as last seen."""
    statement = sa.select(*WITH_TERMS).where(subscriptions.c.id == subscription_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else to_subscription(row)


async def hold(connection: AsyncConnection, subscription_id: SubscriptionId) -> Subscription | None:
    """The subscription, which nobody else changes until this transaction ends."""
    statement = sa.select(*WITH_TERMS).where(subscriptions.c.id == subscription_id)
    row = (await connection.execute(statement.with_for_update())).first()
    return None if row is None else to_subscription(row)


async def live_prices(connection: AsyncConnection) -> dict[PriceId, int]:
    """How many live subscriptions have each price."""
    over = [Status.INCOMPLETE.value, Status.CANCELED.value]
    rows = await connection.execute(
        sa.select(subscriptions.c.price_id, sa.func.count())
        .where(subscriptions.c.status.not_in(over))
        .group_by(subscriptions.c.price_id)
    )
    return {PriceId(price_id): count for price_id, count in rows}


async def find_many(
    connection: AsyncConnection, ids: Sequence[SubscriptionId]
) -> dict[SubscriptionId, Subscription]:
    """Those of them that are known."""
    if not ids:
        return {}
    rows = await connection.execute(sa.select(*WITH_TERMS).where(subscriptions.c.id.in_(ids)))
    return {row.id: to_subscription(row) for row in rows}


# Providers count in seconds: the id decides between two of one second, the same way every time.
NEWEST_FIRST = (subscriptions.c.created_at.desc(), subscriptions.c.id.desc())


async def of_customers(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> list[Subscription]:
    """Every subscription of the customers, newest first."""
    rows = await connection.execute(
        sa.select(*WITH_TERMS)
        .where(subscriptions.c.customer_id.in_(customer_ids))
        .order_by(*NEWEST_FIRST)
    )
    return [to_subscription(row) for row in rows]


def bought_by_another(subscription: sa.FromClause) -> sa.Exists:
    """Whether somebody bought it who is not the one linked to its customer."""
    owner = customers.alias("owner")
    return (
        sa.exists()
        .where(
            checkouts.c.subscription_id == subscription.c.id,
            owner.c.id == subscription.c.customer_id,
            checkouts.c.user_id != owner.c.user_id,
            checkouts.c.user_id != sa.literal_column(str(ERASED_USER)),
        )
        .correlate(subscription)
    )


async def that_count(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> list[Subscription]:
    """Like `of_customers`, without what another member has bought into an account whose own
    subscription is on."""
    by_another = bought_by_another(subscriptions)
    rows = (
        await connection.execute(
            sa.select(*WITH_TERMS, by_another.label("by_another"))
            .where(subscriptions.c.customer_id.in_(customer_ids))
            .order_by(*NEWEST_FIRST)
        )
    ).all()
    known = [(to_subscription(row), bool(row.by_another)) for row in rows]
    own = {each.customer_id for each, foreign in known if each.is_live and not foreign}
    return [each for each, foreign in known if not (foreign and each.customer_id in own)]
