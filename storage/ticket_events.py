"""What was done with a ticket, row by row."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import TicketId
from bot.domain.ticket_work import Act, TicketEvent
from storage.schema import ticket_events


async def add(connection: AsyncConnection, event: TicketEvent) -> int:
    """Record it, in the transaction that does it; returns its number."""
    result = await connection.execute(
        sa.insert(ticket_events)
        .values(
            ticket_id=event.ticket_id,
            kind=event.act.value,
            actor_id=event.actor_id,
            details=dict(event.details),
            at=event.at,
        )
        .returning(ticket_events.c.id)
    )
    return int(result.scalar_one())


async def forget(connection: AsyncConnection, event: TicketEvent) -> bool:
    """What was recorded has not come about; False when that is known already."""
    gone = await connection.execute(
        sa.delete(ticket_events).where(
            ticket_events.c.ticket_id == event.ticket_id,
            ticket_events.c.kind == event.act.value,
            ticket_events.c.actor_id == event.actor_id,
            ticket_events.c.at == event.at,
        )
    )
    return bool(gone.rowcount)


async def of_ticket(connection: AsyncConnection, ticket_id: TicketId) -> list[TicketEvent]:
    """Everything that was done, oldest first."""
    return await of_tickets(connection, [ticket_id])


async def of_tickets(
    connection: AsyncConnection, ticket_ids: Collection[TicketId]
) -> list[TicketEvent]:
    """The same of several tickets."""
    rows = await connection.execute(
        sa.select(ticket_events)
        .where(ticket_events.c.ticket_id.in_(ticket_ids))
        .order_by(ticket_events.c.id)
    )
    return [
        TicketEvent(row.ticket_id, Act(row.kind), row.actor_id, row.details, row.at) for row in rows
    ]
