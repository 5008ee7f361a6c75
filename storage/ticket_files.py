"""Files that came with tickets' messages. Their bytes are beside the store, under names of ours."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import AttachmentId, MessageId, TicketId
from bot.domain.secrets_in_text import REMOVED
from bot.domain.ticket_record import Attachment, KeptFile, TicketMessage
from storage.schema import ticket_files
from storage.ticket_messages import kept_file
from storage.upsert import insert_new


def to_keep(message: TicketMessage) -> list[Attachment]:
    """Of its files all but those whose name was a secret: it is in their address, too."""
    return [each for each in message.attachments if REMOVED not in each.filename]


async def add(connection: AsyncConnection, messages: Sequence[TicketMessage]) -> None:
    """Note the files of new messages; none of them is here yet."""
    rows = [
        {
            "attachment_id": each.id,
            "message_id": message.message_id,
            "ticket_id": message.ticket_id,
            "filename": each.filename,
            "content_type": each.content_type,
            "size": each.size,
            "failure": None if each in to_keep(message) else "its name had a secret in it",
        }
        for message in messages
        for each in message.attachments
    ]
    if rows:
        await insert_new(connection, ticket_files, rows, unique=["attachment_id"])


async def count_of(connection: AsyncConnection, message_id: MessageId) -> int:
    """How many files came with a message."""
    statement = sa.select(sa.func.count()).where(ticket_files.c.message_id == message_id)
    return await connection.scalar(statement) or 0


async def find(connection: AsyncConnection, attachment_id: AttachmentId) -> KeptFile | None:
    """What is known of a file."""
    statement = sa.select(ticket_files).where(ticket_files.c.attachment_id == attachment_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else kept_file(row)


async def size_before(connection: AsyncConnection, file: KeptFile, *, largest: int) -> int:
    """How much the ticket's earlier files take up, those that are too large left out.

    By their numbers and not by what is here already, so that it does not matter in which order
    they are fetched.
    """
    total = await connection.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(ticket_files.c.size), 0)).where(
            ticket_files.c.ticket_id == file.ticket_id,
            ticket_files.c.attachment_id < file.id,
            ticket_files.c.size <= largest,
        )
    )
    return int(total or 0)


async def kept(
    connection: AsyncConnection, attachment_id: AttachmentId, *, stored_as: str, size: int
) -> bool:
    """The bytes are here; False when nobody knows this file any more."""
    changed = await connection.execute(
        sa.update(ticket_files)
        .where(ticket_files.c.attachment_id == attachment_id)
        .values(stored_as=stored_as, size=size, failure=None)
    )
    return bool(changed.rowcount)


async def failed(connection: AsyncConnection, attachment_id: AttachmentId, *, why: str) -> None:
    """The bytes will never be here."""
    await connection.execute(
        sa.update(ticket_files)
        .where(ticket_files.c.attachment_id == attachment_id, ticket_files.c.stored_as.is_(None))
        .values(failure=why)
    )


async def is_any_awaited(connection: AsyncConnection, ticket_id: TicketId) -> bool:
    """Whether a file of the ticket is still on its way."""
    statement = sa.select(ticket_files.c.attachment_id).where(
        ticket_files.c.ticket_id == ticket_id,
        ticket_files.c.stored_as.is_(None),
        ticket_files.c.failure.is_(None),
    )
    return await connection.scalar(statement.limit(1)) is not None
