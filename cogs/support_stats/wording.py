"""Durations and names of the statistics."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import UserId
from bot.domain.retention_report import Period

NOBODY = "Nobody yet"


@dataclass(frozen=True, slots=True)
class Names:
    """What people call topics and agents; `agents` has those whom Discord has told of."""

    topics: Mapping[str, str]
    agents: Mapping[UserId, str]

    def topic(self, topic_id: str) -> str:
        """One that the vendor has removed keeps its id."""
        return self.topics.get(topic_id, topic_id)

    def agent(self, agent_id: UserId | None) -> str:
        """For pictures and files, where nothing is replaced by a name."""
        return NOBODY if agent_id is None else self.agents.get(agent_id, str(agent_id))


def short(duration: timedelta | None) -> str:
    """Such as 45 min, 3.5 h or 2.1 d; a day has 24 hours."""
    if duration is None:
        return "none"
    minutes = duration / timedelta(minutes=1)
    if minutes < 60:
        return f"{max(1, round(minutes))} min" if minutes else "0 min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.1f} h".replace(".0 h", " h")
    return f"{minutes / 1440:.1f} d".replace(".0 d", " d")


def encoded(period: Period) -> str:
    """For a custom_id."""
    return f"{period.first.toordinal():x}-{period.last.toordinal():x}"


def decoded(argument: str) -> Period:
    """The inverse of `encoded`; raises NoSuchThing for what no screen of ours has sent."""
    first, _, last = argument.partition("-")
    try:
        return Period(*(date.fromordinal(int(day, 16)) for day in (first, last)))
    except (ValueError, OverflowError):
        raise NoSuchThing("period") from None
