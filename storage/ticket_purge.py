"""Forgetting what was said in tickets; the rows of tickets stay, for the figures."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import TicketId
from bot.domain.ticket import TicketState
from storage.schema import ticket_files, ticket_message_versions, ticket_messages, tickets

# So many tickets at once that others need not wait long for the writer.
PORTION = 50


async def due(connection: AsyncConnection, *, closed_before: datetime) -> list[TicketId]:
    """A portion of the tickets whose time is over.

    What was merged into one that goes on is a part of that one, and goes with it.
    """
    ended = (TicketState.CLOSED.value, TicketState.FAILED.value)
    whole = tickets.alias("whole")
    goes_on = sa.exists().where(
        whole.c.id == tickets.c.merged_into,
        sa.or_(whole.c.closed_at >= closed_before, whole.c.state.not_in(ended)),
    )
    rows = await connection.scalars(
        sa.select(tickets.c.id)
        .where(
            tickets.c.closed_at < closed_before,
            tickets.c.state.in_(ended),
            ~goes_on,
            # One that was opened again since has something to forget again.
            sa.or_(tickets.c.purged_at.is_(None), tickets.c.purged_at < tickets.c.closed_at),
        )
        .order_by(tickets.c.closed_at)
        .limit(PORTION)
    )
    return [TicketId(each) for each in rows]


async def purge(
    connection: AsyncConnection, ticket_ids: Collection[TicketId], *, now: datetime
) -> None:
    """Everything that people wrote; their files are deleted by a job of the caller's."""
    await forget_messages(connection, tickets.c.id.in_(ticket_ids))
    await connection.execute(
        sa.update(tickets)
        .where(tickets.c.id.in_(ticket_ids))
        .values(answers={}, close_reason=None, rating_comment=None, purged_at=now)
    )


async def forget_messages(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> None:
    """Messages, what they said before, and what is known of their files."""
    ids = sa.select(tickets.c.id).where(which)
    messages = sa.select(ticket_messages.c.message_id).where(ticket_messages.c.ticket_id.in_(ids))
    versions = ticket_message_versions
    await connection.execute(sa.delete(versions).where(versions.c.message_id.in_(messages)))
    for table in (ticket_files, ticket_messages):
        await connection.execute(sa.delete(table).where(table.c.ticket_id.in_(ids)))
