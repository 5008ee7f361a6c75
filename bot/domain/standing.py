"""How a customer stands: what the vendor's backend asks before it serves them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.allowance import EMPTY_BALANCE, Balance, refills_at
from bot.domain.identifiers import CustomerId, ProviderName, UserId
from bot.domain.subscription import Status, Subscription, current_first, has_access

_CHARGED = frozenset({Status.TRIALING, Status.ACTIVE, Status.PAST_DUE})


@dataclass(frozen=True, slots=True)
class Standing:
    """`subscription` is the one that gives access, or else a live one, or the newest that ended.

    Without access there is no balance (rule S4). `refills_at` is when the next allowance is due;
    None where it comes with a payment that is awaited, or not at all.
    """

    customer_id: CustomerId
    provider: ProviderName
    user_id: UserId | None
    subscription: Subscription | None
    has_access: bool
    balance: Balance = EMPTY_BALANCE
    refills_at: datetime | None = None

    @property
    def renews_at(self) -> datetime | None:
        """When the next period is charged for, after a pause too; None when nothing more is charged
        (rule S3)."""
        subscription = self.subscription
        if subscription is None or subscription.ends_with_period:
            return None
        if subscription.status not in _CHARGED:
            return subscription.resumes_at
        return subscription.renews_at


def decisive(
    subscriptions: Sequence[Subscription], *, now: datetime, grace: timedelta
) -> Subscription | None:
    """Of all subscriptions of a customer, the one that says how they stand (rule S8)."""
    ordered = current_first(subscriptions)
    with_access = (each for each in ordered if has_access(each, now=now, grace=grace))
    return next(with_access, ordered[0] if ordered else None)


def next_allowance(subscription: Subscription, *, now: datetime) -> datetime | None:
    """When the next allowance is due: on the next anniversary day, or with the renewal.

    None when nothing comes any more because a cancellation is scheduled (rule S3).
    """
    if not subscription.is_live:
        return None
    start, end = subscription.cycle_start, subscription.period_end
    due = refills_at(start, end, now=now) or subscription.renews_at
    stops = subscription.cancel_at
    return due if now < due and (stops is None or due < stops) else None
