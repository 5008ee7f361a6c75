"""Who may not open tickets in a server."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, UserId
from bot.domain.ticket_block import TicketBlock
from storage.purge import purge_some
from storage.schema import ticket_blocks
from storage.upsert import insert_new

_KEY = ["guild_id", "user_id"]


def _block(row: sa.Row[tuple[object, ...]]) -> TicketBlock:
    return TicketBlock(
        row.id,
        row.guild_id,
        row.user_id,
        row.until,
        row.reason,
        row.blocked_by,
        row.blocked_at,
    )


def _in_force(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(ticket_blocks.c.until.is_(None), ticket_blocks.c.until > now)


def _of(guild_id: GuildId, user_id: UserId) -> sa.ColumnElement[bool]:
    return sa.and_(ticket_blocks.c.guild_id == guild_id, ticket_blocks.c.user_id == user_id)


async def save(connection: AsyncConnection, block: TicketBlock) -> None:
    """Block, or change the block that is there."""
    values = {
        "id": block.id,
        "until": block.until,
        "reason": block.reason,
        "blocked_by": block.blocked_by,
        "blocked_at": block.blocked_at,
    }
    key = {"guild_id": block.guild_id, "user_id": block.user_id}
    await insert_new(connection, ticket_blocks, [{**key, **values}], unique=_KEY)
    await connection.execute(
        sa.update(ticket_blocks).where(_of(block.guild_id, block.user_id)).values(**values)
    )


async def remove(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId
) -> TicketBlock | None:
    """The block that was there."""
    row = (
        await connection.execute(
            sa.delete(ticket_blocks).where(_of(guild_id, user_id)).returning(ticket_blocks)
        )
    ).first()
    return None if row is None else _block(row)


async def find(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId, *, now: datetime
) -> TicketBlock | None:
    """The block that is in force."""
    statement = sa.select(ticket_blocks).where(_of(guild_id, user_id), _in_force(now))
    row = (await connection.execute(statement)).first()
    return None if row is None else _block(row)


async def all_in(
    connection: AsyncConnection, guild_id: GuildId, *, now: datetime, most: int
) -> list[TicketBlock]:
    """A server's blocks that are in force, newest first."""
    rows = await connection.execute(
        sa.select(ticket_blocks)
        .where(ticket_blocks.c.guild_id == guild_id, _in_force(now))
        .order_by(ticket_blocks.c.blocked_at.desc(), ticket_blocks.c.user_id)
        .limit(most)
    )
    return [_block(row) for row in rows]


async def purge(connection: AsyncConnection, *, now: datetime) -> int:
    """Forget a portion of those that have ended."""
    return await purge_some(connection, ticket_blocks, ticket_blocks.c.until <= now)
