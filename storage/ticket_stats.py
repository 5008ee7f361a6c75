"""Tickets for the team's statistics."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId
from bot.domain.retention_report import Period
from bot.domain.ticket import TicketState
from bot.domain.ticket_stats import TicketFact
from storage.schema import tickets

_t = tickets.c


async def facts(
    connection: AsyncConnection,
    guild_id: GuildId,
    period: Period,
    *,
    after: TicketFact | None,
    most: int,
) -> list[TicketFact]:
    """A portion of a server's tickets, in the order of their numbers.

    Not those that could not be opened, nor those that went on in another ticket.
    """
    statement = (
        sa.select(
            _t.number,
            _t.topic_id,
            _t.priority,
            sa.func.coalesce(_t.assignee_id, _t.first_reply_by).label("agent_id"),
            _t.created_at,
            _t.first_reply_at,
            _t.closed_at,
            _t.rating,
        )
        .where(
            _t.guild_id == guild_id,
            _t.created_at >= period.start,
            _t.created_at < period.end,
            _t.state != TicketState.FAILED.value,
            _t.merged_into.is_(None),
        )
        .order_by(_t.created_at, _t.number)
        .limit(most)
    )
    if after is not None:
        same_time = sa.and_(_t.created_at == after.opened_at, _t.number > after.number)
        statement = statement.where(sa.or_(_t.created_at > after.opened_at, same_time))
    rows = await connection.execute(statement)
    return [
        TicketFact(
            row.number,
            row.topic_id,
            row.priority,
            row.agent_id,
            row.created_at,
            row.first_reply_at,
            row.closed_at,
            row.rating,
        )
        for row in rows
    ]
