"""When a member has access, and which one step is open to them (S2-S6, R2, R3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, PlanId, PriceId, ProviderName, SubscriptionId
from bot.domain.money import Money
from bot.domain.subscription import (
    TOLERANCE,
    NextStep,
    Status,
    Subscription,
    current_first,
    end_if_cancelled,
    grace_end,
    has_access,
    next_step,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=30)
PAID_UP = {Status.ACTIVE, Status.TRIALING}
# What this version does not know may still be charged for, so a member can cancel it.
LIVE = PAID_UP | {Status.PAST_DUE, Status.UNPAID, Status.PAUSED, Status.UNKNOWN}
IN_ARREARS = {Status.PAST_DUE, Status.UNPAID}

times = st.integers(-40 * 86_400, 100 * 86_400).map(lambda each: START + timedelta(seconds=each))
graces = st.timedeltas(timedelta(0), timedelta(days=60))
statuses = st.sampled_from(Status)
ends = st.one_of(st.none(), times)


def subscription(status: Status, cancel_at: datetime | None) -> Subscription:
    return Subscription(
        id=SubscriptionId("sub"),
        provider=ProviderName("stripe"),
        customer_id=CustomerId("cus"),
        plan_id=PlanId("pro"),
        price_id=PriceId("price"),
        interval=Interval.MONTH,
        price=Money(2000, "usd"),
        status=status,
        created_at=START,
        period_start=START,
        period_end=END,
        cancel_at=cancel_at,
        ended_at=None,
    )


@given(statuses, ends, times, graces)
def test_access_by_state_and_time(
    status: Status, cancel_at: datetime | None, now: datetime, grace: timedelta
) -> None:
    access = has_access(subscription(status, cancel_at), now=now, grace=grace)

    if cancel_at is not None and now >= cancel_at:
        assert not access  # S4, however late the provider's event is
    elif status in PAID_UP:
        assert access
    elif status is Status.PAST_DUE:
        assert access == (now - START < grace)
    else:
        assert not access


@given(statuses, times, times, graces)
def test_s2_scheduling_the_end_takes_nothing_before_it(
    status: Status, cancel_at: datetime, now: datetime, grace: timedelta
) -> None:
    before = has_access(subscription(status, None), now=now, grace=grace)
    after = has_access(subscription(status, cancel_at), now=now, grace=grace)
    assert after == (before and now < cancel_at)


@given(statuses, ends, times, graces, graces)
def test_a_longer_grace_never_takes_access(
    status: Status, cancel_at: datetime | None, now: datetime, one: timedelta, other: timedelta
) -> None:
    each = subscription(status, cancel_at)
    shorter, longer = sorted((one, other))
    assert has_access(each, now=now, grace=shorter) <= has_access(each, now=now, grace=longer)


@given(statuses, ends, times)
def test_exactly_one_step_is_open(
    status: Status, cancel_at: datetime | None, now: datetime
) -> None:
    each = subscription(status, cancel_at)
    step = next_step(each, now=now)

    goes_on = status in LIVE and (cancel_at is None or now < cancel_at)
    assert (step is NextStep.CANCEL) == (goes_on and not each.ends_with_period)  # R2
    assert (step is NextStep.RESUME) == (goes_on and each.ends_with_period)  # S5
    assert (step is NextStep.SUBSCRIBE) == (not goes_on)


@given(statuses, ends)
def test_s3_only_an_end_before_the_next_renewal_is_a_cancellation(
    status: Status, cancel_at: datetime | None
) -> None:
    """A fixed term renews until its end; in arrears also what is to end is collected for."""
    each = subscription(status, cancel_at)

    in_time = cancel_at is not None and cancel_at <= END + TOLERANCE
    assert each.ends_with_period == in_time
    assert each.may_charge_again == (status in LIVE and (status in IN_ARREARS or not in_time))


def test_s3_what_may_charge_again_comes_first() -> None:
    over = subscription(Status.CANCELED, None)
    leaving = subscription(Status.ACTIVE, END)
    fixed_term = subscription(Status.ACTIVE, END + timedelta(days=100))
    late_and_leaving = subscription(Status.PAST_DUE, END)

    for charging in (fixed_term, late_and_leaving, subscription(Status.ACTIVE, None)):
        older = replace(charging, created_at=START - timedelta(days=1))
        assert current_first([over, leaving, older]) == [older, leaving, over]


@given(times)
def test_nobody_without_a_subscription_has_anything_to_cancel(now: datetime) -> None:
    assert next_step(None, now=now) is NextStep.SUBSCRIBE


@given(statuses, ends)
def test_what_ends_by_itself_is_live_and_has_a_date(
    status: Status, cancel_at: datetime | None
) -> None:
    each = subscription(status, cancel_at)
    assert each.is_live == (status in LIVE)


@given(statuses, ends, times)
def test_s2_s3_what_is_paid_is_had_and_what_is_not_paid_ends_at_once(
    status: Status, cancel_at: datetime | None, now: datetime
) -> None:
    each = subscription(status, cancel_at)

    assert each.is_in_arrears == (status in IN_ARREARS)
    assert end_if_cancelled(each, now=now) == (now if status in IN_ARREARS else END)


@given(graces)
def test_access_in_arrears_stops_when_grace_ends(grace: timedelta) -> None:
    each = subscription(Status.PAST_DUE, None)
    end = grace_end(each, grace=grace)

    assert end == START + grace
    assert not has_access(each, now=end, grace=grace)
    assert has_access(each, now=end - timedelta(seconds=1), grace=grace + timedelta(seconds=1))
