"""When the allowance refills, and what is left of it and of top-ups (S24, S26, S27)."""

import calendar
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import (
    EMPTY_BALANCE,
    Balance,
    MonthSums,
    allowance_months,
    balance_of,
    balance_until_paid,
    month_of,
    refills_at,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
# Beyond every month that the tests make.
LATE = datetime(9000, 1, 1, tzinfo=UTC)

moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
units = st.integers(0, 5_000)


def on_day(day: int, months: int) -> datetime:
    """What a provider bills by: that day of the month so many months from 2024 on, or its last."""
    year, month = divmod(months, 12)
    last = calendar.monthrange(2024 + year, month + 1)[1]
    return datetime(2024 + year, month + 1, min(day, last), 15, 30, tzinfo=UTC)


@given(st.integers(1, 31), st.integers(0, 200))
def test_a_monthly_period_is_granted_once_however_long_its_month(day: int, month: int) -> None:
    start, end = on_day(day, month), on_day(day, month + 1)

    assert allowance_months(start, end) == (start,)
    assert refills_at(start, end, now=start) is None


@given(st.integers(1, 31), st.integers(0, 200))
def test_a_yearly_period_refills_twelve_times_on_its_day(day: int, month: int) -> None:
    """Also from and to 29 February, and from the last days of long months."""
    start, end = on_day(day, month), on_day(day, month + 12)

    months = allowance_months(start, end)

    assert len(months) == 12
    assert months[0] == start
    for number, moment in enumerate(months):
        last = calendar.monthrange(moment.year, moment.month)[1]
        assert moment.day == min(start.day, last)
        assert (moment.year * 12 + moment.month) - (start.year * 12 + start.month) == number
        assert moment.timetz() == start.timetz()
    for one, next_one in zip(months, (*months[1:], end), strict=True):
        assert timedelta(days=27) < next_one - one < timedelta(days=33)


@given(moments, st.integers(1, 1_500))
def test_any_period_begins_with_a_month_and_ends_after_its_last(start: datetime, days: int) -> None:
    end = start + timedelta(days=days)

    months = allowance_months(start, end)

    assert months[0] == start
    assert list(months) == sorted(set(months))
    assert months[-1] < end
    assert abs(len(months) - days / 30.4) < 1


@pytest.mark.parametrize(
    ("start", "end", "refills"),
    [
        # 31 January: the short month has its last day, the next one its own again.
        ((2026, 1, 31), (2027, 1, 31), [(2, 28), (3, 31), (4, 30), (5, 31)]),
        ((2028, 1, 31), (2029, 1, 31), [(2, 29), (3, 31)]),
        ((2028, 2, 29), (2029, 2, 28), [(3, 29), (4, 29)]),
        ((2031, 2, 28), (2032, 2, 29), [(3, 28), (4, 28)]),
        # Months of a subscription that began on a 31st.
        ((2026, 2, 28), (2026, 3, 31), []),
        ((2026, 1, 31), (2026, 2, 28), []),
        # A trial.
        ((2026, 11, 1), (2026, 11, 15), []),
    ],
)
def test_refills_at_the_ends_of_months(
    start: tuple[int, int, int], end: tuple[int, int, int], refills: list[tuple[int, int]]
) -> None:
    months = allowance_months(datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))

    found = [(each.month, each.day) for each in months[1:]]
    assert found[: len(refills)] == refills
    assert bool(found) == bool(refills)


def test_a_period_without_length_has_no_month() -> None:
    assert allowance_months(NOON, NOON) == ()
    assert month_of(NOON, NOON, now=NOON) == NOON


@given(st.integers(1, 31), st.integers(0, 100), st.integers(-400, 800))
def test_the_current_month_has_begun_and_the_next_has_not(day: int, month: int, days: int) -> None:
    start, end = on_day(day, month), on_day(day, month + 12)
    now = start + timedelta(days=days)

    current, next_one = month_of(start, end, now=now), refills_at(start, end, now=now)

    assert current == start or current <= now
    assert next_one is None or next_one > max(current, now) or current == start > now
    if next_one is None:
        assert current == allowance_months(start, end)[-1]


def months_of(*sums: tuple[int, int, int]) -> list[MonthSums]:
    """Months of a year from NOON, with (granted, topped up, used)."""
    starts = allowance_months(NOON, NOON + timedelta(days=365))
    return [MonthSums(start, *each) for start, each in zip(starts, sums, strict=False)]


cycles = st.lists(st.tuples(units, units, units), min_size=1, max_size=12)


