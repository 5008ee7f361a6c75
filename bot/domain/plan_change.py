"""What buying a plan does: what starts, what ends with it, what is lost (rules S7-S10, S27)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import EMPTY_BALANCE, Balance
from bot.domain.catalogue import Offering
from bot.domain.errors import SamePlan
from bot.domain.subscription import NextStep, Subscription, next_step


@dataclass(frozen=True, slots=True)
class PlanPurchase:
    """A plan that a member may buy now.

    `replaces` ends once it is paid, and `balance` is what is left there. `beside` are other
    subscriptions that renew and that this purchase does not touch.
    """

    offering: Offering
    replaces: Subscription | None
    balance: Balance
    beside: tuple[Subscription, ...]

    @property
    def fingerprint(self) -> str:
        """Eight characters that change with what the member has agreed to.

        What is used of an allowance changes all the time and takes nothing away from the deal; a
        renewal, a top-up or another plan does.
        """
        facts: list[object] = [self.offering.price, *(each.id for each in self.beside)]
        if self.replaces is not None:
            old = self.replaces
            facts += [old.id, old.status, old.period_end, old.cancel_at, self.balance.topped_up]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:8]


def plan_purchase(
    offering: Offering,
    *,
    current: Subscription | None,
    balance: Balance,
    known: Sequence[Subscription],
    now: datetime,
) -> PlanPurchase:
    """What buying `offering` does; raises SamePlan.

    `current` is the subscription that the member's screens show, `known` are all of theirs.
    """
    if current is None or next_step(current, now=now) is NextStep.SUBSCRIBE:
        return PlanPurchase(offering, None, EMPTY_BALANCE, renewing(known))
    if is_same(offering, current):
        raise SamePlan(ends_at=current.cancel_at if current.ends_with_period else None)
    beside = tuple(each for each in renewing(known) if each.id != current.id)
    return PlanPurchase(offering, current, balance, beside)


def is_same(offering: Offering, subscription: Subscription) -> bool:
    """Whether a subscription is to this plan by this interval, perhaps at an older price."""
    return (subscription.plan_id, subscription.interval) == (
        offering.plan.id,
        offering.price.interval,
    )


def renewing(known: Sequence[Subscription]) -> tuple[Subscription, ...]:
    """Those that will charge again if nobody does anything."""
    return tuple(each for each in known if each.is_live and not each.ends_with_period)
