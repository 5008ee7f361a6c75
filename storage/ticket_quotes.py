"""Messages that somebody wants to open a ticket about."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, UserId
from storage.purge import purge_some
from storage.schema import ticket_quotes


@dataclass(frozen=True, slots=True)
class Quote:
    """`quoted` is the text with its author's name and address, without secrets."""

    id: str
    guild_id: GuildId
    taken_by: UserId
    author_id: UserId
    quoted: str


async def add(connection: AsyncConnection, quote: Quote, *, now: datetime) -> None:
    """Keep it until the questions are answered."""
    await connection.execute(
        sa.insert(ticket_quotes).values(
            id=quote.id,
            guild_id=quote.guild_id,
            taken_by=quote.taken_by,
            author_id=quote.author_id,
            quoted=quote.quoted,
            taken_at=now,
        )
    )


async def take(connection: AsyncConnection, quote_id: str, taken_by: UserId) -> str | None:
    """What was quoted, once and for whoever took it; None when it is gone."""
    return await connection.scalar(
        sa.delete(ticket_quotes)
        .where(ticket_quotes.c.id == quote_id, ticket_quotes.c.taken_by == taken_by)
        .returning(ticket_quotes.c.quoted)
    )


async def purge(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget a portion of those that nobody has answered the questions for."""
    return await purge_some(connection, ticket_quotes, ticket_quotes.c.taken_at < before)
