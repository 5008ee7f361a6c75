"""Tickets; what was said in them is in `ticket_messages`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import (
    AttemptId,
    ChannelId,
    GuildId,
    TicketId,
    UserId,
)
from bot.domain.ticket import (
    OCCUPYING,
    UNCLOSED,
    Priority,
    Ticket,
    TicketState,
)
from bot.domain.topic import Place
from storage.schema import tickets


def _ticket(row: sa.Row[tuple[object, ...]]) -> Ticket:
    return Ticket(
        row.id,
        row.number,
        row.guild_id,
        row.opener_id,
        row.topic_id,
        row.answers,
        TicketState(row.state),
        row.channel_id,
        row.welcome_id,
        row.attempt_id,
        row.created_at,
        row.closed_at,
        row.closed_by,
        row.close_reason,
        place=row.place,
        parent_id=row.parent_id,
        welcome_files=tuple(row.welcome_files or ()),
        notes_thread_id=row.notes_thread_id,
        priority=Priority(row.priority),
        assignee_id=row.assignee_id,
        escalated_at=row.escalated_at,
        snoozed_until=row.snoozed_until,
        waiting_since=row.waiting_since,
        first_reply_at=row.first_reply_at,
        close_requested_at=row.close_requested_at,
        close_requested_by=row.close_requested_by,
        close_deadline=row.close_deadline,
        reopened_at=row.reopened_at,
        merged_into=row.merged_into,
        rating_asked_at=row.rating_asked_at,
        rating=row.rating,
        rating_comment=row.rating_comment,
        rated_at=row.rated_at,
        purged_at=row.purged_at,
    )


async def reserve(
    connection: AsyncConnection,
    ticket_id: TicketId,
    *,
    number: int,
    guild_id: GuildId,
    opener_id: UserId,
    topic_id: str,
    slot: int = 0,
    answers: Mapping[str, str],
    attempt_id: AttemptId | None,
    now: datetime,
) -> None:
    """Take the member's place for this topic, before anything is asked of Discord."""
    await connection.execute(
        sa.insert(tickets).values(
            id=ticket_id,
            number=number,
            guild_id=guild_id,
            opener_id=opener_id,
            topic_id=topic_id,
            slot=slot,
            answers=dict(answers),
            state=TicketState.OPENING.value,
            attempt_id=attempt_id,
            created_at=now,
        )
    )


async def find(connection: AsyncConnection, ticket_id: TicketId) -> Ticket | None:
    """The ticket, whatever became of it."""
    row = (await connection.execute(sa.select(tickets).where(tickets.c.id == ticket_id))).first()
    return None if row is None else _ticket(row)


async def find_many(connection: AsyncConnection, ids: Sequence[str]) -> list[Ticket]:
    """Those tickets, in the order in which they are given; in one query."""
    rows = await connection.execute(sa.select(tickets).where(tickets.c.id.in_(ids)))
    return sorted((_ticket(row) for row in rows), key=lambda ticket: ids.index(ticket.id))


