"""Usage as the vendor's backend reports it, and the month of a billing cycle that it counts in."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.allowance import LONGEST_MONTH, allowance_months
from bot.domain.identifiers import CustomerId, SubscriptionId, UserId
from bot.domain.subscription import Status, Subscription, current_first

# Longer than any month, so that a month's last usage can be reported after its end.
OLDEST_USAGE = timedelta(days=35)
CLOCK_SKEW = timedelta(minutes=5)


class UsageStatus(StrEnum):
    """What became of one report.

    DUPLICATE: the same was recorded before. CONFLICT: something else was, under this key.
    NO_SUBSCRIPTION: none covers that time. OUT_OF_RANGE: the time is too long ago, or ahead.
    EXCEEDS_USAGE: a correction of more than was used in its month.
    """

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    UNKNOWN_CUSTOMER = "unknown_customer"
    NO_SUBSCRIPTION = "no_subscription"
    OUT_OF_RANGE = "out_of_range"
    EXCEEDS_USAGE = "exceeds_usage"


@dataclass(frozen=True, slots=True)
class UsageReport:
    """`key` is the vendor's, unique for ever. A negative amount takes back what was a mistake.

    `at` None means now.
    """

    key: str
    account: CustomerId | UserId
    amount: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class CycleMonth:
    """A month of the billing cycle that began at `period_start`."""

    subscription_id: SubscriptionId
    period_start: datetime
    month_start: datetime


def is_in_range(at: datetime, *, now: datetime) -> bool:
    """Whether usage of that time may still, or already, be reported."""
    return now - OLDEST_USAGE <= at <= now + CLOCK_SKEW


class Timeline:
    """The months of all billing cycles of one customer."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        granted: Mapping[SubscriptionId, Collection[CycleMonth]],
    ) -> None:
        """`granted` are the months whose allowance is in the ledger."""
        self._ordered = current_first(subscriptions)
        runs = [_Run(each, granted.get(each.id, ())) for each in self._ordered]
        self._runs = [run for run in runs if run.months]

    def present(self, now: datetime) -> datetime:
        """Now, by the provider's clock: it has reached the current cycle, whatever ours says."""
        if self._ordered and self._ordered[0].is_live:
            return max(now, self._ordered[0].cycle_start)
        return now

    def month_at(self, at: datetime) -> CycleMonth | None:
        """The month that this moment belongs to; None when no subscription covers it.

        Where two do, because a plan has just been changed, the current one counts. A first month
        counts from a little before its start: clocks differ.
        """
        for early in (timedelta(0), CLOCK_SKEW):
            for run in self._runs:
                if found := run.month_at(at, early=early):
                    return found
        return None


class _Run:
    """The months of one subscription, and where they end."""

    def __init__(self, subscription: Subscription, granted: Collection[CycleMonth]) -> None:
        months = set(granted)
        if subscription.is_live:
            months.update(_months_without_grant(subscription))
        self.months = _in_force(months)
        self._starts = [each.month_start for each in self.months]
        self._end = _end_of(subscription)

    def month_at(self, at: datetime, *, early: timedelta) -> CycleMonth | None:
        if self._end is not None and at >= self._end:
            return None
        place = bisect_right(self._starts, at) - 1
        if place < 0:
            return self.months[0] if self._starts[0] - at <= early else None
        return self.months[place] if at - self._starts[place] < LONGEST_MONTH else None


def _in_force(months: Collection[CycleMonth]) -> list[CycleMonth]:
    """In order. What was granted ahead is over when a later cycle begins: a plan was switched."""
    ordered = sorted(months, key=lambda each: (each.month_start, each.period_start))
    in_force: list[CycleMonth] = []
    cycle: datetime | None = None
    for each in ordered:
        if cycle is None or each.period_start >= cycle:
            cycle = each.period_start
            in_force.append(each)
    return in_force


def _months_without_grant(subscription: Subscription) -> list[CycleMonth]:
    """The current cycle, whose payment may still be on its way, and the next one's beginning,
    because the news of a renewal arrives after it."""
    start, end = subscription.cycle_start, subscription.period_end
    months = [CycleMonth(subscription.id, start, month) for month in allowance_months(start, end)]
    if not subscription.ends_with_period:
        months.append(CycleMonth(subscription.id, end, end))
    return months


def _end_of(subscription: Subscription) -> datetime | None:
    if subscription.ended_at is not None:
        return subscription.ended_at
    if subscription.cancel_at is None and subscription.status is Status.CANCELED:
        return subscription.period_end
    return subscription.cancel_at
