"""When the team is there: weekly hours in a time zone, without holidays.

Times on the clock are read as RFC 5545 does: one that the clocks skip counts with the offset from
before, and of one that comes twice the first is meant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property

DAY = timedelta(days=1)
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a day, in minutes since its midnight: the first one is in it, the last is not."""

    start: int
    end: int


WHOLE_DAY = (Span(0, _MINUTES_A_DAY),)


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days on which nobody is there, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class SupportHours:
    """`week` has the spans of each weekday, Monday 0, in order; empty means round the clock."""

    zone: tzinfo = UTC
    week: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    holidays: tuple[Holiday, ...] = ()

    @cached_property
    def is_always(self) -> bool:
        """Whether the team is there at every moment."""
        return not self.week and not self.holidays

    @cached_property
    def working_day(self) -> timedelta:
        """How long the team is there on a day on which it is there, on average."""
        days = list(self.week.values()) or [WHOLE_DAY]
        minutes = sum(span.end - span.start for spans in days for span in spans)
        return timedelta(minutes=minutes) / len(days)

    @cached_property
    def _closed(self) -> frozenset[date]:
        return frozenset(
            each.first + DAY * number
            for each in self.holidays
            for number in range((each.last - each.first).days + 1)
        )

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How long the team was there from `start` to `end`; nothing when that is backwards."""
        if self.is_always or end <= start:
            return max(end - start, timedelta())
        total = timedelta()
        for opens, closes in self._open_from(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The first moment until which the team has been there for `duration` since `start`."""
        if self.is_always or duration <= timedelta():
            return start + max(duration, timedelta())
        left = duration
        for opens, closes in self._open_from(start):
            begins = max(opens, start)
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        raise AssertionError("a week with hours never ends")

    def _open_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Every time at which the team is there and that ends after `start`, in UTC, in order."""
        day = start.astimezone(self.zone).date() - DAY
        before = datetime.min.replace(tzinfo=UTC)
        while True:
            for span in () if day in self._closed else self._spans(day):
                # Where the clocks are set forward, two spans can come to overlap.
                opens, closes = (
                    max(self._moment(day, span.start), before),
                    self._moment(day, span.end),
                )
                if opens < closes:
                    before = closes
                    if closes > start:
                        yield opens, closes
            day += DAY

    def _spans(self, day: date) -> tuple[Span, ...]:
        return self.week.get(day.weekday(), ()) if self.week else WHOLE_DAY

    def _moment(self, day: date, minutes: int) -> datetime:
        days, rest = divmod(minutes, _MINUTES_A_DAY)
        on = day + DAY * days
        at = datetime(on.year, on.month, on.day, rest // 60, rest % 60, tzinfo=self.zone)
        return at.astimezone(UTC)
