"""What a customer has besides one subscription: what is said of its end depends on it (S3, S4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.identifiers import SubscriptionId
from bot.domain.subscription import NextStep, Subscription, current_first, next_step


@dataclass(frozen=True, slots=True)
class OtherPlan:
    """Another subscription of the same customer. `stays_until` None: it may charge again."""

    subscription: Subscription
    stays_until: datetime | None


def plans_besides(
    known: Iterable[Subscription],
    *,
    besides: SubscriptionId,
    requested_ends: Mapping[SubscriptionId, datetime],
    after: datetime,
    now: datetime,
) -> tuple[OtherPlan, ...]:
    """Those that may charge again, and those that are still on after that moment.

    `requested_ends` are the promised ends of cancellations that the provider has yet to confirm.
    """
    others = [
        OtherPlan(each, _end_of(each, requested_ends.get(each.id)))
        for each in current_first(known)
        if each.id != besides and next_step(each, now=now) is not NextStep.SUBSCRIBE
    ]
    return tuple(each for each in others if each.stays_until is None or each.stays_until > after)


def _end_of(subscription: Subscription, requested: datetime | None) -> datetime | None:
    if requested is not None:
        return requested
    return None if subscription.may_charge_again else subscription.cancel_at
