"""Refunds, from a moderator's draft to the end of the subscription."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import (
    ChannelId,
    CustomerId,
    MessageId,
    PaymentId,
    RefundId,
    SubscriptionId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.refund import UNDER_WAY, WAITING, Consequence, Ground, Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind
from storage.schema import audit_log, payments, refund_decisions, refunds

# Any constant that nobody else has.
_DESK_LOCK = 7_130_010


def refund_of(row: sa.Row[tuple[object, ...]]) -> Refund:
    """A row as the domain knows it."""
    return Refund(
        row.id,
        row.guild_id,
        row.moderator_id,
        row.member_id,
        row.payment_id,
        row.subscription_id,
        Money(row.amount, row.currency),
        None if row.ground is None else Ground(row.ground),
        row.note,
        Consequence(row.consequence),
        RefundState(row.state),
        row.created_at,
        row.requested_at,
        row.finished_at,
        row.provider_refund_id,
        row.provider_status,
        row.failure,
        row.requester_id,
        row.ticket_id,
        row.withdrawal_id,
        row.submitted_at,
        row.queue_channel_id,
        row.queue_message_id,
        row.generation,
        row.tried_at,
    )


def _in(states: Sequence[RefundState]) -> sa.ColumnElement[bool]:
    return refunds.c.state.in_([state.value for state in states])


async def have_desk_alone(connection: AsyncConnection) -> None:
    """Let nobody else approve until this transaction ends: what counts towards a cap is read before
    it grows. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_DESK_LOCK)))


async def add(connection: AsyncConnection, refund: Refund) -> None:
    """Store a refund where it begins."""
    await connection.execute(
        sa.insert(refunds).values(
            id=refund.id,
            guild_id=refund.guild_id,
            moderator_id=refund.moderator_id,
            member_id=refund.member_id,
            payment_id=refund.payment_id,
            subscription_id=refund.subscription_id,
            amount=refund.amount.amount,
            currency=refund.amount.currency,
            ground=refund.ground,
            note=refund.note,
            consequence=refund.consequence.value,
            state=refund.state.value,
            created_at=refund.created_at,
            requested_at=refund.requested_at,
            provider_status=refund.provider_status,
            requester_id=refund.requester_id,
            ticket_id=refund.ticket_id,
            withdrawal_id=refund.withdrawal_id,
            submitted_at=refund.submitted_at,
        )
    )


async def find(connection: AsyncConnection, refund_id: RefundId) -> Refund | None:
    """The refund, whatever became of it."""
    row = (await connection.execute(sa.select(refunds).where(refunds.c.id == refund_id))).first()
    return None if row is None else refund_of(row)


async def of_payment(connection: AsyncConnection, payment_id: PaymentId) -> list[Refund]:
    """Every refund of a payment that was ever begun."""
    rows = await connection.execute(sa.select(refunds).where(refunds.c.payment_id == payment_id))
    return [refund_of(row) for row in rows]


