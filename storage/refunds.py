"""Refunds, from a moderator's draft to the end of the subscription."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import PaymentId, RefundId, SubscriptionId
from bot.domain.money import Money
from bot.domain.refund import Consequence, Ground, Refund, RefundState
from storage.schema import refunds


def _refund(row: sa.Row[tuple[object, ...]]) -> Refund:
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
    )


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
        )
    )


async def find(connection: AsyncConnection, refund_id: RefundId) -> Refund | None:
    """The refund, whatever became of it."""
    row = (await connection.execute(sa.select(refunds).where(refunds.c.id == refund_id))).first()
    return None if row is None else _refund(row)


async def of_payment(connection: AsyncConnection, payment_id: PaymentId) -> list[Refund]:
    """Every refund of a payment that was ever begun."""
    rows = await connection.execute(sa.select(refunds).where(refunds.c.payment_id == payment_id))
    return [_refund(row) for row in rows]


async def unfinished_of_payment(
    connection: AsyncConnection, payment_id: PaymentId
) -> Refund | None:
    """The refund of this payment that is under way; there is one at most."""
    states = (RefundState.REQUESTED, RefundState.REFUNDED)
    statement = sa.select(refunds).where(
        refunds.c.payment_id == payment_id,
        refunds.c.state.in_([state.value for state in states]),
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _refund(row)


async def payments_under_way(connection: AsyncConnection) -> frozenset[PaymentId]:
    """The payments whose refund is confirmed and not finished; there are few at any moment."""
    states = (RefundState.REQUESTED, RefundState.REFUNDED)
    rows = await connection.scalars(
        sa.select(refunds.c.payment_id).where(
            refunds.c.state.in_([state.value for state in states])
        )
    )
    return frozenset(PaymentId(each) for each in rows)


async def has_ended(connection: AsyncConnection, subscription_id: SubscriptionId) -> bool:
    """Whether a confirmed refund has ended this subscription, or is about to."""
    states = (RefundState.REQUESTED, RefundState.REFUNDED, RefundState.DONE)
    found = await connection.scalar(
        sa.select(refunds.c.id)
        .where(
            refunds.c.subscription_id == subscription_id,
            refunds.c.consequence == Consequence.ENDS_SUBSCRIPTION.value,
            refunds.c.state.in_([state.value for state in states]),
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
            .where(
                refunds.c.id == refund_id,
                refunds.c.state.in_([state.value for state in expected]),
            )
            .values(state=to.value, **values)
            .returning(refunds)
        )
    ).first()
    return None if row is None else _refund(row)