async def at_channel(connection: AsyncConnection, channel_id: ChannelId) -> Ticket | None:
    """The ticket whose channel this is."""
    statement = sa.select(tickets).where(tickets.c.channel_id == channel_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _ticket(row)


async def named(
    connection: AsyncConnection,
    guild_id: GuildId,
    *,
    number: int | None,
    channel_id: ChannelId | None,
) -> TicketId | None:
    """The ticket with this number, or without one the ticket or notes in this channel."""
    here = sa.or_(tickets.c.channel_id == channel_id, tickets.c.notes_thread_id == channel_id)
    which = here if number is None else tickets.c.number == number
    statement = sa.select(tickets.c.id).where(tickets.c.guild_id == guild_id, which)
    return await connection.scalar(statement)


async def occupying(
    connection: AsyncConnection, *, guild_id: GuildId, opener_id: UserId, topic_id: str
) -> Ticket | None:
    """The newest ticket of this topic that the member has open."""
    statement = sa.select(tickets).where(
        tickets.c.guild_id == guild_id,
        tickets.c.opener_id == opener_id,
        tickets.c.topic_id == topic_id,
        tickets.c.state.in_([state.value for state in OCCUPYING]),
    )
    row = (await connection.execute(statement.order_by(tickets.c.number.desc()))).first()
    return None if row is None else _ticket(row)


async def free_slot(
    connection: AsyncConnection,
    *,
    guild_id: GuildId,
    opener_id: UserId,
    topic_id: str,
    most: int,
) -> int | None:
    """The first of the member's places of this topic that no ticket has; None when all are taken.

    A unique index stands behind it: two tickets can never have the same place.
    """
    taken = set(
        await connection.scalars(
            sa.select(tickets.c.slot).where(
                tickets.c.guild_id == guild_id,
                tickets.c.opener_id == opener_id,
                tickets.c.topic_id == topic_id,
                tickets.c.state.in_([state.value for state in OCCUPYING]),
            )
        )
    )
    return next((slot for slot in range(most) if slot not in taken), None)


async def numbered(connection: AsyncConnection, guild_id: GuildId, number: int) -> Ticket | None:
    """The ticket that people know by this number."""
    statement = sa.select(tickets).where(tickets.c.guild_id == guild_id, tickets.c.number == number)
    row = (await connection.execute(statement)).first()
    return None if row is None else _ticket(row)


async def closed_last(
    connection: AsyncConnection, guild_id: GuildId, opener_id: UserId
) -> Ticket | None:
    """The member's ticket in this server that was closed last."""
    ended = (TicketState.CLOSING.value, TicketState.CLOSED.value)
    statement = (
        sa.select(tickets)
        .where(
            tickets.c.guild_id == guild_id,
            tickets.c.opener_id == opener_id,
            tickets.c.state.in_(ended),
        )
        .order_by(tickets.c.closed_at.desc(), tickets.c.number.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _ticket(row)


async def unclosed_of_user(connection: AsyncConnection, opener_id: UserId) -> list[Ticket]:
    """Every ticket of the member's that somebody still has to deal with, oldest first."""
    rows = await connection.execute(
        sa.select(tickets)
        .where(
            tickets.c.opener_id == opener_id,
            tickets.c.state.in_([state.value for state in UNCLOSED]),
        )
        .order_by(tickets.c.created_at)
    )
    return [_ticket(row) for row in rows]


async def advance(
    connection: AsyncConnection,
    ticket_id: TicketId,
    *,
    expected: tuple[TicketState, ...],
    to: TicketState,
    **values: Any,
) -> Ticket | None:
    """Move a ticket on; None when it is in none of the expected states."""
    row = (
        await connection.execute(
            sa.update(tickets)
            .where(
                tickets.c.id == ticket_id,
                tickets.c.state.in_([state.value for state in expected]),
            )
            .values(state=to.value, **values)
            .returning(tickets)
        )
    ).first()
    return None if row is None else _ticket(row)


async def set_channel(
    connection: AsyncConnection,
    ticket_id: TicketId,
    channel_id: ChannelId,
    place: Place = Place.CHANNEL,
    *,
    parent_id: ChannelId | None = None,
) -> None:
    """Attach the channel or thread that was created or adopted; a thread hangs on `parent_id`."""
    await connection.execute(
        sa.update(tickets)
        .where(tickets.c.id == ticket_id)
        .values(channel_id=channel_id, place=place.value, parent_id=parent_id)
    )


async def set_notes_thread(
    connection: AsyncConnection, ticket_id: TicketId, thread_id: ChannelId | None
) -> None:
    """Attach the thread with the team's notes, or forget one that is gone."""
    await connection.execute(
        sa.update(tickets).where(tickets.c.id == ticket_id).values(notes_thread_id=thread_id)
    )
