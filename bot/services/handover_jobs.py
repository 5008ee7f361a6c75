"""The jobs by which open tickets follow their server's roles.

One walks through the tickets, a portion at a time; then there is one for each ticket.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, RoleId
from bot.domain.job import NewJob
from bot.domain.ticket_search import TopicsInSight
from storage import jobs, open_tickets

WALK = "handover.walk"
TICKET = "handover.ticket"
TELL_DELETED = "handover.tell_deleted"
TELL_REFUSED = "handover.tell_refused"
CHECK_ROLES = "agents.check"


class Refusal(StrEnum):
    """What Discord did not let the bot do."""

    CHANGE_CHANNEL = "change_channel"
    LOOK_INTO_THREAD = "look_into_thread"
    TAKE_OUT = "take_out"


@dataclass(frozen=True, slots=True)
class Handover:
    """Roles that saw the open tickets of these topics do not any more, and others do.

    `occasion` names it among all of the server's.
    """

    guild_id: GuildId
    occasion: str
    topics: TopicsInSight
    former: frozenset[RoleId]
    coming: frozenset[RoleId]

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
        )


async def begin(connection: AsyncConnection, handover: Handover, *, now: datetime) -> int:
    """In the transaction that changes the roles; returns how many tickets it is about."""
    tickets = await open_tickets.count(connection, handover.guild_id, handover.topics)
    if tickets:
        await jobs.add(connection, [walk(handover), _look(handover)], now=now)
    return tickets


def walk(handover: Handover, *, after: open_tickets.Cursor = open_tickets.START) -> NewJob:
    """The next portion of the tickets."""
    key = f"{WALK}:{handover.guild_id}:{handover.occasion}:{after[0]}-{after[1]}"
    return NewJob(WALK, key, {**handover.to_payload(), "after": list(after)})


def _look(handover: Handover) -> NewJob:
    """Who has a ticket, and does not answer it any more, gives it back."""
    return NewJob(CHECK_ROLES, f"{CHECK_ROLES}:{handover.guild_id}:{handover.occasion}", {})
