"""Who of the team takes tickets, and whose turn it is to get the next one."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.assignment import Agent
from bot.domain.identifiers import GuildId, RoleId, TicketId, UserId
from bot.domain.ticket import OCCUPYING
from storage.schema import agents, tickets
from storage.upsert import insert_new


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
    """Everybody of every team."""
    rows = await connection.execute(sa.select(agents.c.guild_id, agents.c.user_id))
    return [(row.guild_id, row.user_id) for row in rows]


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
