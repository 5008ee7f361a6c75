"""Who is known to be of a ticket's team, by what the store has of them."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, RoleId, TicketId, UserId
from bot.domain.turns import Side
from storage.schema import agents, ticket_events, ticket_messages


async def known_team(
    connection: AsyncConnection,
    guild_id: GuildId,
    ticket_id: TicketId,
    user_ids: Collection[UserId],
    *,
    team_roles: Collection[RoleId],
) -> set[UserId]:
    """Of these people, none of them on the member's side, those who have worked on the ticket or
    take its tickets: whatever is recorded under their names, only the team could do."""
    spoke = sa.select(ticket_messages.c.author_id).where(
        ticket_messages.c.ticket_id == ticket_id,
        ticket_messages.c.side == Side.TEAM.value,
        ticket_messages.c.author_id.in_(user_ids),
    )
    acted = sa.select(ticket_events.c.actor_id).where(
        ticket_events.c.ticket_id == ticket_id,
        ticket_events.c.actor_id.in_(user_ids),
    )
    known = {UserId(each) for each in await connection.scalars(sa.union(spoke, acted))}
    taking = await connection.execute(
        sa.select(agents.c.user_id, agents.c.role_ids).where(
            agents.c.guild_id == guild_id, agents.c.user_id.in_(user_ids)
        )
    )
    return known | {row.user_id for row in taking if not set(row.role_ids).isdisjoint(team_roles)}
