"""A server's open tickets, page by page: for whatever changes who is in many of them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, TicketId, UserId
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


@dataclass(frozen=True, slots=True)
class Worked:
    """An open ticket in a thread that somebody of the team has worked on.

    `last` is a number for the last thing that they did there.
    """

    ticket_id: TicketId
    topic_id: str
    last: int


def _words(user_id: UserId) -> sa.ColumnElement[bool]:
    # As the partial index says it.
    is_team = ticket_messages.c.side == sa.literal_column(f"'{Side.TEAM.value}'")
    return sa.and_(ticket_messages.c.author_id == user_id, is_team)


async def has_worked(connection: AsyncConnection, user_id: UserId) -> bool:
    """Whether this person ever did anything in a ticket: nearly nobody who is asked about."""
    spoke = sa.exists().where(_words(user_id))
    acted = sa.exists().where(ticket_events.c.actor_id == user_id)
    return bool(await connection.scalar(sa.select(sa.or_(spoke, acted))))


async def worked_in(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId
) -> list[Worked]:
    """As far as the store knows, this person is in their threads. Not those that they opened or
    were added to."""
    # From the open tickets on, which are few, and not from all that this person ever said.
    spoke = (
        sa.select(sa.func.max(ticket_messages.c.message_id))
        .where(ticket_messages.c.ticket_id == tickets.c.id, _words(user_id))
        .scalar_subquery()
    )
    # So that the index of all that they ever did does not fit.
    actor = sa.func.coalesce(ticket_events.c.actor_id, 0)
    acted = (
        sa.select(sa.func.max(ticket_events.c.id))
        .where(ticket_events.c.ticket_id == tickets.c.id, actor == user_id)
        .scalar_subquery()
    )
    last = (sa.func.coalesce(spoke, 0) + sa.func.coalesce(acted, 0)).label("last")
    which = (*_after(guild_id, START), _is_thread, _is_anothers(user_id))
    found = sa.select(tickets.c.id, tickets.c.topic_id, last).where(*which).subquery()
    rows = await connection.execute(sa.select(found).where(found.c.last > 0))
    return [Worked(TicketId(row.id), row.topic_id, int(row.last)) for row in rows]


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
