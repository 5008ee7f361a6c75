"""Which month of which billing cycle a moment belongs to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import allowance_months
from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, PlanId, PriceId, ProviderName, SubscriptionId
from bot.domain.money import Money
from bot.domain.subscription import Status, Subscription
from bot.domain.usage import (
    CLOCK_SKEW,
    OLDEST_USAGE,
    CycleMonth,
    Timeline,
    is_in_range,
)

JANUARY = datetime(2026, 1, 31, 8, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 28, 8, tzinfo=UTC)
MARCH = datetime(2026, 3, 31, 8, tzinfo=UTC)
YEAR_END = datetime(2027, 1, 31, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SUB = SubscriptionId("sub")


def subscription(**changes: object) -> Subscription:
    """A monthly one in its February cycle."""
    made = Subscription(
        id=SUB,
        provider=ProviderName("stripe"),
        customer_id=CustomerId("cus"),
        plan_id=PlanId("pro"),
        price_id=PriceId("price"),
        interval=Interval.MONTH,
        price=Money(2000, "usd"),
        status=Status.ACTIVE,
        created_at=JANUARY,
        period_start=FEBRUARY,
        period_end=MARCH,
        cancel_at=None,
        ended_at=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def month(start: datetime, cycle: datetime | None = None, of: SubscriptionId = SUB) -> CycleMonth:
    """By default one that is a cycle of its own."""
    return CycleMonth(of, cycle or start, start)


PAID = {SUB: {month(JANUARY), month(FEBRUARY)}}


def test_each_moment_belongs_to_the_month_that_has_begun() -> None:
    timeline = Timeline([subscription()], PAID)

    assert timeline.month_at(FEBRUARY - SECOND) == month(JANUARY)
    assert timeline.month_at(FEBRUARY) == month(FEBRUARY)
    assert timeline.month_at(MARCH - SECOND) == month(FEBRUARY)


def test_late_usage_of_a_yearly_plan_goes_to_its_month_of_the_cycle() -> None:
    months = allowance_months(JANUARY, YEAR_END)
    granted = {SUB: {month(each, JANUARY) for each in months}}
    yearly = subscription(period_start=JANUARY, period_end=YEAR_END, interval=Interval.YEAR)
    timeline = Timeline([yearly], granted)

    for one, next_one in zip(months, (*months[1:], YEAR_END), strict=True):
        assert timeline.month_at(one) == month(one, JANUARY)
        assert timeline.month_at(next_one - SECOND) == month(one, JANUARY)


def test_a_cycle_whose_payment_is_on_its_way_counts_already() -> None:
    """Also the one of which Mooring has not heard yet, from the moment of the renewal."""
    unpaid = Timeline([subscription()], {SUB: {month(JANUARY)}})
    assert unpaid.month_at(FEBRUARY + SECOND) == month(FEBRUARY)
    assert unpaid.month_at(MARCH + SECOND) == month(MARCH)


def test_nothing_before_the_first_month_and_after_the_end() -> None:
    first_only = {SUB: {month(FEBRUARY)}}
    ends = subscription(cancel_at=MARCH)
    for ended in (
        ends,
        subscription(status=Status.CANCELED, cancel_at=MARCH),
        subscription(status=Status.CANCELED, ended_at=MARCH),
        subscription(status=Status.CANCELED),
    ):
        timeline = Timeline([ended], first_only)
        assert timeline.month_at(FEBRUARY - CLOCK_SKEW - SECOND) is None
        assert timeline.month_at(FEBRUARY - CLOCK_SKEW) == month(FEBRUARY)
        assert timeline.month_at(MARCH - SECOND) == month(FEBRUARY)
        assert timeline.month_at(MARCH) is None
    assert Timeline([], {}).month_at(FEBRUARY) is None
    assert Timeline([subscription(status=Status.INCOMPLETE)], {}).month_at(FEBRUARY) is None


def test_a_gap_between_cycles_belongs_to_nobody() -> None:
    """A pause, or a cycle that was never paid."""
    timeline = Timeline([subscription()], {SUB: {month(JANUARY - timedelta(days=90))}})

    assert timeline.month_at(JANUARY - timedelta(days=70)) == month(JANUARY - timedelta(days=90))
    assert timeline.month_at(JANUARY) is None


def test_s8_after_a_plan_change_the_new_one_counts_and_before_it_the_old_one() -> None:
    switched = FEBRUARY + timedelta(days=10)
    new = SubscriptionId("new")
    old = subscription(status=Status.CANCELED, ended_at=switched + 3 * SECOND)
    bought = subscription(
        id=new,
        created_at=switched,
        period_start=switched,
        period_end=switched + timedelta(days=28),
    )
    granted = {**PAID, new: {month(switched, of=new)}}
    timeline = Timeline([old, bought], granted)

    assert timeline.month_at(switched - SECOND) == month(FEBRUARY)
    assert timeline.month_at(switched) == month(switched, of=new)
    assert timeline.month_at(switched + 2 * SECOND) == month(switched, of=new)


def test_the_present_is_in_the_current_cycle_whatever_the_clocks_say() -> None:
    timeline = Timeline([subscription()], PAID)

    assert timeline.present(MARCH - SECOND) == MARCH - SECOND
    assert timeline.present(JANUARY) == FEBRUARY
    assert timeline.month_at(timeline.present(JANUARY)) == month(FEBRUARY)
    ended = Timeline([subscription(status=Status.CANCELED, ended_at=MARCH)], PAID)
    assert ended.present(JANUARY) == JANUARY


@given(st.integers(-200, 200), st.sampled_from(Status), st.booleans())
def test_every_moment_of_a_live_paid_cycle_has_exactly_the_month_that_it_lies_in(
    hours: int, status: Status, ends: bool
) -> None:
    at = FEBRUARY + timedelta(hours=hours)
    known = subscription(status=status, cancel_at=MARCH if ends else None)

    found = Timeline([known], PAID).month_at(at)

    assert found == (month(FEBRUARY) if hours >= 0 else month(JANUARY))


def test_only_recent_usage_is_taken() -> None:
    assert is_in_range(MARCH, now=MARCH)
    assert is_in_range(MARCH - OLDEST_USAGE, now=MARCH)
    assert not is_in_range(MARCH - OLDEST_USAGE - SECOND, now=MARCH)
    assert is_in_range(MARCH + CLOCK_SKEW, now=MARCH)
    assert not is_in_range(MARCH + CLOCK_SKEW + SECOND, now=MARCH)


def test_what_was_granted_ahead_is_over_when_the_plan_is_switched() -> None:
    """S9: a year's months were granted with its payment; a new cycle begins within the year."""
    switch = MARCH + timedelta(days=10)
    yearly = subscription(period_start=JANUARY, period_end=YEAR_END, switched_at=switch)
    ahead = {month(each, JANUARY) for each in allowance_months(JANUARY, YEAR_END)}

    timeline = Timeline([yearly], {SUB: ahead})

    assert timeline.month_at(switch - SECOND) == month(MARCH, JANUARY)
    for later in (switch, switch + timedelta(days=25)):
        assert timeline.month_at(later) == month(switch)
    following = switch.replace(month=switch.month + 1)
    assert timeline.month_at(following) == month(following, switch)
