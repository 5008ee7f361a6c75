"""Who of the team takes tickets, and whose turn it is to get the next one."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.assignment import Agent
from bot.domain.identifiers import GuildId, RoleId, TicketId, UserId
from bot.domain.ticket import OCCUPYING, Ticket, TicketState
from storage import tickets as noun
from storage.schema import agents, tickets
from storage.upsert import insert_new

# As the index of tickets that somebody has says it.
_is_open = tickets.c.state == sa.literal_column(f"'{TicketState.OPEN.value}'")


async def save(
    connection: AsyncConnection,
    guild_id: GuildId,
    user_id: UserId,
    *,
    role_ids: Collection[RoleId],
    takes_tickets: bool,
) -> None:
    """Remember whether somebody takes tickets; their place in the order stays."""
    given = {"role_ids": sorted(role_ids), "takes_tickets": takes_tickets}
    row = {"guild_id": guild_id, "user_id": user_id, **given}
    if not await insert_new(connection, agents, [row], unique=["guild_id", "user_id"]):
        await connection.execute(
            sa.update(agents)
            .where(agents.c.guild_id == guild_id, agents.c.user_id == user_id)
            .values(given)
        )


async def remove(connection: AsyncConnection, guild_id: GuildId, user_id: UserId) -> None:
    """Somebody is not of the team any more."""
    await connection.execute(
        sa.delete(agents).where(agents.c.guild_id == guild_id, agents.c.user_id == user_id)
    )


async def of_guild(
    connection: AsyncConnection, guild_id: GuildId, *, for_update: bool = False
) -> list[Agent]:
    """Everybody who ever took tickets here, with their load."""
    statement = sa.select(agents).where(agents.c.guild_id == guild_id).order_by(agents.c.user_id)
    if for_update:
        statement = statement.with_for_update()
    rows = (await connection.execute(statement)).all()
    loads = await connection.execute(
        sa.select(tickets.c.assignee_id, sa.func.count().label("tickets"))
        .where(
            tickets.c.guild_id == guild_id,
            tickets.c.assignee_id.in_([row.user_id for row in rows]),
            tickets.c.state.in_([state.value for state in OCCUPYING]),
        )
        .group_by(tickets.c.assignee_id)
    )
    load = {row.assignee_id: row.tickets for row in loads}
    return [
        Agent(
            row.user_id,
            frozenset(row.role_ids),
            load.get(row.user_id, 0),
            row.last_assigned_at,
            row.takes_tickets,
        )
        for row in rows
    ]


async def everywhere(connection: AsyncConnection) -> list[tuple[GuildId, UserId]]:
    """Everybody who takes tickets, and everybody who has one, in every server."""
    having = sa.select(tickets.c.guild_id, tickets.c.assignee_id.label("user_id")).where(
        _is_open, tickets.c.assignee_id.is_not(None)
    )
    taking = sa.select(agents.c.guild_id, agents.c.user_id)
    rows = await connection.execute(sa.union(taking, having).order_by("guild_id", "user_id"))
    return [(row.guild_id, row.user_id) for row in rows]


async def role_ids_of(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId
) -> frozenset[RoleId] | None:
    """The roles with which somebody takes tickets; None for everybody who never did."""
    which = sa.select(agents.c.role_ids).where(
        agents.c.guild_id == guild_id, agents.c.user_id == user_id
    )
    row = (await connection.execute(which)).first()
    return None if row is None else frozenset(row.role_ids)


async def set_roles(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId, role_ids: Collection[RoleId]
) -> None:
    """Remember which roles somebody still has; without any they are not of the team."""
    if not role_ids:
        await remove(connection, guild_id, user_id)
        return
    await connection.execute(
        sa.update(agents)
        .where(agents.c.guild_id == guild_id, agents.c.user_id == user_id)
        .values(role_ids=sorted(role_ids))
    )


async def have(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId | None = None
) -> list[Ticket]:
    """The open tickets that somebody has in a server, or that anybody has; oldest first."""
    own = tickets.c.assignee_id == user_id
    which = tickets.c.assignee_id.is_not(None) if user_id is None else own
    ids = await connection.scalars(
        sa.select(tickets.c.id)
        .where(_is_open, which, tickets.c.guild_id == guild_id)
        .order_by(tickets.c.number)
    )
    return await noun.find_many(connection, ids.all())


async def give(
    connection: AsyncConnection,
    guild_id: GuildId,
    ticket_id: TicketId,
    user_id: UserId,
    *,
    turn: datetime,
) -> None:
    """Give a ticket to somebody, which takes their turn."""
    await connection.execute(
        sa.update(tickets).where(tickets.c.id == ticket_id).values(assignee_id=user_id)
    )
    await connection.execute(
        sa.update(agents)
        .where(agents.c.guild_id == guild_id, agents.c.user_id == user_id)
        .values(last_assigned_at=turn)
    )
