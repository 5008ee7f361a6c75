"""Full-text search over what was said in tickets: FTS5 in SQLite, tsvector in PostgreSQL.

The indexes are made by the migration and keep themselves in step.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId
from bot.domain.ticket_search import Match, TopicsInSight
from storage.schema import ticket_messages, tickets

# A word that stands everywhere finds the newest messages, and does not keep others waiting.
MOST_HITS = 10_000
# Shorter ones are whole words: half of all words begin with some two letters.
PREFIX_FROM = 3
_fts = sa.table("ticket_search", sa.column("rowid"), sa.column("body"), sa.column("ticket_id"))


async def find(
    connection: AsyncConnection,
    words: Sequence[str],
    *,
    guild_id: GuildId,
    topics: TopicsInSight,
    limit: int,
    offset: int,
) -> list[Match]:
    """Tickets of a server in which a message has all the words; the newest message first."""
    is_sqlite = connection.dialect.name == "sqlite"
    every = (_sqlite_hits(words) if is_sqlite else _postgresql_hits(words)).subquery("every")
    hits = sa.select(every).order_by(every.c.number.desc()).limit(MOST_HITS).subquery("hits")
    newest = sa.func.max(hits.c.number).label("newest")
    rows = (
        await connection.execute(
            sa.select(hits.c.ticket_id, newest, sa.func.count().label("messages"))
            .join(tickets, tickets.c.id == hits.c.ticket_id)
            .where(tickets.c.guild_id == guild_id, in_sight(topics))
            .group_by(hits.c.ticket_id)
            .order_by(newest.desc(), hits.c.ticket_id)
            .limit(limit)
            .offset(offset)
        )
    ).all()
    said = await _bodies(connection, [row.newest for row in rows])
    return [Match(row.ticket_id, row.messages, said.get(row.newest, "")) for row in rows]


def in_sight(topics: TopicsInSight) -> sa.ColumnElement[bool]:
    """Tickets of these topics."""
    if topics.only is not None:
        return tickets.c.topic_id.in_(topics.only - topics.without)
    return tickets.c.topic_id.not_in(topics.without)


def _sqlite_hits(words: Sequence[str]) -> sa.Select[tuple[int, str]]:
    """Letters and digits in quotation marks mean nothing to FTS5 but themselves."""
    query = " ".join(f'"{word}"{"*" if len(word) >= PREFIX_FROM else ""}' for word in words)
    return sa.select(_fts.c.rowid.label("number"), _fts.c.ticket_id).where(
        sa.literal_column("ticket_search").op("MATCH")(query)
    )


def _postgresql_hits(words: Sequence[str]) -> sa.CompoundSelect[tuple[int, str]]:
    query = sa.func.to_tsquery(
        sa.literal_column("'simple'"),
        " & ".join(f"'{word}'{':*' if len(word) >= PREFIX_FROM else ''}" for word in words),
    )
    in_messages = sa.select(
        ticket_messages.c.message_id.label("number"), ticket_messages.c.ticket_id
    ).where(
        ~ticket_messages.c.from_bot,
        sa.func.ticket_words(ticket_messages.c.content).op("@@")(query),
    )
    in_answers = sa.select(
        sa.func.coalesce(tickets.c.welcome_id, 0).label("number"), tickets.c.id
    ).where(sa.func.ticket_answer_words(tickets.c.answers).op("@@")(query))
    return sa.union_all(in_messages, in_answers)


async def _bodies(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, str]:
    """What was said in those messages; the answers where it is the welcome message."""
    said = await connection.execute(
        sa.select(ticket_messages.c.message_id, ticket_messages.c.content).where(
            ticket_messages.c.message_id.in_(numbers), ~ticket_messages.c.from_bot
        )
    )
    answered = await connection.execute(
        sa.select(tickets.c.welcome_id, tickets.c.answers).where(tickets.c.welcome_id.in_(numbers))
    )
    bodies = {row.welcome_id: " · ".join(row.answers.values()) for row in answered}
    return bodies | {row.message_id: row.content for row in said}
