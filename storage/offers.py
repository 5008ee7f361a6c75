"""What is known of a customer when an offer is chosen, and what was agreed to."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import AttemptState
from bot.domain.identifiers import AttemptId, CustomerId, UserId
from bot.domain.money import Money
from bot.domain.offer import Facts
from storage.columns import Timestamp
from storage.schema import cancel_attempts, payments, subscriptions


def agreed_terms(subscription_id: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """What was agreed to last about the price of a subscription, and is in effect.

    The constant is written into the statement, as in all that every screen reads.
    """
    attempt = cancel_attempts
    return (
        sa.select(attempt.c.terms)
        .where(
            attempt.c.subscription_id == subscription_id,
            attempt.c.state == sa.literal_column(f"'{AttemptState.SAVED}'"),
            attempt.c.terms.is_not(None),
        )
        .order_by(attempt.c.accepted_at.desc())
        .limit(sa.literal_column("1"))
        .scalar_subquery()
    )


async def facts_of(
    connection: AsyncConnection,
    customer_id: CustomerId,
    user_id: UserId,
    *,
    currency: str,
    besides: AttemptId,
) -> Facts | None:
    """In one query; None for a customer without a subscription.

    Offers count that the customer or the user was shown in other attempts than `besides`: whoever
    links another account, or hands one on, does not begin anew.
    """
    others = cancel_attempts.c.id != besides
    accepted = (
        sa.select(cancel_attempts.c.offer_id, cancel_attempts.c.accepted_at)
        .where(
            cancel_attempts.c.customer_id == customer_id,
            cancel_attempts.c.state == AttemptState.SAVED.value,
            cancel_attempts.c.accepted_at.is_not(None),
            others,
        )
        .order_by(cancel_attempts.c.accepted_at.desc())
        .limit(1)
        .subquery()
    )
    since = sa.select(sa.func.min(subscriptions.c.created_at)).where(
        subscriptions.c.customer_id == customer_id
    )
    paid = sa.select(sa.func.sum(payments.c.amount - payments.c.refunded)).where(
        payments.c.customer_id == customer_id, payments.c.currency == currency
    )
    offered = sa.select(sa.func.max(cancel_attempts.c.offered_at)).where(
        sa.or_(cancel_attempts.c.customer_id == customer_id, cancel_attempts.c.user_id == user_id),
        others,
    )
    row = (
        await connection.execute(
            sa.select(
                sa.type_coerce(since.scalar_subquery(), Timestamp()).label("since"),
                sa.func.coalesce(paid.scalar_subquery(), 0).label("paid"),
                sa.type_coerce(offered.scalar_subquery(), Timestamp()).label("offered_at"),
                sa.select(accepted.c.offer_id).scalar_subquery().label("accepted_id"),
                sa.select(accepted.c.accepted_at).scalar_subquery().label("accepted_at"),
            )
        )
    ).one()
    if row.since is None:
        return None
    return Facts(
        customer_since=row.since,
        paid=Money(int(row.paid), currency),
        last_offered_at=row.offered_at,
        accepted_id=row.accepted_id,
        accepted_at=row.accepted_at,
    )
