"""What waits for the team, in one query."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, UserId
from bot.domain.ticket import Priority, TicketState
from bot.domain.ticket_queue import PER_PAGE, URGENCY, QueueFilter, Waiting, Whose
from bot.domain.ticket_search import TopicsInSight
from storage.schema import tickets
from storage.ticket_search import in_sight
from storage.ticket_turns import WAIT, wait_of

_t = tickets.c
_urgency = sa.case(
    *((_t.priority == priority.value, rank) for priority, rank in URGENCY.items()),
    else_=URGENCY[Priority.NORMAL],
)


def select_page(
    guild_id: GuildId,
    chosen: QueueFilter,
    *,
    topics: TopicsInSight,
    user_id: UserId,
    now: datetime,
) -> sa.Select[tuple[object, ...]]:
    """The query. `topics` are those that the reader answers.

    The literal conditions are those of the index `ix_tickets_waiting`.
    """
    statement = sa.select(
        *WAIT,
        _t.number,
        _t.opener_id,
        _t.channel_id,
        sa.func.count().over().label("total"),
    ).where(
        _t.guild_id == guild_id,
        _t.state == sa.literal_column(f"'{TicketState.OPEN.value}'"),
        _t.waiting_since.is_not(None),
        sa.or_(_t.snoozed_until.is_(None), _t.snoozed_until <= now),
        in_sight(topics),
    )
    if chosen.topic_id is not None:
        statement = statement.where(_t.topic_id == chosen.topic_id)
    if chosen.whose is Whose.MINE:
        statement = statement.where(_t.assignee_id == user_id)
    elif chosen.whose is Whose.NOBODYS:
        statement = statement.where(_t.assignee_id.is_(None))
    return (
        statement.order_by(_urgency, _t.waiting_since, _t.id)
        .limit(PER_PAGE)
        .offset(chosen.page * PER_PAGE)
    )


async def page(
    connection: AsyncConnection,
    guild_id: GuildId,
    chosen: QueueFilter,
    *,
    topics: TopicsInSight,
    user_id: UserId,
    now: datetime,
) -> tuple[list[Waiting], int]:
    """A page of what waits, and how much waits in all; nothing beyond the last page."""
    statement = select_page(guild_id, chosen, topics=topics, user_id=user_id, now=now)
    rows = (await connection.execute(statement)).all()
    found = [Waiting(row.number, row.opener_id, row.channel_id, wait_of(row)) for row in rows]
    return found, rows[0].total if rows else 0
