"""When more can be bought for the current billing cycle (rules S24-S26)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.allowance import Balance
from bot.domain.catalogue import TopUp, TopUpPrice
from bot.domain.errors import TopUpNeedsPlan, TopUpNotNeeded, TopUpTooEarly
from bot.domain.subscription import Subscription, has_access


@dataclass(frozen=True, slots=True)
class TopUpOffer:
    """What a member may add to which subscription's cycle, from smallest to largest."""

    subscription: Subscription
    balance: Balance
    choices: tuple[tuple[TopUp, TopUpPrice], ...]


def require_top_up(
    subscription: Subscription | None, balance: Balance, *, now: datetime, grace: timedelta
) -> Subscription:
    """The subscription that may be topped up; raises the reason why none may be.

    There is no limit to how often (S25): what is left of earlier top-ups does not count.
    """
    if subscription is None or not has_access(subscription, now=now, grace=grace):
        raise TopUpNeedsPlan
    if balance.allowance_left:
        raise TopUpNotNeeded(left=balance.allowance_left)
    if not is_used_up(subscription, balance, now=now, grace=grace):
        raise TopUpTooEarly
    return subscription


def is_used_up(
    subscription: Subscription | None, balance: Balance, *, now: datetime, grace: timedelta
) -> bool:
    """Whether a plan is on and nothing is left of what this month has brought.

    Nobody need buy more while the new allowance comes with a payment that is awaited.
    """
    if subscription is None or not has_access(subscription, now=now, grace=grace):
        return False
    if balance.awaits_payment:
        return False
    return balance.granted > 0 and balance.allowance_left == 0


def cycle_end(subscription: Subscription) -> datetime:
    """When what is left of a top-up is gone (S26): with the period, or with the subscription."""
    if subscription.cancel_at is None:
        return subscription.period_end
    return min(subscription.cancel_at, subscription.period_end)