def test_nothing_recorded_is_an_empty_balance() -> None:
    assert balance_of([], now=NOON) == EMPTY_BALANCE


@given(cycles, st.integers(0, 11), units)
def test_more_usage_never_leaves_more(
    cycle: list[tuple[int, int, int]], place: int, more: int
) -> None:
    months = months_of(*cycle)
    place %= len(months)
    before = balance_of(months, now=LATE)
    months[place] = replace(months[place], used=months[place].used + more)

    assert balance_of(months, now=LATE).remaining <= before.remaining


@given(cycles, units)
def test_s26_a_top_up_adds_its_units_to_the_cycle_and_to_no_month_before(
    cycle: list[tuple[int, int, int]], bought: int
) -> None:
    months = months_of(*cycle)
    before = balance_of(months, now=LATE)
    months[-1] = replace(months[-1], topped_up=months[-1].topped_up + bought)

    after = balance_of(months, now=LATE)

    assert after.remaining == before.remaining + max(0, bought - before.overdrawn)
    if len(months) > 1:
        earlier = months[-2].month_start
        assert balance_of(months, now=earlier) == balance_of(months[:-1], now=earlier)


@given(st.lists(st.tuples(units, units), min_size=2, max_size=12))
def test_s26_top_ups_that_the_allowance_spares_last_to_the_end_of_the_cycle(
    bought_and_unused: list[tuple[int, int]],
) -> None:
    """Usage takes from the month's grant first; what is left of a grant ends with its month."""
    months = months_of(*((used + 7, bought, used) for bought, used in bought_and_unused))

    balance = balance_of(months, now=LATE)

    assert balance.topped_up == sum(bought for bought, _ in bought_and_unused)
    assert balance.granted == bought_and_unused[-1][1] + 7
    assert balance.allowance_left == 7


def test_s24_top_ups_are_used_once_the_month_is_and_carry_on_to_the_next() -> None:
    cycle = months_of((1000, 0, 400), (1000, 500, 1200), (1000, 0, 0), (1000, 0, 1500))
    second, third, fourth = (each.month_start for each in cycle[1:])

    assert balance_of(cycle, now=NOON) == Balance(1000, 0, 400)
    assert balance_of(cycle, now=second) == Balance(1000, 500, 1200)
    assert balance_of(cycle, now=third) == Balance(1000, 300, 0)
    # Used beyond everything: nothing is left, and nothing is owed to the month after.
    assert balance_of(cycle, now=fourth).remaining == 0
    assert balance_of([*cycle, MonthSums(LATE, 1000)], now=LATE) == Balance(1000, 0, 0)


@given(cycles, units)
def test_a_correction_without_usage_gives_nothing(
    cycle: list[tuple[int, int, int]], too_much: int
) -> None:
    """Whatever order corrections and usage arrive in, there is never more than was granted."""
    corrected = [replace(each, used=-too_much) for each in months_of(*cycle)]
    unused = [replace(each, used=0) for each in corrected]

    assert balance_of(corrected, now=LATE) == balance_of(unused, now=LATE)


@given(cycles)
def test_the_first_month_counts_though_the_providers_clock_is_ahead(
    cycle: list[tuple[int, int, int]],
) -> None:
    months = months_of(*cycle)
    before = balance_of(months, now=NOON - timedelta(days=90))
    assert before == Balance(months[0].granted, months[0].topped_up, months[0].used)


def test_s16_what_is_left_goes_on_until_the_payment_is_known() -> None:
    """Of the last month of a year too, with its top-ups; what is used meanwhile takes from it."""
    year = [MonthSums(on_day(5, month), 1000, 0, 100) for month in range(11)]
    last = MonthSums(on_day(5, 11), 1000, 500, 1200)
    meanwhile = [MonthSums(on_day(5, 12), used=50)]

    balance = balance_until_paid([*year, last], meanwhile, since=on_day(5, 12), now=LATE)

    assert balance == Balance(1000, 500, 1250, awaits_payment=True)
    assert balance.remaining == 250


@pytest.mark.parametrize("last", [[], [MonthSums(on_day(5, 8), 1000)]], ids=["none", "long_ago"])
def test_without_a_paid_month_right_before_nothing_goes_on(last: list[MonthSums]) -> None:
    meanwhile = [MonthSums(on_day(5, 12), topped_up=500, used=50)]

    balance = balance_until_paid(last, meanwhile, since=on_day(5, 12), now=LATE)

    assert balance == Balance(0, 500, 50)
