"""Cancel attempts. Every change of one records its step here, so that no caller can forget to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import (
    ASKING,
    UNFINISHED,
    AttemptState,
    CancelAttempt,
    Step,
    steps_to,
)
from bot.domain.identifiers import (
    AttemptId,
    CustomerId,
    GuildId,
    PlanId,
    SubscriptionId,
    TicketId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.subscription import TOLERANCE
from bot.domain.ticket import UNCLOSED, Ticket
from storage.schema import cancel_attempts, cancel_steps, checkouts, invoices, tickets

# Clocks differ: the invoice of a change may seem to be younger than its news. In milliseconds.
_WITH_THE_CHANGE = TOLERANCE // timedelta(milliseconds=1)
_IS_ASKING = cancel_attempts.c.state.in_([state.value for state in ASKING])


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
        row.active_at,
        row.follow_up,
        row.plan_id,
        None if row.currency is None else Money(row.monthly_amount, row.currency),
        row.variant,
        row.offer_id,
        row.offered_at,
        row.accepted_at,
        row.kept_at,
    )


async def _record(
    connection: AsyncConnection, ids: Sequence[AttemptId], steps: Sequence[Step], now: datetime
) -> None:
    rows = [
        {"attempt_id": attempt_id, "step": step.value, "at": now}
        for attempt_id in ids
        for step in steps
    ]
    if rows:
        await connection.execute(sa.insert(cancel_steps), rows)


async def add(
    connection: AsyncConnection,
    attempt_id: AttemptId,
    *,
    user_id: UserId,
    guild_id: GuildId | None,
    customer_id: CustomerId,
    subscription_id: SubscriptionId,
    now: datetime,
    plan_id: PlanId | None = None,
    monthly: Money | None = None,
) -> None:
    """A new attempt; raises IntegrityError while another one of the subscription is unfinished.

    `plan_id` and `monthly` are what the subscription is now: reports count with that.
    """
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
            plan_id=plan_id,
            monthly_amount=None if monthly is None else monthly.amount,
            currency=None if monthly is None else monthly.currency,
        )
    )
    await _record(connection, [attempt_id], [Step.STARTED], now)


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
    now: datetime,
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
            .values(state=to.value, **{"active_at": now, **values})
            .returning(cancel_attempts)
        )
    ).first()
    if row is None:
        return None
    steps = steps_to(
        to, before=expected, accepted="accepted_at" in values, offered="offered_at" in values
    )
    await _record(connection, [attempt_id], steps, now)
    return _attempt(row)


async def note_activity(
    connection: AsyncConnection, attempt_id: AttemptId, *, now: datetime
) -> CancelAttempt | None:
    """Somebody goes on with an attempt that still asks: its time begins anew. None when it is
    over."""
    row = (
        await connection.execute(
            sa.update(cancel_attempts)
            .where(cancel_attempts.c.id == attempt_id, _IS_ASKING)
            .values(active_at=now)
            .returning(cancel_attempts)
        )
    ).first()
    return None if row is None else _attempt(row)


async def note_activity_in(
    connection: AsyncConnection, ticket: Ticket, *, now: datetime
) -> list[AttemptId]:
    """The same of those whose member waits in this ticket; returns which they are."""
    noted = await connection.scalars(
        sa.update(cancel_attempts)
        .where(_asks_in(cancel_attempts, ticket))
        .values(active_at=now)
        .returning(cancel_attempts.c.id)
    )
    return sorted(noted)


async def go_on_in(connection: AsyncConnection, source: Ticket, target: Ticket) -> list[AttemptId]:
    """Those whose member waits in `source` wait in `target` from now on, unless another one is
    asked about there; returns which they are."""
    other = cancel_attempts.alias()
    another = sa.exists().where(_asks_in(other, target), other.c.id != cancel_attempts.c.id)
    moved = await connection.scalars(
        sa.update(cancel_attempts)
        .where(_asks_in(cancel_attempts, source), ~another)
        .values(ticket_id=target.id)
        .returning(cancel_attempts.c.id)
    )
    return sorted(moved)


def _asks_in(attempt: sa.FromClause, ticket: Ticket) -> sa.ColumnElement[bool]:
    """It led to this ticket, or came with one that was merged into it. One that came from here is
    asked about where it goes on."""
    return sa.and_(
        attempt.c.user_id == ticket.opener_id,
        attempt.c.state.in_([state.value for state in ASKING]),
        sa.or_(
            attempt.c.ticket_id == ticket.id,
            sa.and_(
                attempt.c.id == ticket.attempt_id,
                attempt.c.ticket_id.is_distinct_from(ticket.merged_into),
            ),
        ),
    )


async def answer(
    connection: AsyncConnection, attempt_id: AttemptId, answered: str, *, now: datetime
) -> CancelAttempt | None:
    """Keep the answer to the reason's question; None when the attempt is over."""
    row = (
        await connection.execute(
            sa.update(cancel_attempts)
            .where(cancel_attempts.c.id == attempt_id, _IS_ASKING)
            .values(follow_up=answered, active_at=now)
            .returning(cancel_attempts)
        )
    ).first()
    if row is None:
        return None
    await _record(connection, [attempt_id], [Step.FOLLOW_UP_GIVEN], now)
    return _attempt(row)


