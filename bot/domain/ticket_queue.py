"""What waits for the team: the most urgent first, and of these who has waited longest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import ChannelId, GuildId, UserId
from bot.domain.sla import Due, Wait
from bot.domain.ticket import Priority

PER_PAGE = 10
# What comes first; support hours keep the order of the clock, so that nobody need reckon with them.
URGENCY: Mapping[Priority, int] = {
    Priority.URGENT: 0,
    Priority.HIGH: 1,
    Priority.NORMAL: 2,
    Priority.LOW: 3,
}


class Whose(StrEnum):
    """Which tickets by who has them."""

    ALL = "all"
    MINE = "mine"
    NOBODYS = "nobodys"


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What of the queue somebody looks at. `page` counts from 0; `topic_id` None means all."""

    topic_id: str | None = None
    whose: Whose = Whose.ALL
    page: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that waits."""

    number: int
    opener_id: UserId
    channel_id: ChannelId | None
    wait: Wait


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A ticket that waits, with the next thing that has to be done by some time, if any has."""

    waiting: Waiting
    due: Due | None

    def is_late(self, *, now: datetime) -> bool:
        """Whether that time is over."""
        return self.due is not None and self.due.at <= now


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of what waits. `total` is of all pages."""

    guild_id: GuildId
    chosen: QueueFilter
    lines: tuple[QueueLine, ...]
    total: int
    topics: tuple[str, ...]

    @property
    def has_more(self) -> bool:
        """Whether there is a page after this one."""
        return (self.chosen.page + 1) * PER_PAGE < self.total
