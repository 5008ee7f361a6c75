"""Support hours: what is reckoned forwards is reckoned back, also where the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.support_hours import Holiday, Span, SupportHours

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
MORNING, AFTERNOON = Span(9 * 60, 12 * 60 + 30), Span(13 * 60 + 30, 18 * 60)
WEEK = dict.fromkeys(range(5), (MORNING, AFTERNOON))
HOUR = timedelta(hours=1)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[misc,arg-type]


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    """Up to three parts of a day that do not overlap."""
    edges = sorted(draw(st.sets(st.integers(0, 48), min_size=2, max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Span(first * 30, last * 30) for first, last in pairs)


@st.composite
def hours(draw: st.DrawFn) -> SupportHours:
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]))
    week = draw(st.dictionaries(st.integers(0, 6), spans(), min_size=2, max_size=7))
    week = draw(st.sampled_from([week, {}]))
    first = draw(st.dates(date(2026, 3, 1), date(2026, 11, 30)))
    away = Holiday(first, first + timedelta(days=draw(st.integers(0, 10))))
    return SupportHours(ZoneInfo(zone), week, (away,) if draw(st.booleans()) else ())


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
durations = st.timedeltas(timedelta(), timedelta(days=12))


@settings(deadline=None)  # years of days, where the team is there for minutes
@given(hours(), moments, durations)
def test_adding_and_measuring_are_inverse(
    at: SupportHours, start: datetime, time: timedelta
) -> None:
    end = at.add(start, time)

    assert at.between(start, end) == time
    assert end >= start + time


@settings(deadline=None)  # years of days, where the team is there for minutes
@given(hours(), moments, durations, durations)
def test_more_time_ends_later_and_parts_add_up(
    at: SupportHours, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle = at.add(start, first)

    assert middle <= at.add(start, first + second)
    assert at.add(middle, second) == at.add(start, first + second)


@settings(deadline=None)  # years of days, where the team is there for minutes
@given(hours(), moments, durations, durations)
def test_measuring_is_never_more_than_the_clock_and_adds_up(
    at: SupportHours, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = start + first, start + first + second

    assert timedelta() <= at.between(start, end) <= end - start
    assert at.between(start, end) == at.between(start, middle) + at.between(middle, end)
    assert at.between(end, start) == timedelta()


def test_a_night_and_a_weekend_do_not_count() -> None:
    office = SupportHours(BERLIN, WEEK)
    friday, monday = berlin(2026, 6, 5, 17, 0), berlin(2026, 6, 8, 9, 30)

    assert office.between(friday, monday) == 1.5 * HOUR
    assert office.add(friday, 2 * HOUR) == berlin(2026, 6, 8, 10, 0)
    assert office.add(berlin(2026, 6, 5, 12, 0), HOUR) == berlin(2026, 6, 5, 14, 0)
    # The end of a day is still that day: nobody has to wait for the next one to open.
    assert office.add(friday, HOUR) == berlin(2026, 6, 5, 18, 0)


def test_holidays_do_not_count_and_both_their_days_are_included() -> None:
    holidays = (Holiday(date(2026, 12, 24), date(2026, 12, 31)), Holiday(*[date(2027, 1, 1)] * 2))
    office = SupportHours(BERLIN, WEEK, holidays)

    assert office.add(berlin(2026, 12, 23, 17, 0), 2 * HOUR) == berlin(2027, 1, 4, 10, 0)


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        # On 29 March the clocks skip from 2:00 to 3:00; on 25 October 2:00 to 3:00 comes twice.
        (date(2026, 3, 29), 23 * HOUR),
        (date(2026, 10, 25), 25 * HOUR),
        (date(2026, 6, 1), 24 * HOUR),
    ],
)
def test_a_whole_day_is_as_long_as_the_clocks_make_it(day: date, wanted: timedelta) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    following = datetime.combine(day + timedelta(days=1), midnight.timetz())
    whole = SupportHours(BERLIN, {number: (Span(0, 24 * 60),) for number in range(7)})

    assert whole.between(midnight, following) == wanted


def test_hours_in_the_time_that_the_clocks_skip_are_neither_lost_nor_counted_twice() -> None:
    night = SupportHours(BERLIN, {6: (Span(60, 150), Span(150, 210), Span(210, 300))})
    saturday, monday = berlin(2026, 3, 28, 0, 0), berlin(2026, 3, 30, 0, 0)

    assert night.between(saturday, monday) == 3 * HOUR
    assert night.between(saturday, berlin(2026, 4, 6, 0, 0)) == 7 * HOUR


def test_a_working_day_is_as_long_as_an_open_day_is() -> None:
    assert SupportHours(BERLIN, WEEK).working_day == 8 * HOUR
    assert SupportHours(NEW_YORK, {0: (MORNING,), 1: (AFTERNOON,)}).working_day == 4 * HOUR
    assert SupportHours().working_day == 24 * HOUR
    assert SupportHours().is_always
    assert not SupportHours(holidays=(Holiday(date(2026, 1, 1), date(2026, 1, 1)),)).is_always
