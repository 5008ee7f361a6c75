"""Full-text search over what was said in tickets: FTS5 in SQLite, tsvector in PostgreSQL.

The indexes are made by the migration and keep themselves in step.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, TicketId, UserId
from bot.domain.ticket_search import Match, TopicsInSight
from storage.schema import ticket_messages, ticket_people, tickets

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
    reader: UserId,
    limit: int,
    offset: int,
) -> list[Match]:
    """Tickets of a server in which a message has all the words; the newest message first.

    Notes in the tickets that are about the `reader` are not looked at.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    found = _sqlite_hits(words, guild_id) if is_sqlite else _postgresql_hits(words)
    every = found.subquery("every")
    # Before the limit: what may not be seen would leave no room for what may.
    may_be_seen = sa.exists().where(
        tickets.c.id == every.c.ticket_id,
        tickets.c.guild_id == guild_id,
        in_sight(topics),
        sa.or_(~_is_about(reader), ~_is_note(every.c.number)),
    )
    newest_hits = sa.select(every).where(may_be_seen).order_by(every.c.number.desc())
    hits = newest_hits.limit(MOST_HITS).subquery("hits")
    newest = sa.func.max(hits.c.number).label("newest")
    rows = (
        await connection.execute(
            sa.select(hits.c.ticket_id, newest, sa.func.count().label("messages"))
            .group_by(hits.c.ticket_id)
            .order_by(newest.desc(), hits.c.ticket_id)
            .limit(limit)
            .offset(offset)
        )
    ).all()
    said = await _bodies(connection, {row.newest: row.ticket_id for row in rows})
    return [Match(row.ticket_id, row.messages, said.get(row.newest, "")) for row in rows]


def _is_about(reader: UserId) -> sa.ColumnElement[bool]:
    """Who opened a ticket, or was added to it, or to one that was merged into it."""
    added = sa.select(ticket_people.c.ticket_id).where(ticket_people.c.user_id == reader)
    part = tickets.alias("part")
    merged = sa.select(part.c.merged_into).where(
        part.c.id.in_(added), part.c.merged_into.is_not(None)
    )
    return sa.or_(tickets.c.opener_id == reader, tickets.c.id.in_(added), tickets.c.id.in_(merged))


def _is_note(number: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    note = sa.exists().where(
        ticket_messages.c.message_id == number, ticket_messages.c.internal.is_(True)
    )
    # The hit is two queries further out, where it would not be looked for.
    return note.correlate_except(ticket_messages)


def in_sight(topics: TopicsInSight) -> sa.ColumnElement[bool]:
    """Tickets of these topics."""
    if topics.only is not None:
        return tickets.c.topic_id.in_(topics.only - topics.without)
    return tickets.c.topic_id.not_in(topics.without)


def _sqlite_hits(words: Sequence[str], guild_id: GuildId) -> sa.Select[tuple[int, str]]:
    """Letters and digits in quotation marks mean nothing to FTS5 but themselves.

    The server is a word in a column of its own, so that the index passes over all others.
    """
    said = " ".join(f'"{word}"{"*" if len(word) >= PREFIX_FROM else ""}' for word in words)
    query = f'server : "{guild_id}" AND body : ({said})'
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


async def _bodies(connection: AsyncConnection, found: Mapping[int, TicketId]) -> dict[int, str]:
    """What was said in those messages; the answers where it is a ticket's welcome message."""
    numbers = list(found)
    said = await connection.execute(
        sa.select(ticket_messages.c.message_id, ticket_messages.c.content).where(
            ticket_messages.c.message_id.in_(numbers), ~ticket_messages.c.from_bot
        )
    )
    answered = await connection.execute(
        sa.select(tickets.c.welcome_id, tickets.c.answers).where(
            tickets.c.id.in_(found.values()), tickets.c.welcome_id.in_(numbers)
        )
    )
    bodies = {row.welcome_id: " · ".join(row.answers.values()) for row in answered}
    return bodies | {row.message_id: row.content for row in said}
