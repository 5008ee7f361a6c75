"""Tickets and the messages captured in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import (
    AttemptId,
    ChannelId,
    GuildId,
    MessageId,
    TicketId,
    UserId,
)
from bot.domain.ticket import (
    OCCUPYING,
    UNCLOSED,
    OpenTicket,
    Ticket,
    TicketMessage,
    TicketState,
)
from storage.schema import ticket_messages, tickets
from storage.upsert import insert_new


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
    )


async def reserve(
    connection: AsyncConnection,
    ticket_id: TicketId,
    *,
    number: int,
    guild_id: GuildId,
    opener_id: UserId,
    topic_id: str,
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


async def at_channel(connection: AsyncConnection, channel_id: ChannelId) -> Ticket | None:
    """The ticket whose channel this is."""
    statement = sa.select(tickets).where(tickets.c.channel_id == channel_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _ticket(row)


async def occupying(
    connection: AsyncConnection, *, guild_id: GuildId, opener_id: UserId, topic_id: str
) -> Ticket | None:
    """The ticket that keeps the member from opening another one of this topic."""
    statement = sa.select(tickets).where(
        tickets.c.guild_id == guild_id,
        tickets.c.opener_id == opener_id,
        tickets.c.topic_id == topic_id,
        tickets.c.state.in_([state.value for state in OCCUPYING]),
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
    connection: AsyncConnection, ticket_id: TicketId, channel_id: ChannelId
) -> None:
    """Attach the channel that was created or adopted."""
    await connection.execute(
        sa.update(tickets).where(tickets.c.id == ticket_id).values(channel_id=channel_id)
    )


async def all_open(
    connection: AsyncConnection, guild_id: GuildId | None = None
) -> list[OpenTicket]:
    """Every open ticket, or a server's, with its newest captured message, in one query."""
    where = sa.true() if guild_id is None else tickets.c.guild_id == guild_id
    newest = (
        sa.select(sa.func.max(ticket_messages.c.message_id))
        .where(ticket_messages.c.ticket_id == tickets.c.id)
        .scalar_subquery()
    )
    rows = await connection.execute(
        sa.select(
            tickets.c.id,
            tickets.c.guild_id,
            tickets.c.channel_id,
            sa.func.coalesce(newest, 0).label("newest"),
        ).where(tickets.c.state == TicketState.OPEN.value, tickets.c.channel_id.is_not(None), where)
    )
    return [OpenTicket(row.id, row.guild_id, row.channel_id, row.newest) for row in rows]


async def add_messages(connection: AsyncConnection, new: Sequence[TicketMessage]) -> None:
    """Capture messages; one that is there already stays as it is."""
    rows = [
        {
            "message_id": message.message_id,
            "ticket_id": message.ticket_id,
            "author_id": message.author_id,
            "author_name": message.author_name,
            "from_bot": message.from_bot,
            "content": message.content,
            "attachments": list(message.attachments),
            "sent_at": message.sent_at,
        }
        for message in new
    ]
    await insert_new(connection, ticket_messages, rows, unique=["message_id"])


async def edit_message(
    connection: AsyncConnection, message_id: MessageId, *, content: str, now: datetime
) -> None:
    """Record what a captured message says now."""
    await connection.execute(
        sa.update(ticket_messages)
        .where(ticket_messages.c.message_id == message_id)
        .values(content=content, edited_at=now)
    )


async def delete_messages(
    connection: AsyncConnection, message_ids: Sequence[MessageId], *, now: datetime
) -> None:
    """Record that captured messages were deleted in Discord; their text stays."""
    await connection.execute(
        sa.update(ticket_messages)
        .where(
            ticket_messages.c.message_id.in_(message_ids),
            ticket_messages.c.deleted_at.is_(None),
        )
        .values(deleted_at=now)
    )


async def messages(connection: AsyncConnection, ticket_id: TicketId) -> list[TicketMessage]:
    """The ticket's messages in the order in which they were sent."""
    rows = await connection.execute(
        sa.select(ticket_messages)
        .where(ticket_messages.c.ticket_id == ticket_id)
        .order_by(ticket_messages.c.message_id)
    )
    return [
        TicketMessage(
            row.message_id,
            row.ticket_id,
            row.author_id,
            row.author_name,
            row.from_bot,
            row.content,
            tuple(row.attachments),
            row.sent_at,
            row.edited_at,
            row.deleted_at,
        )
        for row in rows
    ]
