"""How quickly the team answered and solved, and how content members were: by topic, agent, week."""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from bot.domain.identifiers import UserId
from bot.domain.retention_report import Period, Share, monday_of
from bot.domain.support_hours import SupportHours

# Of 1 to 5: who gave one of these is content.
CONTENT_FROM = 4

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class TicketFact:
    """One ticket, for the file. `agent_id` has it, or was the first to answer it."""

    number: int
    topic_id: str
    priority: str
    agent_id: UserId | None
    opened_at: datetime
    first_reply_at: datetime | None
    closed_at: datetime | None
    rating: int | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations, by two that people can picture: half of them were shorter than the median, nine
    of ten than `most`. None where there was nothing to measure."""

    count: int
    median: timedelta | None
    most: timedelta | None

    @classmethod
    def of(cls, durations: Sequence[timedelta]) -> "Spread":
        """By nearest rank: each is a duration that occurred."""
        ordered = sorted(durations)
        if not ordered:
            return cls(0, None, None)
        return cls(len(ordered), _rank(ordered, 0.5), _rank(ordered, 0.9))


def _rank(ordered: Sequence[timedelta], part: float) -> timedelta:
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Measures:
    """Tickets that have something in common. Times are in support hours, and on the clock."""

    opened: int
    first_response: Spread
    first_response_clock: Spread
    resolution: Spread
    resolution_clock: Spread
    content: Share


@dataclass(frozen=True, slots=True)
class TicketStats:
    """A server's tickets of a period, by the day on which they were opened.

    Weeks are without a gap. `by_agent` has None for tickets that nobody had or answered.
    """

    period: Period
    overall: Measures
    by_topic: tuple[tuple[str, Measures], ...]
    by_agent: tuple[tuple[UserId | None, Measures], ...]
    by_week: tuple[tuple[date, Measures], ...]


@dataclass(frozen=True, slots=True)
class _Measured:
    fact: TicketFact
    first_response: timedelta | None
    first_response_clock: timedelta | None
    resolution: timedelta | None
    resolution_clock: timedelta | None


def measure(fact: TicketFact, hours: SupportHours) -> _Measured:
    """What has to be reckoned once for each ticket."""
    answered, closed = fact.first_reply_at, fact.closed_at
    return _Measured(
        fact,
        hours.between(fact.opened_at, answered) if answered else None,
        max(answered - fact.opened_at, timedelta()) if answered else None,
        hours.between(fact.opened_at, closed) if closed else None,
        max(closed - fact.opened_at, timedelta()) if closed else None,
    )


def build(facts: Sequence[TicketFact], hours: SupportHours, period: Period) -> TicketStats:
    """Add the tickets up."""
    measured = [measure(fact, hours) for fact in facts]
    weeks = _grouped(measured, lambda each: monday_of(each.fact.opened_at.astimezone(UTC).date()))
    return TicketStats(
        period,
        _measures(measured),
        _largest_first(_grouped(measured, lambda each: each.fact.topic_id)),
        _largest_first(_grouped(measured, lambda each: each.fact.agent_id)),
        tuple((monday, _measures(weeks.get(monday, []))) for monday in period.mondays()),
    )


def _grouped(
    measured: Sequence[_Measured], key: Callable[[_Measured], _Key]
) -> dict[_Key, list[_Measured]]:
    groups: defaultdict[_Key, list[_Measured]] = defaultdict(list)
    for each in measured:
        groups[key(each)].append(each)
    return dict(groups)


def _largest_first(groups: dict[_Key, list[_Measured]]) -> tuple[tuple[_Key, Measures], ...]:
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), str(item[0])))
    return tuple((key, _measures(own)) for key, own in ordered)


def _measures(measured: Sequence[_Measured]) -> Measures:
    ratings = [each.fact.rating for each in measured if each.fact.rating is not None]
    return Measures(
        len(measured),
        Spread.of([each.first_response for each in measured if each.first_response is not None]),
        Spread.of(
            [
                each.first_response_clock
                for each in measured
                if each.first_response_clock is not None
            ]
        ),
        Spread.of([each.resolution for each in measured if each.resolution is not None]),
        Spread.of(
            [each.resolution_clock for each in measured if each.resolution_clock is not None]
        ),
        Share(sum(rating >= CONTENT_FROM for rating in ratings), len(ratings)),
    )
