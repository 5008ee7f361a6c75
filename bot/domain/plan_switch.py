"""What was switched at the provider within a paid period: allowance and spend begin anew (S9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.identifiers import PlanId, PriceId
from bot.domain.subscription import Status, Subscription

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Bought:
    """What an allowance was granted for."""

    plan_id: PlanId
    price_id: PriceId
    quantity: int


def is_switched(subscription: Subscription, granted: Bought) -> bool:
    """Whether the running cycle was granted for something else than what is paid now (S7).

    Another price of the same plan is no switch, and neither is another plan for the same price:
    these are the vendor's changes (S15), not the member's.
    """
    if subscription.status is not Status.ACTIVE or subscription.plan_id is None:
        return False
    if subscription.quantity != granted.quantity:
        return True
    return subscription.plan_id != granted.plan_id and subscription.price_id != granted.price_id


def begins_anew_at(subscription: Subscription, *, seen_at: datetime) -> datetime:
    """When the new cycle begins: as soon as the switch is seen, after the running cycle's start
    and before the period's end, whatever our clock says. In whole seconds, as providers count.
    """
    latest = subscription.period_end - _SECOND
    return max(subscription.cycle_start + _SECOND, min(seen_at.replace(microsecond=0), latest))
