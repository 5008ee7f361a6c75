"""A subscription as the payment provider owns it, and what its state allows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, PlanId, PriceId, ProviderName, SubscriptionId
from bot.domain.money import Money


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
class Subscription:
    """`cancel_at` is set while a cancellation is scheduled, however the provider encodes it."""

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

    @property
    def is_live(self) -> bool:
        """Whether the provider may still charge for it or carry it on."""
        return self.status in _LIVE


_LIVE = frozenset(Status) - {Status.INCOMPLETE, Status.CANCELED}
_PAID_UP = frozenset({Status.TRIALING, Status.ACTIVE})


def has_access(subscription: Subscription, *, now: datetime, grace: timedelta) -> bool:
    """Whether plan features and allowance are on (rules S2, S4).

    While a renewal payment is past due they stay on for `grace` after the period's end. A
    scheduled end is honoured on time even when the provider's event for it is late.
    """
    if subscription.cancel_at is not None and now >= subscription.cancel_at:
        return False
    if subscription.status in _PAID_UP:
        return True
    return subscription.status is Status.PAST_DUE and now < subscription.period_start + grace


class NextStep(StrEnum):
    """What a member can do about the subscription from here (rules R2, R3, S5)."""

    CANCEL = "cancel"
    RESUME = "resume"
    SUBSCRIBE = "subscribe"


def next_step(subscription: Subscription | None, *, now: datetime) -> NextStep:
    """The step that fits the state; exactly one of them is possible at any time."""
    if subscription is None or not subscription.is_live:
        return NextStep.SUBSCRIBE
    if subscription.cancel_at is None:
        return NextStep.CANCEL
    return NextStep.RESUME if now < subscription.cancel_at else NextStep.SUBSCRIBE
