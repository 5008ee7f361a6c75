"""How long a contract can be withdrawn from, and which ones can."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.subscription import Status
from bot.domain.withdrawal import (
    MONEY_BACK_WITHIN,
    WithdrawalPolicy,
    deadline,
    may_be_withdrawn,
    young_contracts,
)
from tests.integration.storage.samples import SUBSCRIPTION

ON = WithdrawalPolicy(enabled=True)
SECOND = timedelta(seconds=1)
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
# From the first to the last place on earth where a day begins.
zones = st.integers(-12 * 60, 14 * 60).map(lambda each: timezone(timedelta(minutes=each)))


@pytest.mark.parametrize(
    ("concluded", "last_day"),
    [
        # A Tuesday: the day itself does not count, and the 14th day after it is a Tuesday.
        (datetime(2026, 11, 3, 0, 0, tzinfo=UTC), datetime(2026, 11, 17, tzinfo=UTC)),
        (datetime(2026, 11, 3, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 17, tzinfo=UTC)),
        # The last day would be a Saturday or a Sunday: it moves to Monday.
        (datetime(2026, 11, 7, 12, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        (datetime(2026, 11, 8, 12, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        # Over the end of a year, and over a 29th of February.
        (datetime(2026, 12, 22, 12, tzinfo=UTC), datetime(2027, 1, 5, tzinfo=UTC)),
        (datetime(2028, 2, 15, 12, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_the_last_day_is_counted_in_utc_and_one_more_is_given(
    concluded: datetime, last_day: datetime
) -> None:
    assert deadline(concluded, days=14) == last_day + timedelta(days=2)


@given(moments, st.integers(14, 60), zones)
def test_the_last_day_is_over_wherever_the_member_is(
    concluded: datetime, days: int, zone: timezone
) -> None:
    """By the member's own calendar too, the time is never too short."""
    counted_there = concluded.astimezone(zone).date() + timedelta(days=days)

    over = deadline(concluded, days=days).astimezone(zone)

    assert over.date() > counted_there
    assert deadline(concluded, days=days) - concluded <= timedelta(days=days + 4)


@given(moments, zones)
def test_it_does_not_matter_in_which_zone_the_provider_tells_the_time(
    concluded: datetime, zone: timezone
) -> None:
    assert deadline(concluded.astimezone(zone), days=14) == deadline(concluded, days=14)


@given(moments, st.sampled_from([each for each in Status if each is not Status.INCOMPLETE]))
def test_until_the_last_moment_whatever_the_state_and_then_not(
    concluded: datetime, status: Status
) -> None:
    """In arrears, cancelled or ended: it was a contract. A renewal is no new one."""
    over = deadline(concluded, days=14)
    young = replace(SUBSCRIPTION, created_at=concluded, status=status, period_start=over)

    assert may_be_withdrawn(young, days=14, now=over - SECOND)
    assert not may_be_withdrawn(young, days=14, now=over)


def test_what_was_never_paid_for_was_never_concluded() -> None:
    begun = replace(SUBSCRIPTION, status=Status.INCOMPLETE)
    assert not may_be_withdrawn(begun, days=14, now=begun.created_at)


def test_young_contracts_come_newest_first_and_only_where_it_is_offered() -> None:
    now = SUBSCRIPTION.created_at + timedelta(days=20)
    old = SUBSCRIPTION
    young = replace(SUBSCRIPTION, created_at=now - timedelta(days=9))
    newest = replace(SUBSCRIPTION, created_at=now - timedelta(days=1))

    assert young_contracts([young, old, newest], policy=ON, now=now) == (newest, young)
    assert young_contracts([young], policy=WithdrawalPolicy(), now=now) == ()


def test_the_money_has_to_be_back_within_the_time_of_the_law() -> None:
    assert timedelta(days=14) == MONEY_BACK_WITHIN
