"""Twelve made-up weeks of tickets, so that the demo's statistics have something to show. Only
`mooring demo` writes them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from discord.utils import time_snowflake
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ChannelId, GuildId, MessageId, TicketId, UserId
from bot.domain.ticket import TicketState
from bot.domain.ticket_record import TicketMessage
from bot.sandbox.desk_past import DeskPast
from bot.sandbox.stories import CLOSED, COLLEAGUE, MEMBERS, OTHERS
from storage import guilds, ticket_messages, tickets

_OPENERS = (*MEMBERS, *OTHERS, "Mia", "Lea", "Noor")
_TEAM = ("Sam", COLLEAGUE)
_WEEKS = 12
_BUSIEST_WEEK = 14
# How often each topic is chosen, and how many hours its tickets took, about.
_TOPICS = {"billing": (5, 9.0), "help": (8, 26.0)}
# Ratings from 1 to 5, and no rating at all.
_RATINGS = {None: 10, 5: 9, 4: 5, 3: 2, 2: 1, 1: 1}


@dataclass(frozen=True, slots=True)
class _MadeUp:
    """How one ticket went. In the `talk` the member asks, and then it goes in turns."""

    topic_id: str
    start: datetime
    opener: str
    agent: str
    talk: tuple[str, ...]


async def write_tickets(connection: AsyncConnection, past: DeskPast, *, seed: int = 7) -> None:
    """Add closed tickets, newest last. The same seed makes the same weeks."""
    chance = random.Random(seed)  # noqa: S311 - makes things up, protects nothing
    now = past.moment(timedelta()).replace(microsecond=0)
    starts = sorted(
        _working(now - timedelta(days=7 * week + chance.uniform(4, 11)), chance)
        for week in range(_WEEKS)
        for _ in range(chance.randint(_BUSIEST_WEEK // 2, _BUSIEST_WEEK))
    )
    weights = [weight for weight, _ in _TOPICS.values()]
    topics = chance.choices(list(_TOPICS), weights, k=len(starts))
    talks = _spread(topics, chance)
    for index, (start, topic_id) in enumerate(zip(starts, topics, strict=True)):
        made_up = _MadeUp(
            topic_id, start, chance.choice(_OPENERS), chance.choice(_TEAM), talks.get(index, ())
        )
        await _ticket(connection, made_up, past, chance)


def _spread(topics: Sequence[str], chance: random.Random) -> dict[int, tuple[str, ...]]:
    """Which tickets have something to read: each talk is told once, the rest is statistics."""
    found: dict[int, tuple[str, ...]] = {}
    for topic_id, talks in CLOSED.items():
        ours = [index for index, each in enumerate(topics) if each == topic_id]
        found |= dict(zip(chance.sample(ours, len(talks)), talks, strict=True))
    return found


def _working(moment: datetime, chance: random.Random) -> datetime:
    """On a working day, in hours at which the demo's team is there."""
    day = moment - timedelta(days=max(0, moment.weekday() - 4))
    return day.replace(hour=chance.randint(8, 12), minute=chance.randint(0, 59))


async def _ticket(
    connection: AsyncConnection, made_up: _MadeUp, past: DeskPast, chance: random.Random
) -> None:
    guild_id = GuildId(int(past.scene.guild.id))
    agent_id = UserId(past.user_id(made_up.agent))
    number = await guilds.take_ticket_number(connection, guild_id)
    ticket_id = TicketId(f"DEMO{number:04}")
    await tickets.reserve(
        connection,
        ticket_id,
        number=number,
        guild_id=guild_id,
        opener_id=UserId(past.user_id(made_up.opener)),
        topic_id=made_up.topic_id,
        answers={"description": made_up.talk[0]} if made_up.talk else {},
        attempt_id=None,
        now=made_up.start,
    )
    answered = made_up.start + timedelta(hours=chance.lognormvariate(0, 0.8))
    closed = answered + timedelta(hours=_TOPICS[made_up.topic_id][1] * chance.uniform(0.1, 2))
    [rating] = chance.choices(list(_RATINGS), list(_RATINGS.values()))
    await tickets.advance(
        connection,
        ticket_id,
        expected=(TicketState.OPENING,),
        to=TicketState.CLOSED,
        welcome_id=MessageId(time_snowflake(made_up.start)),
        assignee_id=agent_id,
        first_reply_at=answered,
        first_reply_by=agent_id,
        closed_at=closed,
        closed_by=agent_id,
        rating=rating,
        rated_at=closed if rating else None,
    )
    said = _messages(ticket_id, made_up, past, between=(answered, closed))
    await ticket_messages.add(connection, said)


def _messages(
    ticket_id: TicketId, made_up: _MadeUp, past: DeskPast, *, between: tuple[datetime, datetime]
) -> list[TicketMessage]:
    """In turns after the question, the team first."""
    first, last = between
    said = made_up.talk[1:]
    pause = (last - first) / max(1, len(said))
    return [
        TicketMessage(
            message_id=MessageId(time_snowflake(at := first + pause * index)),
            ticket_id=ticket_id,
            channel_id=ChannelId(0),
            author_id=UserId(past.user_id(by)),
            author_name=by,
            from_bot=False,
            content=text,
            sent_at=at,
        )
        for index, text in enumerate(said)
        for by in [made_up.opener if index % 2 else made_up.agent]
    ]
