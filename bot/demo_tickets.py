"""Twelve made-up weeks of tickets, so that the demo's statistics have something to show. Only
`mooring demo` writes them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, TicketId, UserId
from bot.domain.ticket import TicketState
from storage import guilds, migrate, tickets
from storage.database import Database

_WEEKS = 12
_BUSIEST_WEEK = 14
# Ids that Discord gives to nobody: they would be from its first second.
_FIRST_USER = 5_000
# How often each topic is chosen, and how many hours its tickets took, about.
_TOPICS = {"billing": (5, 9.0), "help": (8, 26.0)}
# Ratings from 1 to 5, and no rating at all.
_RATINGS = {None: 10, 5: 9, 4: 5, 3: 2, 2: 1, 1: 1}


async def write_tickets(
    store: Path, *, guild_id: GuildId, team: Sequence[UserId], seed: int = 7
) -> None:
    """Add closed tickets to the store, newest last. The same seed makes the same weeks."""
    chance = random.Random(seed)  # noqa: S311 - makes things up, protects nothing
    now = datetime.now(UTC).replace(microsecond=0)
    starts = sorted(
        _working(now - timedelta(days=7 * week + chance.uniform(4, 11)), chance)
        for week in range(_WEEKS)
        for _ in range(chance.randint(_BUSIEST_WEEK // 2, _BUSIEST_WEEK))
    )
    database = Database(f"sqlite+aiosqlite:///{store}")
    try:
        await migrate.upgrade(database)
        async with database.write() as connection:
            for start in starts:
                await _ticket(connection, start, guild_id, chance.choice(team), chance)
    finally:
        await database.close()


def _working(moment: datetime, chance: random.Random) -> datetime:
    """On a working day, in hours at which the demo's team is there."""
    day = moment - timedelta(days=max(0, moment.weekday() - 4))
    return day.replace(hour=chance.randint(8, 12), minute=chance.randint(0, 59))


async def _ticket(
    connection: AsyncConnection,
    start: datetime,
    guild_id: GuildId,
    agent_id: UserId,
    chance: random.Random,
) -> None:
    weights = [weight for weight, _ in _TOPICS.values()]
    [topic_id] = chance.choices(list(_TOPICS), weights)
    number = await guilds.take_ticket_number(connection, guild_id)
    ticket_id = TicketId(f"DEMO{number:04}")
    await tickets.reserve(
        connection,
        ticket_id,
        number=number,
        guild_id=guild_id,
        opener_id=UserId(_FIRST_USER + number),
        topic_id=topic_id,
        answers={},
        attempt_id=None,
        now=start,
    )
    answered = start + timedelta(hours=chance.lognormvariate(0, 0.8))
    closed = answered + timedelta(hours=_TOPICS[topic_id][1] * chance.uniform(0.1, 2))
    [rating] = chance.choices(list(_RATINGS), list(_RATINGS.values()))
    await tickets.advance(
        connection,
        ticket_id,
        expected=(TicketState.OPENING,),
        to=TicketState.CLOSED,
        assignee_id=agent_id,
        first_reply_at=answered,
        first_reply_by=agent_id,
        closed_at=closed,
        closed_by=agent_id,
        rating=rating,
        rated_at=closed if rating else None,
    )
