"""Tickets in the hands of the team: held while something is decided, tags, what waits."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ChannelId, GuildId, TicketId, UserId
from bot.domain.ticket import OCCUPYING, Ticket, TicketState
from bot.domain.ticket_search import TopicsInSight
from storage import tickets as noun
from storage.schema import ticket_tags, tickets
from storage.ticket_search import in_sight
from storage.upsert import insert_new


async def hold(connection: AsyncConnection, ticket_id: TicketId) -> Ticket | None:
    """The ticket, which nobody else changes before this transaction ends."""
    statement = sa.select(tickets.c.id).where(tickets.c.id == ticket_id).with_for_update()
    await connection.execute(statement)
    return await noun.find(connection, ticket_id)


async def at_place(connection: AsyncConnection, channel_id: ChannelId) -> Ticket | None:
    """The ticket whose channel, thread or notes this is."""
    statement = sa.select(tickets.c.id).where(
        sa.or_(tickets.c.channel_id == channel_id, tickets.c.notes_thread_id == channel_id)
    )
    ticket_id = await connection.scalar(statement)
    return None if ticket_id is None else await noun.find(connection, TicketId(ticket_id))


async def open_of_member(
    connection: AsyncConnection, guild_id: GuildId, opener_id: UserId
) -> list[Ticket]:
    """The member's open tickets in a server, oldest first."""
    ids = await connection.scalars(
        sa.select(tickets.c.id)
        .where(
            tickets.c.guild_id == guild_id,
            tickets.c.opener_id == opener_id,
            tickets.c.state == TicketState.OPEN.value,
        )
        .order_by(tickets.c.number)
    )
    return await noun.find_many(connection, ids.all())


async def of_member(
    connection: AsyncConnection, guild_id: GuildId, opener_id: UserId, *, limit: int
) -> tuple[list[Ticket], int]:
    """The member's newest tickets in a server, whatever became of them, and how many there are."""
    mine = (tickets.c.guild_id == guild_id, tickets.c.opener_id == opener_id)
    count = await connection.scalar(sa.select(sa.func.count()).select_from(tickets).where(*mine))
    newest = sa.select(tickets.c.id).where(*mine).order_by(tickets.c.number.desc()).limit(limit)
    ids = (await connection.scalars(newest)).all()
    return await noun.find_many(connection, ids), int(count or 0)


async def count_moderated(
    connection: AsyncConnection, guild_id: GuildId, topics: TopicsInSight
) -> int:
    """How many tickets of these topics are open, or about to be, and how many of the others
    moderators were called into."""
    statement = sa.select(sa.func.count()).where(
        tickets.c.guild_id == guild_id,
        # As the partial index says it.
        tickets.c.state.in_([sa.literal_column(f"'{each.value}'") for each in OCCUPYING]),
        sa.or_(tickets.c.escalated_at.is_not(None), in_sight(topics)),
    )
    return int(await connection.scalar(statement) or 0)


async def point_merged(connection: AsyncConnection, source: TicketId, target: TicketId) -> None:
    """What was merged into one ticket belongs to another one now."""
    await connection.execute(
        sa.update(tickets).where(tickets.c.merged_into == source).values(merged_into=target)
    )


async def merged_into(connection: AsyncConnection, ticket_id: TicketId) -> list[Ticket]:
    """The tickets that were merged into this one, oldest first."""
    ids = await connection.scalars(
        sa.select(tickets.c.id).where(tickets.c.merged_into == ticket_id).order_by(tickets.c.number)
    )
    return await noun.find_many(connection, ids.all())


async def tags_of(connection: AsyncConnection, ticket_id: TicketId) -> list[str]:
    """A ticket's tags, in the order of the alphabet."""
    statement = (
        sa.select(ticket_tags.c.tag)
        .where(ticket_tags.c.ticket_id == ticket_id)
        .order_by(ticket_tags.c.tag)
    )
    return [str(tag) for tag in await connection.scalars(statement)]


async def add_tag(connection: AsyncConnection, ticket_id: TicketId, tag: str) -> bool:
    """Tag a ticket; False when it is tagged so already."""
    row = {"ticket_id": ticket_id, "tag": tag}
    return bool(await insert_new(connection, ticket_tags, [row], unique=["ticket_id", "tag"]))


async def remove_tag(connection: AsyncConnection, ticket_id: TicketId, tag: str) -> bool:
    """Take a tag off; False when it was not there."""
    result = await connection.execute(
        sa.delete(ticket_tags).where(ticket_tags.c.ticket_id == ticket_id, ticket_tags.c.tag == tag)
    )
    return bool(result.rowcount)
