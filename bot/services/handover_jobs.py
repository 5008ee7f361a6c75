"""The jobs by which open tickets follow their server's roles.

One walks through the tickets, a portion at a time; then there is one for each ticket.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, RoleId
from bot.domain.job import NewJob
from bot.domain.ticket import Ticket
from bot.domain.ticket_search import TopicsInSight
from storage import jobs, open_tickets, ticket_work

WALK = "handover.walk"
TICKET = "handover.ticket"
AGAIN = "handover.again"
TELL_DELETED = "handover.tell_deleted"
TELL_REFUSED = "handover.tell_refused"
CHECK_ROLES = "agents.check"

# Nobody waits for these: with the people who leave threads, they make room for what is waited for.
HANDED_OVER_AT_ONCE = 2
HAND_OVER_EVERY = timedelta(seconds=0.5)
# A right that is missing comes back when a person gives it.
REFUSED_PAUSE = timedelta(hours=1)


class Refusal(StrEnum):
    """What Discord did not let the bot do."""

    CHANGE_CHANNEL = "change_channel"
    LOOK_INTO_THREAD = "look_into_thread"
    TAKE_OUT = "take_out"


@dataclass(frozen=True, slots=True)
class Handover:
    """Roles that saw the open tickets of these topics do not any more, and others do.

    `occasion` names it among all of the server's. With the `moderators` it is about every ticket
    that they were called into, too, and about whoever of them is in any thread.
    """

    guild_id: GuildId
    occasion: str
    topics: TopicsInSight
    former: frozenset[RoleId]
    coming: frozenset[RoleId]
    moderators: bool = False

    @property
    def concerned(self) -> TopicsInSight:
        """The topics among whose tickets somebody may have to go."""
        return TopicsInSight() if self.moderators else self.topics

    def changes(self, ticket: Ticket) -> bool:
        """Whether other roles see this ticket."""
        is_called_into = self.moderators and ticket.escalated_at is not None
        return is_called_into or self.topics.has(ticket.topic_id)

    def to_payload(self) -> dict[str, Any]:
        """As it is kept in a job."""
        only = self.topics.only
        return {
            "guild_id": self.guild_id,
            "occasion": self.occasion,
            "only": None if only is None else sorted(only),
            "without": sorted(self.topics.without),
            "former": sorted(self.former),
            "coming": sorted(self.coming),
            "moderators": self.moderators,
        }

    @classmethod
    def from_payload(cls, kept: Mapping[str, Any]) -> "Handover":
        """What `to_payload` kept."""
        only = kept["only"]
        return cls(
            GuildId(int(kept["guild_id"])),
            str(kept["occasion"]),
            TopicsInSight(None if only is None else frozenset(only), frozenset(kept["without"])),
            frozenset(RoleId(int(each)) for each in kept["former"]),
            frozenset(RoleId(int(each)) for each in kept["coming"]),
            bool(kept["moderators"]),
        )


async def begin(connection: AsyncConnection, handover: Handover, *, now: datetime) -> int:
    """In the transaction that changes the roles; returns how many tickets other roles see."""
    tickets = await open_tickets.count(connection, handover.guild_id, handover.concerned)
    if tickets:
        await jobs.add(connection, [walk(handover), _look(handover)], now=now)
    if handover.moderators:
        return await ticket_work.count_moderated(connection, handover.guild_id, handover.topics)
    return tickets


def walk(
    handover: Handover,
    *,
    after: open_tickets.Cursor = open_tickets.START,
    run_at: datetime | None = None,
) -> NewJob:
    """The next portion of the tickets."""
    key = f"{WALK}:{handover.guild_id}:{handover.occasion}:{after[0]}-{after[1]}"
    return NewJob(WALK, key, {**handover.to_payload(), "after": list(after)}, run_at=run_at)


def _look(handover: Handover) -> NewJob:
    """Who has a ticket, and does not answer it any more, gives it back."""
    return NewJob(CHECK_ROLES, f"{CHECK_ROLES}:{handover.guild_id}:{handover.occasion}", {})