async def unfinished_of_payment(
    connection: AsyncConnection, payment_id: PaymentId
) -> Refund | None:
    """The refund of this payment that waits or is under way; there is one at most."""
    statement = sa.select(refunds).where(
        refunds.c.payment_id == payment_id, _in((*WAITING, *UNDER_WAY))
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else refund_of(row)


async def payments_under_way(connection: AsyncConnection) -> frozenset[PaymentId]:
    """The payments whose refund is confirmed and not finished; there are few at any moment."""
    rows = await connection.scalars(sa.select(refunds.c.payment_id).where(_in(UNDER_WAY)))
    return frozenset(PaymentId(each) for each in rows)


async def has_ended(connection: AsyncConnection, subscription_id: SubscriptionId) -> bool:
    """Whether a confirmed refund has ended this subscription, or is about to."""
    states = (*UNDER_WAY, RefundState.DONE, RefundState.RETURNED)
    found = await connection.scalar(
        sa.select(refunds.c.id)
        .where(
            refunds.c.subscription_id == subscription_id,
            refunds.c.consequence == Consequence.ENDS_SUBSCRIPTION.value,
            _in(states),
        )
        .limit(1)
    )
    return found is not None


async def advance(
    connection: AsyncConnection,
    refund_id: RefundId,
    *,
    expected: tuple[RefundState, ...],
    to: RefundState,
    **values: Any,
) -> Refund | None:
    """Move a refund on; None when it is in none of the expected states."""
    row = (
        await connection.execute(
            sa.update(refunds)
            .where(refunds.c.id == refund_id, _in(expected))
            .values(state=to.value, **values)
            .returning(refunds)
        )
    ).first()
    return None if row is None else refund_of(row)


async def begin_try(
    connection: AsyncConnection, refund: Refund, *, generation: int, now: datetime
) -> Refund | None:
    """Remember the key under which the provider is asked next, and when.

    None when somebody else has begun a try since `refund` was read, or it is asked for no more.
    """
    row = (
        await connection.execute(
            sa.update(refunds)
            .where(
                refunds.c.id == refund.id,
                refunds.c.generation == refund.generation,
                refunds.c.tried_at.is_not_distinct_from(refund.tried_at),
                _in((RefundState.REQUESTED,)),
            )
            .values(generation=generation, tried_at=now)
            .returning(refunds)
        )
    ).first()
    return None if row is None else refund_of(row)


async def set_card(
    connection: AsyncConnection,
    refund_id: RefundId,
    *,
    channel_id: ChannelId,
    message_id: MessageId,
) -> None:
    """Remember where the moderators see it."""
    await connection.execute(
        sa.update(refunds)
        .where(refunds.c.id == refund_id)
        .values(queue_channel_id=channel_id, queue_message_id=message_id)
    )


async def waiting(connection: AsyncConnection, *, limit: int) -> list[Refund]:
    """What people have to decide, longest waiting first."""
    rows = await connection.execute(
        sa.select(refunds).where(_in(WAITING)).order_by(refunds.c.submitted_at).limit(limit)
    )
    return [refund_of(row) for row in rows]


async def count_waiting(connection: AsyncConnection) -> int:
    """How many people have to decide."""
    statement = sa.select(sa.func.count()).select_from(refunds).where(_in(WAITING))
    return int(await connection.scalar(statement) or 0)


async def earlier(
    connection: AsyncConnection,
    customer_id: CustomerId,
    *,
    besides: RefundId | None = None,
    limit: int,
) -> list[Refund]:
    """What was decided about this customer's payments, newest first."""
    decided = (
        *UNDER_WAY,
        RefundState.DONE,
        RefundState.RETURNED,
        RefundState.FAILED,
        RefundState.DENIED,
    )
    of_customer = sa.select(payments.c.id).where(payments.c.customer_id == customer_id)
    rows = await connection.execute(
        sa.select(refunds)
        .where(
            refunds.c.payment_id.in_(of_customer),
            _in(decided),
            refunds.c.id.is_distinct_from(besides),
        )
        .order_by(refunds.c.created_at.desc())
        .limit(limit)
    )
    return [refund_of(row) for row in rows]


async def granted_by(
    connection: AsyncConnection, moderator_id: UserId, *, currency: str, since: datetime
) -> Money:
    """What a moderator has granted since then and the provider has not refused.

    Withdrawals do not count, and neither does what was refunded in the provider's dashboard.
    """
    granted = await connection.scalar(
        sa.select(sa.func.sum(refunds.c.amount)).where(
            refunds.c.moderator_id == moderator_id,
            refunds.c.requested_at > since,
            refunds.c.currency == currency,
            refunds.c.ground.is_not(None),
            refunds.c.withdrawal_id.is_(None),
            _in((*UNDER_WAY, RefundState.DONE)),
        )
    )
    return Money(int(granted or 0), currency)


async def ever_had(connection: AsyncConnection, user_id: UserId, customer_id: CustomerId) -> bool:
    """Whether this Discord user has linked this customer at any time."""
    found = await connection.scalar(
        sa.select(audit_log.c.id)
        .where(
            audit_log.c.action == "account.linked",
            audit_log.c.subject == customer_id,
            audit_log.c.actor_id == user_id,
        )
        .limit(1)
    )
    return found is not None


async def add_decision(
    connection: AsyncConnection, refund_id: RefundId, decision: Decision
) -> None:
    """Append what somebody has said about it."""
    await connection.execute(
        sa.insert(refund_decisions).values(
            refund_id=refund_id,
            actor_id=decision.actor_id,
            decision=decision.kind.value,
            note=decision.note,
            at=decision.at,
        )
    )


async def decisions_of(connection: AsyncConnection, refund_id: RefundId) -> list[Decision]:
    """Everything that was said about it, in order."""
    rows = await connection.execute(
        sa.select(refund_decisions)
        .where(refund_decisions.c.refund_id == refund_id)
        .order_by(refund_decisions.c.id)
    )
    return [Decision(row.actor_id, DecisionKind(row.decision), row.note, row.at) for row in rows]
