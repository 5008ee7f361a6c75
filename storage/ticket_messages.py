"""The messages captured in tickets, and what they said before they were edited."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import AttachmentId, ChannelId, GuildId, MessageId, TicketId
from bot.domain.ticket import OCCUPYING, TicketState
from bot.domain.ticket_record import (
    HeardChannel,
    KeptFile,
    MessageEdit,
    RecordedMessage,
    TicketMessage,
    Version,
)
from bot.domain.topic import Place
from bot.domain.turns import Side, Step
from storage.schema import ticket_files, ticket_message_versions, ticket_messages, tickets
from storage.upsert import insert_returning_new


async def add(connection: AsyncConnection, new: Sequence[TicketMessage]) -> frozenset[MessageId]:
    """Capture messages; one that is there already stays as it is. Returns which were new."""
    rows = [
        {
            "message_id": message.message_id,
            "ticket_id": message.ticket_id,
            "author_id": message.author_id,
            "author_name": message.author_name,
            "from_bot": message.from_bot,
            "content": message.content,
            "rich": message.rich,
            "reply_to": message.reply_to,
            "internal": message.internal,
            "side": message.side and message.side.value,
            "sent_at": message.sent_at,
        }
        for message in new
    ]
    added = await insert_returning_new(
        connection, ticket_messages, rows, unique=ticket_messages.c.message_id
    )
    return frozenset(MessageId(each) for each in added)


async def edit(connection: AsyncConnection, now_says: MessageEdit, *, now: datetime) -> bool:
    """Record what a captured message says now, and keep what it said.

    False if it is unknown, or if a later edit of it is known already.
    """
    table = ticket_messages
    which = table.c.message_id == now_says.message_id
    known = sa.select(table.c.content, table.c.from_bot, table.c.edited_at).where(which)
    before = (await connection.execute(known)).first()
    at = now_says.edited_at or now
    if before is None or (before.edited_at is not None and at < before.edited_at):
        return False
    changes: dict[str, object] = {"rich": now_says.rich, "content": now_says.content}
    # A bot's message is a screen that changes with what it shows.
    if before.content != now_says.content and not before.from_bot:
        changes["edited_at"] = at
        await connection.execute(
            sa.insert(ticket_message_versions).values(
                message_id=now_says.message_id, content=before.content, replaced_at=now
            )
        )
    await connection.execute(sa.update(table).where(which).values(changes))
    return True


async def text_of(connection: AsyncConnection, message_id: MessageId) -> str:
    """What a captured message says; nothing when there is none."""
    statement = sa.select(ticket_messages.c.content).where(
        ticket_messages.c.message_id == message_id
    )
    return await connection.scalar(statement) or ""


async def delete(
    connection: AsyncConnection, message_ids: Sequence[MessageId], *, now: datetime
) -> dict[TicketId, list[Step]]:
    """Record that captured messages were deleted in Discord; their text stays.

    Returns the words of either side that were taken back by it, by ticket.
    """
    table = ticket_messages
    rows = await connection.execute(
        sa.update(table)
        .where(table.c.message_id.in_(message_ids), table.c.deleted_at.is_(None))
        .values(deleted_at=now)
        .returning(
            table.c.ticket_id, table.c.side, table.c.author_id, table.c.sent_at, table.c.rich
        )
    )
    taken_back: defaultdict[TicketId, list[Step]] = defaultdict(list)
    for row in rows:
        if row.side is not None and not _lost_a_secret(row):
            taken_back[row.ticket_id].append(Step(row.sent_at, Side(row.side), row.author_id))
    return dict(taken_back)


async def words(
    connection: AsyncConnection, ticket_ids: Collection[TicketId]
) -> defaultdict[TicketId, list[Step]]:
    """What both sides have said in these tickets, without what was taken back."""
    table = ticket_messages
    rows = await connection.execute(
        sa.select(
            table.c.ticket_id,
            table.c.side,
            table.c.author_id,
            table.c.sent_at,
            table.c.deleted_at,
            table.c.rich,
        ).where(table.c.ticket_id.in_(ticket_ids), table.c.side.is_not(None))
    )
    found: defaultdict[TicketId, list[Step]] = defaultdict(list)
    for row in rows:
        if row.deleted_at is None or _lost_a_secret(row):
            found[row.ticket_id].append(Step(row.sent_at, Side(row.side), row.author_id))
    return found


def _lost_a_secret(row: sa.Row[*tuple[Any, ...]]) -> bool:
    """Whether the bot deletes the message for what stood in it: its author has said it still."""
    return bool((row.rich or {}).get("removed"))


async def still_there(
    connection: AsyncConnection, talk: HeardChannel, *, most: int
) -> frozenset[MessageId]:
    """The newest messages of a channel that are captured and not deleted.

    The number of a channel is older than those of its messages, and newer than those of what was
    said in the ticket before it was reopened.
    """
    table = ticket_messages
    found = await connection.scalars(
        sa.select(table.c.message_id)
        .where(
            table.c.ticket_id == talk.ticket_id,
            table.c.internal.is_(talk.internal),
            table.c.deleted_at.is_(None),
            table.c.message_id > talk.channel_id,
        )
        .order_by(table.c.message_id.desc())
        .limit(most)
    )
    return frozenset(MessageId(each) for each in found)


async def left_behind(
    connection: AsyncConnection, channel_ids: Collection[ChannelId]
) -> dict[ChannelId, TicketId]:
    """Of these channels those whose ticket is closed, or about to be, and not forgotten."""
    over = (TicketState.CLOSING.value, TicketState.CLOSED.value)
    rows = await connection.execute(
        sa.select(tickets.c.channel_id, tickets.c.id).where(
            tickets.c.channel_id.in_(channel_ids),
            tickets.c.state.in_(over),
            tickets.c.purged_at.is_(None),
        )
    )
    return {ChannelId(row.channel_id): TicketId(row.id) for row in rows}


async def heard(
    connection: AsyncConnection,
    guild_id: GuildId | None = None,
    *,
    ticket_ids: Collection[TicketId] | None = None,
) -> list[HeardChannel]:
    """Where people talk in open tickets, with the newest captured message, in one query.

    In all of them, in those of a server, or in these.
    Also in those that are still opening: people see a channel before the bot has welcomed them.
    """
    where = sa.true() if guild_id is None else tickets.c.guild_id == guild_id
    if ticket_ids is not None:
        where = tickets.c.id.in_(ticket_ids)

    def newest(*, internal: bool) -> sa.ScalarSelect[int]:
        return (
            sa.select(sa.func.max(ticket_messages.c.message_id))
            .where(
                ticket_messages.c.ticket_id == tickets.c.id,
                ticket_messages.c.internal.is_(internal),
            )
            .scalar_subquery()
        )

    rows = await connection.execute(
        sa.select(
            tickets.c.id,
            tickets.c.guild_id,
            tickets.c.channel_id,
            tickets.c.place,
            tickets.c.notes_thread_id,
            sa.func.coalesce(newest(internal=False), 0).label("said"),
            sa.func.coalesce(newest(internal=True), 0).label("noted"),
        ).where(
            tickets.c.state.in_([state.value for state in OCCUPYING]),
            tickets.c.channel_id.is_not(None),
            where,
        )
    )
    found: list[HeardChannel] = []
    for row in rows:
        talk = HeardChannel(row.id, row.guild_id, row.channel_id, row.said)
        found.append(replace(talk, is_thread=row.place == Place.THREAD))
        if row.notes_thread_id is not None:
            notes = replace(talk, channel_id=row.notes_thread_id, last_captured=row.noted)
            found.append(replace(notes, internal=True, is_thread=True))
    return found


async def of_ticket(
    connection: AsyncConnection, ticket_id: TicketId
) -> tuple[RecordedMessage, ...]:
    """Everything of a ticket, and of those that were merged into it, in the order it was said."""
    merged = sa.select(tickets.c.id).where(tickets.c.merged_into == ticket_id)
    ids = sa.union_all(sa.select(sa.literal(ticket_id)), merged)
    files = await _files(connection, ids)
    versions = await _versions(connection, ids)
    rows = await connection.execute(
        sa.select(ticket_messages)
        .where(ticket_messages.c.ticket_id.in_(ids))
        .order_by(ticket_messages.c.message_id)
    )
    return tuple(
        RecordedMessage(
            row.message_id,
            row.ticket_id,
            row.author_id,
            row.author_name,
            row.from_bot,
            row.content,
            row.rich,
            row.reply_to,
            row.internal,
            row.sent_at,
            row.edited_at,
            row.deleted_at,
            tuple(versions[row.message_id]),
            tuple(files[row.message_id]),
        )
        for row in rows
    )


async def _versions(
    connection: AsyncConnection, ticket_ids: sa.CompoundSelect[tuple[str]]
) -> defaultdict[MessageId, list[Version]]:
    table = ticket_message_versions
    found: defaultdict[MessageId, list[Version]] = defaultdict(list)
    rows = await connection.execute(
        sa.select(table.c.message_id, table.c.content, table.c.replaced_at)
        .join(ticket_messages, ticket_messages.c.message_id == table.c.message_id)
        .where(ticket_messages.c.ticket_id.in_(ticket_ids))
        .order_by(table.c.id)
    )
    for row in rows:
        found[row.message_id].append(Version(row.content, row.replaced_at))
    return found


async def _files(
    connection: AsyncConnection, ticket_ids: sa.CompoundSelect[tuple[str]]
) -> defaultdict[MessageId, list[KeptFile]]:
    found: defaultdict[MessageId, list[KeptFile]] = defaultdict(list)
    rows = await connection.execute(
        sa.select(ticket_files)
        .where(ticket_files.c.ticket_id.in_(ticket_ids))
        .order_by(ticket_files.c.attachment_id)
    )
    for row in rows:
        found[row.message_id].append(kept_file(row))
    return found


def kept_file(row: sa.Row[tuple[object, ...]]) -> KeptFile:
    """A row of `ticket_files`."""
    return KeptFile(
        AttachmentId(row.attachment_id),
        row.message_id,
        row.ticket_id,
        row.filename,
        row.content_type,
        row.size,
        row.stored_as,
        row.failure,
    )