async def time_out(connection: AsyncConnection, *, before: datetime, now: datetime) -> int:
    """End the attempts that nobody has gone on with since `before`.

    Whoever waits for an answer in a ticket of the attempt has not given it up.
    """
    waits = sa.exists().where(
        tickets.c.id == cancel_attempts.c.ticket_id,
        tickets.c.state.in_([state.value for state in UNCLOSED]),
    )
    ended = await connection.scalars(
        sa.update(cancel_attempts)
        .where(_IS_ASKING, cancel_attempts.c.active_at < before, ~waits)
        .values(state=AttemptState.TIMED_OUT.value, finished_at=now)
        .returning(cancel_attempts.c.id)
    )
    ids = list(ended)
    await _record(connection, ids, [Step.TIMED_OUT], now)
    return len(ids)


async def end_unfinished(
    connection: AsyncConnection, subscription_id: SubscriptionId, *, failure: str, now: datetime
) -> None:
    """End the attempt that goes on for a subscription, because there is nothing left to ask."""
    ended = await connection.scalars(
        sa.update(cancel_attempts)
        .where(
            cancel_attempts.c.subscription_id == subscription_id,
            cancel_attempts.c.state.in_([state.value for state in UNFINISHED]),
        )
        .values(state=AttemptState.TIMED_OUT.value, finished_at=now, failure=failure)
        .returning(cancel_attempts.c.id)
    )
    await _record(connection, list(ended), [Step.TIMED_OUT], now)


async def note_ticket(
    connection: AsyncConnection,
    attempt_id: AttemptId,
    user_id: UserId,
    ticket_id: TicketId,
    *,
    now: datetime,
) -> bool:
    """Remember that an attempt led to a ticket; the attempt goes on (rule R4).

    False when the attempt is not this user's.
    """
    noted = await connection.execute(
        sa.update(cancel_attempts)
        .where(cancel_attempts.c.id == attempt_id, cancel_attempts.c.user_id == user_id)
        .values(ticket_id=ticket_id, active_at=now)
    )
    if not noted.rowcount:
        return False
    await _record(connection, [attempt_id], [Step.TICKET_OPENED], now)
    return True


async def note_kept(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId], *, now: datetime
) -> int:
    """Count the saves of these customers for which an invoice was paid that came after them.

    Where the offer was another plan, that is an invoice of the subscription bought then; its first
    one came with the change itself, and does not count.
    """
    attempt = cancel_attempts
    bought = sa.select(checkouts.c.subscription_id).where(checkouts.c.attempt_id == attempt.c.id)
    issued, saved = (
        sa.type_coerce(moment, sa.BigInteger)
        for moment in (invoices.c.issued_at, attempt.c.finished_at)
    )
    paid_since = sa.exists().where(
        invoices.c.customer_id == attempt.c.customer_id,
        invoices.c.status == "paid",
        invoices.c.amount > 0,
        sa.or_(
            sa.and_(invoices.c.subscription_id == attempt.c.subscription_id, issued > saved),
            sa.and_(invoices.c.subscription_id.in_(bought), issued > saved + _WITH_THE_CHANGE),
        ),
    )
    counted = await connection.execute(
        sa.update(attempt)
        .where(
            attempt.c.customer_id.in_(customer_ids),
            attempt.c.state == AttemptState.SAVED.value,
            attempt.c.kept_at.is_(None),
            paid_since,
        )
        .values(kept_at=now)
    )
    return int(counted.rowcount)


async def steps_of(
    connection: AsyncConnection, attempt_id: AttemptId
) -> list[tuple[Step, datetime]]:
    """What happened in an attempt, in order."""
    rows = await connection.execute(
        sa.select(cancel_steps.c.step, cancel_steps.c.at)
        .where(cancel_steps.c.attempt_id == attempt_id)
        .order_by(cancel_steps.c.id)
    )
    return [(Step(row.step), row.at) for row in rows]
