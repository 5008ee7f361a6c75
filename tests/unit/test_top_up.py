"""When a top-up is possible, how much of what is left is whose, and when it is gone (S24-S27)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import Balance, allowance_months, month_of, refills_at
from bot.domain.catalogue import Interval
from bot.domain.errors import MooringError, TopUpNeedsPlan, TopUpNotNeeded, TopUpTooEarly
from bot.domain.subscription import Status, Subscription
from bot.domain.top_up import TopUpOffer, cycle_end, is_used_up, require_top_up
from cogs.subscribe.topup import offer_text
from tests.unit.test_plan_change import END, NOW, OLD

GRACE = timedelta(days=7)
USED_UP = Balance(granted=1000, topped_up=0, used=1000)
AMOUNTS = st.integers(0, 10**6)


def test_s24_used_up_on_a_plan_that_is_on() -> None:
    assert require_top_up(OLD, USED_UP, now=NOW, grace=GRACE) == OLD


def test_s25_what_is_left_of_earlier_top_ups_is_no_obstacle() -> None:
    topped_up = Balance(granted=1000, topped_up=500, used=1100)

    assert require_top_up(OLD, topped_up, now=NOW, grace=GRACE) == OLD
    assert (topped_up.allowance_left, topped_up.top_up_left) == (0, 400)


@pytest.mark.parametrize(
    ("subscription", "balance", "refusal"),
    [
        (None, USED_UP, TopUpNeedsPlan()),
        (replace(OLD, status=Status.CANCELED), USED_UP, TopUpNeedsPlan()),
        (replace(OLD, status=Status.PAUSED), USED_UP, TopUpNeedsPlan()),
        (OLD, Balance(granted=1000, topped_up=0, used=999), TopUpNotNeeded(left=1)),
        (OLD, Balance(granted=0, topped_up=0, used=0), TopUpTooEarly()),
        (OLD, replace(USED_UP, awaits_payment=True), TopUpTooEarly()),
    ],
    ids=["free", "ended", "paused", "something_left", "not_granted_yet", "payment_awaited"],
)
def test_s24_otherwise_the_reason_is_given(
    subscription: Subscription | None, balance: Balance, refusal: MooringError
) -> None:
    with pytest.raises(type(refusal)) as refused:
        require_top_up(subscription, balance, now=NOW, grace=GRACE)

    assert vars(refused.value) == vars(refusal)
    assert not is_used_up(subscription, balance, now=NOW, grace=GRACE)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_what_is_left_is_of_the_allowance_or_of_top_ups(
    granted: int, topped_up: int, used: int
) -> None:
    balance = Balance(granted, topped_up, used)

    assert balance.allowance_left + balance.top_up_left == balance.remaining
    assert 0 <= balance.top_up_left <= topped_up
    assert balance.overdrawn == 0 or balance.remaining == 0
    # The allowance is used before top-ups are.
    assert balance.top_up_left == topped_up or balance.allowance_left == 0


def test_s26_it_ends_with_the_period_or_with_the_plan() -> None:
    assert cycle_end(OLD) == END
    assert cycle_end(replace(OLD, cancel_at=END - timedelta(days=3))) == END - timedelta(days=3)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-40, 400),
)
def test_the_month_of_a_yearly_period(start: datetime, days: int) -> None:
    end = start.replace(year=start.year + 1, day=min(start.day, 28))
    now = start + timedelta(days=days)

    month, refill = month_of(start, end, now=now), refills_at(start, end, now=now)

    assert month in allowance_months(start, end)
    assert month <= now or month == start
    assert refill is None or (refill > now or days < 0)
    assert refill is None or month < refill


def test_a_yearly_plan_is_told_when_the_next_allowance_comes() -> None:
    start = datetime(2026, 10, 20, tzinfo=UTC)
    yearly = replace(
        OLD, interval=Interval.YEAR, period_start=start, period_end=start.replace(year=2027)
    )

    text = offer_text(TopUpOffer(yearly, USED_UP, ()), unit="credits", now=NOW)

    refill = int(start.replace(month=11).timestamp())
    assert f"**Your next monthly allowance:** <t:{refill}:D>" in text
    monthly = offer_text(TopUpOffer(OLD, USED_UP, ()), unit="credits", now=NOW)
    assert "next monthly allowance" not in monthly
