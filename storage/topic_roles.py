"""Which of the topics' roles each server has, or had before somebody deleted them there."""

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, RoleId
from storage.schema import topic_roles
from storage.upsert import insert_new


async def load_all(connection: AsyncConnection) -> dict[GuildId, frozenset[RoleId]]:
    """Every server's."""
    found: defaultdict[GuildId, set[RoleId]] = defaultdict(set)
    for row in await connection.execute(sa.select(topic_roles)):
        found[GuildId(row.guild_id)].add(RoleId(row.role_id))
    return {guild_id: frozenset(roles) for guild_id, roles in found.items()}


async def add(connection: AsyncConnection, guild_id: GuildId, role_ids: Collection[RoleId]) -> None:
    """These are this server's."""
    rows = [{"guild_id": guild_id, "role_id": role_id} for role_id in sorted(role_ids)]
    await insert_new(connection, topic_roles, rows, unique=["guild_id", "role_id"])
