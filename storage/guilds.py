"""Each server's roles and channels, as its administrator chose them, and who answers there."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guild import AnsweringRoles, GuildSettings
from bot.domain.identifiers import GuildId, RoleId
from storage.schema import guilds
from storage.upsert import insert_new


async def load_all(connection: AsyncConnection) -> dict[GuildId, GuildSettings]:
    """Every server's settings."""
    rows = await connection.execute(sa.select(guilds))
    return {GuildId(row.guild_id): _settings(row) for row in rows}


async def load(connection: AsyncConnection, guild_id: GuildId) -> GuildSettings:
    """One server's settings; all None before `/setup`."""
    row = (await connection.execute(sa.select(guilds).where(guilds.c.guild_id == guild_id))).first()
    return GuildSettings() if row is None else _settings(row)


def _settings(row: sa.Row[tuple[object, ...]]) -> GuildSettings:
    return GuildSettings(
        row.support_role_id,
        row.moderator_role_id,
        row.ticket_category_id,
        row.log_channel_id,
        report_channel_id=row.report_channel_id,
        refund_channel_id=row.refund_channel_id,
    )


async def save(connection: AsyncConnection, guild_id: GuildId, settings: GuildSettings) -> None:
    """Store every choice."""
    await insert_new(connection, guilds, [{"guild_id": guild_id}], unique=["guild_id"])
    await connection.execute(
        sa.update(guilds)
        .where(guilds.c.guild_id == guild_id)
        .values(
            support_role_id=settings.support_role_id,
            moderator_role_id=settings.moderator_role_id,
            ticket_category_id=settings.ticket_category_id,
            log_channel_id=settings.log_channel_id,
            report_channel_id=settings.report_channel_id,
            refund_channel_id=settings.refund_channel_id,
        )
    )


async def load_answering(connection: AsyncConnection, guild_id: GuildId) -> AnsweringRoles | None:
    """Whom the server's open tickets were last handed over to; None where nobody noted it."""
    kept = await connection.scalar(
        sa.select(guilds.c.answering_roles).where(guilds.c.guild_id == guild_id)
    )
    if kept is None:
        return None
    topics = {topic_id: RoleId(role_id) for topic_id, role_id in kept["topics"].items()}
    return AnsweringRoles(kept["support"], kept["moderators"], topics)


async def save_answering(
    connection: AsyncConnection, guild_id: GuildId, roles: AnsweringRoles
) -> None:
    """From now on they answer."""
    await insert_new(connection, guilds, [{"guild_id": guild_id}], unique=["guild_id"])
    kept = {
        "support": roles.support,
        "moderators": roles.moderators,
        "topics": dict(roles.topics),
    }
    await connection.execute(
        sa.update(guilds).where(guilds.c.guild_id == guild_id).values(answering_roles=kept)
    )


async def take_ticket_number(connection: AsyncConnection, guild_id: GuildId) -> int:
    """The server's next ticket number; a gap stays where opening was given up."""
    await insert_new(connection, guilds, [{"guild_id": guild_id}], unique=["guild_id"])
    taken = await connection.scalar(
        sa.update(guilds)
        .where(guilds.c.guild_id == guild_id)
        .values(next_ticket_number=guilds.c.next_ticket_number + 1)
        .returning(guilds.c.next_ticket_number)
    )
    assert taken is not None  # noqa: S101 - the row was inserted above, in this transaction
    return int(taken) - 1
