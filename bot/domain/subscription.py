"""A subscription as the payment provider owns it, and what its state allows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, PlanId, PriceId, ProviderName, SubscriptionId
from bot.domain.money import Money

# Providers round the ends of periods; a renewal moves them by weeks.
TOLERANCE = timedelta(hours=12)


class Status(StrEnum):
    """The provider's status, in the words that all providers share.

    UNKNOWN stands for a value that this version does not know: it neither grants access nor
    counts as ended, so that nobody is sold a second subscription.
    """

    INCOMPLETE = "incomplete"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reduction:
    """Less is charged from the renewal at `starts_at` on, and the full price from `until` on."""

    during: Money
    after: Money
    starts_at: datetime
    until: datetime

    def price_of(self, period_start: datetime) -> Money:
        """What the period costs that begins then."""
        begun = self.starts_at - TOLERANCE <= period_start < self.until - TOLERANCE
        return self.during if begun else self.after


@dataclass(frozen=True, slots=True)
class Subscription:
    """`cancel_at` is set while an end is scheduled, however the provider encodes it.

    It can lie beyond the current period: a fixed term, which renews until then. `price` is for all
    of the `quantity`. `switched_at` is set while the allowance is that of a plan to which the
    subscription was switched within the current period. `resumes_at` is the first renewal that is
    charged again, from the moment that a pause is arranged until then. `reduction` is of an offer
    that the member has taken, while it counts: the store knows it, a provider's answer has none.
    """

    id: SubscriptionId
    provider: ProviderName
    customer_id: CustomerId
    plan_id: PlanId | None
    price_id: PriceId
    interval: Interval
    price: Money
    status: Status
    created_at: datetime
    period_start: datetime
    period_end: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    quantity: int = 1
    switched_at: datetime | None = None
    resumes_at: datetime | None = None
    reduction: Reduction | None = field(default=None, compare=False)

    @property
    def cycle_start(self) -> datetime:
        """When the allowance's cycle began: with the period, or with a switch within it (S9)."""
        return self.switched_at or self.period_start

    @property
    def renews_at(self) -> datetime:
        """When money is next taken, if nothing ends it: with the period, or after a pause."""
        return self.resumes_at or self.period_end

    @property
    def present_price(self) -> Money:
        """What the running period costs: less than `price` while a reduction counts."""
        return self._price_of(self.period_start)

    @property
    def next_charge(self) -> Money:
        """What the next renewal takes (fairness rule 7)."""
        return self._price_of(self.renews_at)

    def _price_of(self, period_start: datetime) -> Money:
        return self.price if self.reduction is None else self.reduction.price_of(period_start)

    @property
    def is_live(self) -> bool:
        """Whether the provider may still charge for it or carry it on."""
        return self.status in _LIVE

    def is_over(self, *, now: datetime) -> bool:
        """Whether it has ended for good. A scheduled end counts on time, as for `has_access`."""
        if self.status is Status.CANCELED:
            return True
        return self.cancel_at is not None and now >= self.cancel_at

    @property
    def is_in_arrears(self) -> bool:
        """Whether the current period has not been paid: the paid time was over at its start."""
        return self.status in _IN_ARREARS

    @property
    def ends_with_period(self) -> bool:
        """Whether its end is scheduled and comes before the next renewal."""
        return self.cancel_at is not None and self.cancel_at <= self.period_end + TOLERANCE

    @property
    def may_charge_again(self) -> bool:
        """Whether money may still be taken for it: in arrears also for what is to end."""
        return self.is_live and (self.is_in_arrears or not self.ends_with_period)


_LIVE = frozenset(Status) - {Status.INCOMPLETE, Status.CANCELED}
_PAID_UP = frozenset({Status.TRIALING, Status.ACTIVE})
_IN_ARREARS = frozenset({Status.PAST_DUE, Status.UNPAID})


def grace_end(subscription: Subscription, *, grace: timedelta) -> datetime:
    """When access stops if the payment for the current period keeps failing."""
    return subscription.period_start + grace


def has_access(subscription: Subscription, *, now: datetime, grace: timedelta) -> bool:
    """Whether plan features and allowance are on (rules S2, S4).

    While a renewal payment is past due they stay on for `grace` after the period's end. A
    scheduled end is honoured on time even when the provider's event for it is late.
    """
    if subscription.cancel_at is not None and now >= subscription.cancel_at:
        return False
    if subscription.status in _PAID_UP:
        return True
    return subscription.status is Status.PAST_DUE and now < grace_end(subscription, grace=grace)


def end_if_cancelled(subscription: Subscription, *, now: datetime) -> datetime:
    """When it ends if the member cancels now: with the period that is paid for (rule S2).

    In arrears that time is over, so it ends at once: carried on, it would still be collected for
    (rule S3).
    """
    return now if subscription.is_in_arrears else subscription.period_end


class NextStep(StrEnum):
    """What a member can do about the subscription from here (rules R2, R3, S5)."""

    CANCEL = "cancel"
    RESUME = "resume"
    SUBSCRIBE = "subscribe"


def next_step(subscription: Subscription | None, *, now: datetime) -> NextStep:
    """The step that fits the state; exactly one of them is possible at any time."""
    if subscription is None or not subscription.is_live:
        return NextStep.SUBSCRIBE
    if subscription.cancel_at is not None and now >= subscription.cancel_at:
        return NextStep.SUBSCRIBE
    return NextStep.RESUME if subscription.ends_with_period else NextStep.CANCEL


def current_first(subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """One that may charge again, then one that ends, then what is over; of two alike, the newer.

    Two of one second keep the order in which they came.
    Whoever has two can see, and end, the one that still charges.
    """
    newest_first = sorted(subscriptions, key=lambda each: each.created_at, reverse=True)
    return sorted(
        newest_first,
        key=lambda each: 0 if each.may_charge_again else 1 if each.is_live else 2,
    )
