"""People who were added to a ticket: they see its channel and its transcript."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import TicketId, UserId
from storage.schema import ticket_people, tickets
from storage.upsert import insert_new


async def add(
    connection: AsyncConnection,
    ticket_id: TicketId,
    user_id: UserId,
    *,
    added_by: UserId,
    now: datetime,
) -> bool:
    """Let a person in; False when they are in already."""
    row = {"ticket_id": ticket_id, "user_id": user_id, "added_by": added_by, "added_at": now}
    return bool(await insert_new(connection, ticket_people, [row], unique=["ticket_id", "user_id"]))


async def remove(connection: AsyncConnection, ticket_id: TicketId, user_id: UserId) -> bool:
    """Take a person out; False when they were not in."""
    result = await connection.execute(
        sa.delete(ticket_people).where(
            ticket_people.c.ticket_id == ticket_id, ticket_people.c.user_id == user_id
        )
    )
    return bool(result.rowcount)


async def is_in(connection: AsyncConnection, ticket_id: TicketId, user_id: UserId) -> bool:
    """Whether a person was added, and not removed since."""
    found = await connection.scalar(
        sa.select(ticket_people.c.user_id).where(
            ticket_people.c.ticket_id == ticket_id, ticket_people.c.user_id == user_id
        )
    )
    return found is not None


async def of_ticket(connection: AsyncConnection, ticket_id: TicketId) -> list[UserId]:
    """Everybody who was added, in the order in which they came."""
    rows = await connection.scalars(
        sa.select(ticket_people.c.user_id)
        .where(ticket_people.c.ticket_id == ticket_id)
        .order_by(ticket_people.c.added_at, ticket_people.c.user_id)
    )
    return [UserId(user_id) for user_id in rows]


async def concerned(connection: AsyncConnection, ticket_id: TicketId) -> frozenset[UserId]:
    """Everybody who was added to the ticket, or to one that was merged into it."""
    merged = sa.select(tickets.c.id).where(tickets.c.merged_into == ticket_id)
    rows = await connection.scalars(
        sa.select(ticket_people.c.user_id).where(
            sa.or_(ticket_people.c.ticket_id == ticket_id, ticket_people.c.ticket_id.in_(merged))
        )
    )
    return frozenset(UserId(user_id) for user_id in rows)
