"""What a member may still use: the allowance of each month, and top-ups of the billing cycle."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

AVERAGE_MONTH = timedelta(days=365.2425 / 12)
# A month is 31 days at most; providers round.
LONGEST_MONTH = timedelta(days=32)


class EntryKind(StrEnum):
    """What a ledger entry records. Grants and top-ups add; usage takes away.

    Negative amounts are of top-ups that were refunded, and of usage that was reported by mistake.
    """

    GRANT = "grant"
    TOP_UP = "top_up"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Balance:
    """Sums of ledger entries, in the catalogue's unit.

    `granted` and `used` are of the current month of the billing cycle. `topped_up` is what earlier
    months have left of the cycle's top-ups: usage takes from the month's grant first.
    `awaits_payment` is set where they are of the last month that was paid, because it is not known
    yet whether the current one is.
    """

    granted: int
    topped_up: int
    used: int
    awaits_payment: bool = False

    @property
    def remaining(self) -> int:
        """What is left; never below zero, because usage is reported after the fact."""
        return max(0, self.granted + self.topped_up - self.used)

    @property
    def allowance_left(self) -> int:
        """What is left of the month's grant, which is used before top-ups are."""
        return max(0, self.granted - self.used)

    @property
    def top_up_left(self) -> int:
        """What is left of the cycle's top-ups."""
        return self.remaining - self.allowance_left

    @property
    def overdrawn(self) -> int:
        """What was used beyond all that there was; a top-up makes up for it first."""
        return max(0, self.used - self.granted - self.topped_up)


EMPTY_BALANCE = Balance(granted=0, topped_up=0, used=0)


@dataclass(frozen=True, slots=True)
class MonthSums:
    """The sums of one month's ledger entries."""

    month_start: datetime
    granted: int = 0
    topped_up: int = 0
    used: int = 0


def balance_of(months: Sequence[MonthSums], *, now: datetime) -> Balance:
    """The balance in a billing cycle whose months have these sums.

    A month's usage takes from its grant first and from top-ups after that. What is left of a grant
    ends with its month, what is left of top-ups goes on to the end of the cycle, and usage beyond
    both is not held against the next month. Corrections give back what was used, and no more. The
    first month counts even where the provider's clock is ahead of ours.
    """
    balance, left = EMPTY_BALANCE, 0
    for index, month in enumerate(sorted(months, key=lambda each: each.month_start)):
        if index > 0 and month.month_start > now:
            break
        balance = Balance(month.granted, left + month.topped_up, max(0, month.used))
        left = balance.topped_up - max(0, min(balance.topped_up, balance.used - balance.granted))
    return balance


def balance_until_paid(
    last: Sequence[MonthSums], running: Sequence[MonthSums], *, since: datetime, now: datetime
) -> Balance:
    """The balance in a cycle that began at `since` and whose payment is not known yet.

    It is new once the payment is known (rule S16). What the cycle before, with the months `last`,
    had left goes on until then, except where that was over long ago: after a pause. What is used
    meanwhile takes from it, and from the new grant when that comes.
    """
    if not last or since - max(each.month_start for each in last) > LONGEST_MONTH:
        return balance_of(running, now=now)
    before = balance_of(last, now=since)
    topped_up = before.topped_up + sum(each.topped_up for each in running)
    used = before.used + max(0, sum(each.used for each in running))
    return Balance(before.granted, topped_up, used, awaits_payment=True)


def allowance_months(start: datetime, end: datetime) -> tuple[datetime, ...]:
    """When the allowance refills within a billing period: at its start and on each anniversary day.

    A day that a month does not have is its last one, and the next month has its own day again: a
    year from 31 January refills on 28 February and 31 March. A monthly period is one month however
    long: one from 28 February to 31 March, of a subscription that began on a 31st, is granted once.
    """
    if start >= end:
        return ()
    count = max(1, round((end - start) / AVERAGE_MONTH))
    return tuple(months_after(start, number) for number in range(count))


def month_of(start: datetime, end: datetime, *, now: datetime) -> datetime:
    """When the current allowance month of a billing period began.

    The first month counts even where the provider's clock is ahead of ours.
    """
    months = allowance_months(start, end) or (start,)
    return max((month for month in months if month <= now), default=months[0])


def refills_at(start: datetime, end: datetime, *, now: datetime) -> datetime | None:
    """When the next month's allowance comes within this period; None in its last month."""
    current = month_of(start, end, now=now)
    return next((month for month in allowance_months(start, end) if month > current), None)


def months_after(start: datetime, count: int, *, day: int | None = None) -> datetime:
    """The same day that many months later, or `day`; the last one of a month that is too short."""
    year, month = divmod(start.month - 1 + count, 12)
    year, month = start.year + year, month + 1
    last = calendar.monthrange(year, month)[1]
    return start.replace(year=year, month=month, day=min(day or start.day, last))
