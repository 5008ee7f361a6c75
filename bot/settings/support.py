"""`[support]` and `tickets.auto_close`: hours, service levels, assignment, silence."""

import re
from collections.abc import Iterable
from datetime import UTC, date, timedelta, tzinfo
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from bot.domain.assignment import Assignment
from bot.domain.sla import ServiceLevels, Target, Targets
from bot.domain.support_hours import Holiday, Span, SupportHours
from bot.domain.support_policy import Silence, SupportPolicy
from bot.domain.ticket import Priority
from bot.settings.section import Id, Section

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DURATION = re.compile(r"([1-9]\d{0,3})([mhd])")
_MINUTES_A_DAY = 24 * 60
_LONGEST_HOLIDAY = timedelta(days=366)


def _zone(name: str) -> tzinfo:
    # This one needs no time zone database.
    return UTC if name == "UTC" else ZoneInfo(name)


def _require_zone(name: str) -> str:
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('a time zone such as "Europe/Berlin"') from None
    return name


def _span(written: str) -> Span:
    found = _SPAN.fullmatch(written)
    if found is not None:
        hours = [int(each) for each in found.groups()]
        span = Span(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])
        if span.start < span.end <= _MINUTES_A_DAY:
            return span
    raise ValueError(
        f'hours such as "09:00-17:30", within one day and the earlier one first; not: {written}'
    )


def _require_spans(written: tuple[str, ...]) -> tuple[str, ...]:
    _in_order(_span(each) for each in written)
    return written


def _in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    ordered = tuple(sorted(spans, key=lambda span: span.start))
    for earlier, later in pairwise(ordered):
        if later.start < earlier.end:
            raise ValueError("hours of a day that do not overlap")
    return ordered


def _holiday(written: str) -> Holiday:
    first, _, last = written.partition("/")
    try:
        found = Holiday(date.fromisoformat(first), date.fromisoformat(last or first))
    except ValueError:
        found = None
    if found is None or not timedelta() <= found.last - found.first <= _LONGEST_HOLIDAY:
        raise ValueError(
            f'days such as "2026-12-25", or "2026-12-24/2027-01-01" for several; not: {written}'
        )
    return found


def _require_holiday(written: str) -> str:
    _holiday(written)
    return written


def _require_duration(written: str) -> str:
    if not _DURATION.fullmatch(written):
        raise ValueError('a time such as "30m", "4h" or "3d"')
    return written


Duration = Annotated[str, AfterValidator(_require_duration)]


def _duration(written: str, *, day: timedelta = timedelta(days=1)) -> timedelta:
    number, unit = int(written[:-1]), written[-1]
    return number * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": day}[unit]


class TargetSection(Section):
    """Times in which the team is there; one that is left out has no end."""

    first_reply: Duration | None = None
    next_reply: Duration | None = None
    resolution: Duration | None = None

    def to_targets(self, *, day: timedelta) -> Targets:
        """`1d` is a working day: as long as the team is there on one."""
        given = {target: getattr(self, target.value) for target in Target}
        return {
            target: _duration(time, day=day) for target, time in given.items() if time is not None
        }


class LevelSection(TargetSection):
    """Of a priority's and a topic's time the shorter counts, and the usual one without both."""

    priority: dict[Priority, TargetSection] = Field(default_factory=dict)
    topic: dict[Id, TargetSection] = Field(default_factory=dict)


class SupportSection(Section):
    """When the team is there, what it promises, and who gets new tickets.

    Without `hours` it is there round the clock.
    """

    timezone: Annotated[str, AfterValidator(_require_zone)] = "UTC"
    hours: dict[Weekday, Annotated[tuple[str, ...], AfterValidator(_require_spans)]] = Field(
        default_factory=dict
    )
    holidays: Annotated[
        tuple[Annotated[str, AfterValidator(_require_holiday)], ...], Field(max_length=200)
    ] = ()
    assignment: Assignment = Assignment.NONE
    sla: LevelSection = LevelSection()

    @model_validator(mode="after")
    def _check_hours(self) -> "SupportSection":
        spans = [_span(each) for day in self.hours.values() for each in day]
        if self.hours and sum(span.end - span.start for span in spans) < 60:
            raise ValueError(
                "hours on at least one day and for an hour a week, or no hours at all for round "
                "the clock"
            )
        return self

    def problem_with(self, topics: Iterable[str]) -> str | None:
        """What the topics of the file do not allow."""
        if unknown := sorted(set(self.sla.topic) - set(topics)):
            return f"support.sla.topic with ids of topics; no topic: {', '.join(unknown)}"
        return None

    def to_policy(self, silence: Silence | None) -> SupportPolicy:
        """The domain's."""
        week = {
            _WEEKDAYS.index(name): _in_order(_span(each) for each in spans)
            for name, spans in self.hours.items()
            if spans
        }
        holidays = tuple(_holiday(each) for each in self.holidays)
        hours = SupportHours(_zone(self.timezone), week, holidays)
        day = hours.working_day
        levels = ServiceLevels(
            usual=self.sla.to_targets(day=day),
            by_priority={key: each.to_targets(day=day) for key, each in self.sla.priority.items()},
            by_topic={key: each.to_targets(day=day) for key, each in self.sla.topic.items()},
        )
        return SupportPolicy(hours, levels, self.assignment, silence)


class AutoCloseSection(Section):
    """Days and hours on the clock since the last word, while it is the member's turn."""

    remind_after: Duration
    close_after: Duration

    @model_validator(mode="after")
    def _check_order(self) -> "AutoCloseSection":
        if self.to_silence().close_after <= self.to_silence().remind_after:
            raise ValueError("close_after later than remind_after")
        return self

    def to_silence(self) -> Silence:
        """The domain's."""
        return Silence(_duration(self.remind_after), _duration(self.close_after))
