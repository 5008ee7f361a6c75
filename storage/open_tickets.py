"""A server's open tickets, page by page: for whatever changes who is in many of them."""

from collections import Counter
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ChannelId, GuildId, UserId
from bot.domain.ticket import OCCUPYING, Ticket, TicketState
from bot.domain.ticket_search import TopicsInSight
from bot.domain.topic import Place
from bot.domain.turns import Side
from storage import tickets as noun
from storage.schema import ticket_events, ticket_messages, ticket_people, tickets
from storage.ticket_search import in_sight

# Opener and number of the last one of a page: in the order of the index over open tickets, because
# in any other one all that were ever closed would be passed over.
Cursor = tuple[int, int]
START: Cursor = (0, 0)

# As the partial indexes say it.
_is_occupying = tickets.c.state.in_([sa.literal_column(f"'{each.value}'") for each in OCCUPYING])
_is_open = tickets.c.state == sa.literal_column(f"'{TicketState.OPEN.value}'")
_is_thread = tickets.c.place == Place.THREAD.value


def cursor_of(ticket: Ticket) -> Cursor:
    """For what comes after this one."""
    return ticket.opener_id, ticket.number


async def count(connection: AsyncConnection, guild_id: GuildId, topics: TopicsInSight) -> int:
    """How many tickets of these topics are open, or about to be."""
    statement = sa.select(sa.func.count()).where(*_after(guild_id, START), in_sight(topics))
    return int(await connection.scalar(statement) or 0)


async def page(
    connection: AsyncConnection,
    guild_id: GuildId,
    topics: TopicsInSight,
    *,
    after: Cursor,
    most: int,
) -> list[Ticket]:
    """Those of these topics that are open, or about to be."""
    return await _page(connection, guild_id, in_sight(topics), after=after, most=most)


async def threads_of_others(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId, *, after: Cursor, most: int
) -> list[Ticket]:
    """Those in threads that this person neither opened nor was added to."""
    which = sa.and_(_is_thread, _is_anothers(user_id))
    return await _page(connection, guild_id, which, after=after, most=most)


async def has_threads_of_others(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId
) -> bool:
    """Whether there is any of these."""
    statement = sa.select(tickets.c.id).where(
        *_after(guild_id, START), _is_thread, _is_anothers(user_id)
    )
    return await connection.scalar(statement.limit(1)) is not None


async def _page(
    connection: AsyncConnection,
    guild_id: GuildId,
    which: sa.ColumnElement[bool],
    *,
    after: Cursor,
    most: int,
) -> list[Ticket]:
    ids = await connection.scalars(
        sa.select(tickets.c.id)
        .where(*_after(guild_id, after), which)
        .order_by(tickets.c.opener_id, tickets.c.number)
        .limit(most)
    )
    return await noun.find_many(connection, ids.all())


def _after(guild_id: GuildId, cursor: Cursor) -> tuple[sa.ColumnElement[bool], ...]:
    opener_id, number = cursor
    return (
        _is_occupying,
        tickets.c.guild_id == guild_id,
        tickets.c.opener_id >= opener_id,
        sa.or_(tickets.c.opener_id > opener_id, tickets.c.number > number),
    )


def _is_anothers(user_id: UserId) -> sa.ColumnElement[bool]:
    added = sa.exists().where(
        ticket_people.c.ticket_id == tickets.c.id, ticket_people.c.user_id == user_id
    )
    return sa.and_(tickets.c.opener_id != user_id, ~added)


async def at(
    connection: AsyncConnection, user_id: UserId, threads: Collection[ChannelId]
) -> list[Ticket]:
    """Those in these threads that this person neither opened nor was added to."""
    ids = await connection.scalars(
        sa.select(tickets.c.id).where(
            tickets.c.channel_id.in_(threads), _is_open, _is_anothers(user_id)
        )
    )
    return await noun.find_many(connection, ids.all())


async def worked_in(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId
) -> dict[str, int]:
    """Of which topics somebody of the team has worked on open tickets in threads, and a number
    for the last thing that they did there: as far as the store knows, they are in them."""
    own = (_is_open, _is_thread, tickets.c.guild_id == guild_id, tickets.c.opener_id != user_id)
    spoke = (
        sa.select(tickets.c.topic_id, sa.func.max(ticket_messages.c.message_id).label("last"))
        .join(ticket_messages, ticket_messages.c.ticket_id == tickets.c.id)
        .where(
            ticket_messages.c.author_id == user_id,
            ticket_messages.c.side == sa.literal_column(f"'{Side.TEAM.value}'"),
            *own,
        )
        .group_by(tickets.c.topic_id)
    )
    acted = (
        sa.select(tickets.c.topic_id, sa.func.max(ticket_events.c.id).label("last"))
        .join(ticket_events, ticket_events.c.ticket_id == tickets.c.id)
        .where(ticket_events.c.actor_id == user_id, *own)
        .group_by(tickets.c.topic_id)
    )
    found: Counter[str] = Counter()
    for row in await connection.execute(sa.union_all(spoke, acted)):
        found[row.topic_id] += int(row.last)
    return found


async def working(connection: AsyncConnection) -> set[tuple[GuildId, UserId]]:
    """Everybody who has worked on an open ticket in a thread, in every server."""
    # So that the index of all that the team ever said does not fit: few tickets are open.
    side = sa.func.coalesce(ticket_messages.c.side, "")
    spoke = (
        sa.select(tickets.c.guild_id, ticket_messages.c.author_id.label("user_id"))
        .join(ticket_messages, ticket_messages.c.ticket_id == tickets.c.id)
        .where(side == Side.TEAM.value, _is_open, _is_thread)
    )
    acted = (
        sa.select(tickets.c.guild_id, ticket_events.c.actor_id.label("user_id"))
        .join(ticket_events, ticket_events.c.ticket_id == tickets.c.id)
        .where(
            ticket_events.c.actor_id.is_not(None),
            ticket_events.c.actor_id != tickets.c.opener_id,
            _is_open,
            _is_thread,
        )
    )
    rows = await connection.execute(sa.union(spoke, acted))
    return {(GuildId(row.guild_id), UserId(row.user_id)) for row in rows}
