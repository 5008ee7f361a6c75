"""The mirror of the disputes that cardholders have opened."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.dispute import Dispute, DisputeStatus
from bot.domain.identifiers import DisputeId, PaymentId
from bot.domain.money import Money
from storage.schema import disputes
from storage.upsert import replace_older


def _dispute(row: sa.Row[tuple[object, ...]]) -> Dispute:
    return Dispute(
        row.id,
        row.provider,
        row.payment_id,
        Money(row.amount, row.currency),
        row.reason,
        DisputeStatus(row.status),
        row.opened_at,
        row.answer_by,
    )


async def save(connection: AsyncConnection, dispute: Dispute, *, asked_at: datetime) -> bool:
    """Take over a dispute, unless a later asked state of it is there already."""
    row = {
        "id": dispute.id,
        "provider": dispute.provider,
        "payment_id": dispute.payment_id,
        "amount": dispute.amount.amount,
        "currency": dispute.amount.currency,
        "reason": dispute.reason,
        "status": dispute.status.value,
        "opened_at": dispute.opened_at,
        "answer_by": dispute.answer_by,
        "asked_at": asked_at,
    }
    return await replace_older(connection, disputes, row)


async def find_many(
    connection: AsyncConnection, ids: Sequence[DisputeId]
) -> dict[DisputeId, Dispute]:
    """Those of them that are known."""
    if not ids:
        return {}
    rows = await connection.execute(sa.select(disputes).where(disputes.c.id.in_(ids)))
    return {row.id: _dispute(row) for row in rows}


async def of_payments(
    connection: AsyncConnection, payment_ids: Sequence[PaymentId]
) -> list[Dispute]:
    """Every dispute of these payments."""
    if not payment_ids:
        return []
    rows = await connection.execute(
        sa.select(disputes).where(disputes.c.payment_id.in_(payment_ids))
    )
    return [_dispute(row) for row in rows]


async def of_payment(connection: AsyncConnection, payment_id: PaymentId) -> list[Dispute]:
    """Every dispute of a payment, newest first."""
    rows = await connection.execute(
        sa.select(disputes)
        .where(disputes.c.payment_id == payment_id)
        .order_by(disputes.c.opened_at.desc())
    )
    return [_dispute(row) for row in rows]
