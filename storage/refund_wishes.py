"""What members have asked for in tickets, and nobody has put before the moderators yet (S14)."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import PaymentId, TicketId, UserId
from bot.domain.refund import NO_ANSWER, TOLD_TO_WHO_ASKED, Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind
from bot.domain.ticket import OCCUPYING
from storage.refunds import refund_of
from storage.schema import payments, refund_decisions, refunds, tickets


def _is_by_member() -> sa.ColumnElement[bool]:
    return refunds.c.requester_id == refunds.c.member_id


def _is_wish() -> sa.ColumnElement[bool]:
    """What a member has asked for, and nobody has taken up yet."""
    return sa.and_(_is_by_member(), refunds.c.state == RefundState.DRAFT.value)


def _is_settled_otherwise() -> sa.ColumnElement[bool]:
    """`bot.domain.refund.is_settled_otherwise`, of every row."""
    other = refunds.alias("other")
    was_asked_for = sa.or_(
        other.c.ticket_id.is_not(None), other.c.requester_id == other.c.member_id
    )
    is_answered = (
        sa.select(other.c.id)
        .where(
            other.c.payment_id == refunds.c.payment_id,
            other.c.id != refunds.c.id,
            other.c.state.not_in([state.value for state in NO_ANSWER]),
            sa.or_(
                other.c.state.not_in([state.value for state in TOLD_TO_WHO_ASKED]), was_asked_for
            ),
            sa.or_(other.c.finished_at.is_(None), other.c.finished_at >= refunds.c.created_at),
        )
        .exists()
    )
    is_given_back = (
        sa.select(payments.c.id)
        .where(
            payments.c.id == refunds.c.payment_id,
            payments.c.amount - payments.c.refunded < refunds.c.amount,
        )
        .exists()
    )
    return sa.or_(is_answered, is_given_back)


async def wish_of(
    connection: AsyncConnection, member_id: UserId, payment_id: PaymentId
) -> Refund | None:
    """What the member has asked for in a ticket that goes on, and nobody has taken up yet, nor
    settled otherwise."""
    going_on = sa.select(tickets.c.id).where(
        tickets.c.state.in_([state.value for state in OCCUPYING])
    )
    row = (
        await connection.execute(
            sa.select(refunds).where(
                refunds.c.payment_id == payment_id,
                refunds.c.requester_id == member_id,
                refunds.c.member_id == member_id,
                refunds.c.ticket_id.in_(going_on),
                refunds.c.state == RefundState.DRAFT.value,
                ~_is_settled_otherwise(),
            )
        )
    ).first()
    return None if row is None else refund_of(row)


async def has_wish(connection: AsyncConnection, ticket_id: TicketId) -> bool:
    """Whether the member has asked for something in this ticket that nobody has taken up yet, and
    that is not settled otherwise."""
    found = await connection.scalar(
        sa.select(refunds.c.id)
        .where(refunds.c.ticket_id == ticket_id, _is_wish(), ~_is_settled_otherwise())
        .limit(1)
    )
    return found is not None


async def taken_up(
    connection: AsyncConnection, ticket_ids: Collection[TicketId]
) -> list[tuple[TicketId, Decision]]:
    """How the team took up what members have asked for in these tickets: put before the moderators,
    or declined without them."""
    kind = refund_decisions.c.decision
    rows = await connection.execute(
        sa.select(refunds.c.ticket_id, refund_decisions)
        .join(refunds, refunds.c.id == refund_decisions.c.refund_id)
        .where(
            refunds.c.ticket_id.in_(ticket_ids),
            _is_by_member(),
            sa.or_(
                kind == DecisionKind.SUBMITTED.value,
                sa.and_(kind == DecisionKind.DENIED.value, refunds.c.submitted_at.is_(None)),
            ),
        )
    )
    return [
        (row.ticket_id, Decision(row.actor_id, DecisionKind(row.decision), row.note, row.at))
        for row in rows
    ]


async def lapse_wishes(
    connection: AsyncConnection, ticket_id: TicketId, *, now: datetime
) -> list[Refund]:
    """End what the member has asked for in this ticket and nobody has taken up."""
    rows = await connection.execute(
        sa.update(refunds)
        .where(refunds.c.ticket_id == ticket_id, _is_wish())
        .values(state=RefundState.LAPSED.value, finished_at=now)
        .returning(refunds)
    )
    return [refund_of(row) for row in rows]


async def move_wishes(
    connection: AsyncConnection, source: TicketId, target: TicketId
) -> list[Refund]:
    """Let what the member has asked for in one ticket, and nobody has taken up, go on in another
    one."""
    rows = await connection.execute(
        sa.update(refunds)
        .where(refunds.c.ticket_id == source, _is_wish())
        .values(ticket_id=target)
        .returning(refunds)
    )
    return [refund_of(row) for row in rows]
