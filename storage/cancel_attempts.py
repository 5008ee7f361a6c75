"""Cancel attempts, step by step."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import ASKING, UNFINISHED, AttemptState, CancelAttempt
from bot.domain.identifiers import (
    AttemptId,
    CustomerId,
    GuildId,
    SubscriptionId,
    TicketId,
    UserId,
)
from storage.schema import cancel_attempts


def _attempt(row: sa.Row[tuple[object, ...]]) -> CancelAttempt:
    return CancelAttempt(
        row.id,
        row.user_id,
        row.guild_id,
        row.customer_id,
        row.subscription_id,
        AttemptState(row.state),
        row.reason_id,
        row.comment,
        row.ticket_id,
        row.started_at,
        row.requested_at,
        row.finished_at,
        row.effective_at,
        row.failure,
    )


async def add(
    connection: AsyncConnection,
    attempt_id: AttemptId,
    *,
    user_id: UserId,
    guild_id: GuildId | None,
    customer_id: CustomerId,
    subscription_id: SubscriptionId,
    now: datetime,
) -> None:
    """A new attempt; raises IntegrityError while another one of the subscription is unfinished."""
    await connection.execute(
        sa.insert(cancel_attempts).values(
            id=attempt_id,
            user_id=user_id,
            guild_id=guild_id,
            customer_id=customer_id,
            subscription_id=subscription_id,
            state=AttemptState.STARTED.value,
            started_at=now,
            active_at=now,
        )
    )


async def find(connection: AsyncConnection, attempt_id: AttemptId) -> CancelAttempt | None:
    """The attempt, whatever became of it."""
    statement = sa.select(cancel_attempts).where(cancel_attempts.c.id == attempt_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _attempt(row)


async def unfinished(
    connection: AsyncConnection, subscription_id: SubscriptionId
) -> CancelAttempt | None:
    """The attempt that goes on for this subscription; there is one at most."""
    statement = sa.select(cancel_attempts).where(
        cancel_attempts.c.subscription_id == subscription_id,
        cancel_attempts.c.state.in_([state.value for state in UNFINISHED]),
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _attempt(row)


async def newest_cancelled(
    connection: AsyncConnection, subscription_id: SubscriptionId
) -> CancelAttempt | None:
    """The attempt by which the subscription's cancellation was last scheduled."""
    statement = (
        sa.select(cancel_attempts)
        .where(
            cancel_attempts.c.subscription_id == subscription_id,
            cancel_attempts.c.state == AttemptState.CANCELLED.value,
        )
        .order_by(cancel_attempts.c.finished_at.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _attempt(row)


async def advance(
    connection: AsyncConnection,
    attempt_id: AttemptId,
    *,
    expected: tuple[AttemptState, ...],
    to: AttemptState,
    **values: Any,
) -> CancelAttempt | None:
    """Move an attempt on; None when it is in none of the expected states."""
    row = (
        await connection.execute(
            sa.update(cancel_attempts)
            .where(
                cancel_attempts.c.id == attempt_id,
                cancel_attempts.c.state.in_([state.value for state in expected]),
            )
            .values(state=to.value, **values)
            .returning(cancel_attempts)
        )
    ).first()
    return None if row is None else _attempt(row)


async def time_out(connection: AsyncConnection, *, before: datetime, now: datetime) -> int:
    """End the attempts that nobody has gone on with since `before`."""
    result = await connection.execute(
        sa.update(cancel_attempts)
        .where(
            cancel_attempts.c.state.in_([state.value for state in ASKING]),
            cancel_attempts.c.started_at < before,
        )
        .values(state=AttemptState.TIMED_OUT.value, finished_at=now)
    )
    return int(result.rowcount)


async def end_unfinished(
    connection: AsyncConnection, subscription_id: SubscriptionId, *, failure: str, now: datetime
) -> None:
    """End the attempt that goes on for a subscription, because there is nothing left to ask."""
    await connection.execute(
        sa.update(cancel_attempts)
        .where(
            cancel_attempts.c.subscription_id == subscription_id,
            cancel_attempts.c.state.in_([state.value for state in UNFINISHED]),
        )
        .values(state=AttemptState.TIMED_OUT.value, finished_at=now, failure=failure)
    )


async def note_ticket(
    connection: AsyncConnection, attempt_id: AttemptId, user_id: UserId, ticket_id: TicketId
) -> None:
    """Remember that the user's own attempt led to a ticket; the attempt goes on (rule R4)."""
    await connection.execute(
        sa.update(cancel_attempts)
        .where(cancel_attempts.c.id == attempt_id, cancel_attempts.c.user_id == user_id)
        .values(ticket_id=ticket_id)
    )
