"""Service levels: until when the team wants to have answered and solved, and for which tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import GuildId, TicketId, UserId
from bot.domain.support_hours import SupportHours
from bot.domain.ticket import Priority


class Target(StrEnum):
    """What the team has to do in time. Never reused for another meaning."""

    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    RESOLUTION = "resolution"


Targets = Mapping[Target, timedelta]


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """Times count while the team is there. One that nothing names has no end."""

    usual: Targets = field(default_factory=dict)
    by_priority: Mapping[Priority, Targets] = field(default_factory=dict)
    by_topic: Mapping[str, Targets] = field(default_factory=dict)

    def target(self, target: Target, *, topic_id: str, priority: Priority) -> timedelta | None:
        """The time that counts: of those for the priority and for the topic the shorter one, and
        the usual one where neither names any."""
        special = [
            given[target]
            for given in (self.by_priority.get(priority, {}), self.by_topic.get(topic_id, {}))
            if target in given
        ]
        return min(special, default=self.usual.get(target))


@dataclass(frozen=True, slots=True)
class Wait:
    """What of an open ticket decides about its targets. `began_at` is when it was (re)opened."""

    ticket_id: TicketId
    guild_id: GuildId
    topic_id: str
    priority: Priority
    began_at: datetime
    waiting_since: datetime | None
    first_reply_at: datetime | None
    snoozed_until: datetime | None
    assignee_id: UserId | None
    last_active_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A target with the moment from which it counts and the one until which it is met."""

    target: Target
    since: datetime
    at: datetime


def dues(wait: Wait, levels: ServiceLevels, hours: SupportHours) -> list[Due]:
    """What the team has to do by when, soonest first; nothing while it is the member's turn.

    A resolution counts from the opening on, and nobody is told of it while the member has to
    answer: then the team could do nothing about it.
    """
    if wait.waiting_since is None:
        return []
    is_first = wait.first_reply_at is None
    wanted = {
        Target.FIRST_REPLY if is_first else Target.NEXT_REPLY: wait.waiting_since,
        Target.RESOLUTION: wait.began_at,
    }
    found: list[Due] = []
    for target, since in wanted.items():
        time = levels.target(target, topic_id=wait.topic_id, priority=wait.priority)
        if time is not None:
            found.append(Due(target, since, hours.add(since, time)))
    return sorted(found, key=lambda due: due.at)
