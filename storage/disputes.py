"""The mirror of the disputes that cardholders have opened."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.dispute import Dispute, DisputeStatus
from bot.domain.identifiers import DisputeId, PaymentId, ProviderName
from bot.domain.money import Money
from storage import upsert
from storage.schema import disputes
from storage.upsert import replace_older

# As the index of undecided ones says it.
_UNDECIDED = sa.text("disputes.status NOT IN ('won', 'lost', 'dropped')")


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


async def least_recently_asked(
    connection: AsyncConnection, provider: ProviderName, *, asked_before: datetime, limit: int
) -> list[DisputeId]:
    """A portion of those that the bank has not decided yet."""
    found = await connection.scalars(
        sa.select(disputes.c.id)
        .where(_UNDECIDED, disputes.c.asked_at < asked_before, disputes.c.provider == provider)
        .order_by(disputes.c.asked_at, disputes.c.id)
        .limit(limit)
    )
    return list(found)


async def note_asked(
    connection: AsyncConnection, ids: Collection[DisputeId], *, asked_at: datetime
) -> None:
    """The provider was asked for them, whatever it said."""
    await upsert.note_asked(connection, disputes, ids, asked_at=asked_at)
