"""What a leaving member may be offered, by reason, and for whom (fairness rules 3 and 7).

At most one offer in an attempt, chosen by a stable hash, and none soon after another.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NewType

from bot.domain.allowance import months_after
from bot.domain.catalogue import Catalogue, Interval, Offering
from bot.domain.identifiers import PlanId, PriceId, ProviderName, UserId
from bot.domain.money import Money
from bot.domain.subscription import TOLERANCE, Reduction, Status, Subscription

OfferId = NewType("OfferId", str)

# The variant of those who are shown no offer, to compare with.
HOLDOUT = "holdout"
# Fairness rule 3: no vendor can make it shorter.
SHORTEST_COOLDOWN = timedelta(days=30)
# A change of plans ends the paid period at once, and nothing of it is given back: nobody is asked
# to give up more than a month for keeping the plan.
MOST_LOST = timedelta(days=31)

_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}
_BUCKETS = 10_000


class OfferKind(StrEnum):
    """What an offer does.

    PAUSE and DISCOUNT are made at the provider. SMALLER_PLAN and MONTHLY lead to the change of
    plans and its checkout. CREDITS are granted by Mooring's own ledger. TALK opens a ticket.
    """

    PAUSE = "pause"
    DISCOUNT = "discount"
    SMALLER_PLAN = "smaller_plan"
    MONTHLY = "monthly"
    CREDITS = "credits"
    TALK = "talk"


# What the member takes with one click; the others lead to a screen of their own.
TAKEN_AT_ONCE = frozenset({OfferKind.PAUSE, OfferKind.DISCOUNT, OfferKind.CREDITS})
MADE_AT_PROVIDER = frozenset({OfferKind.PAUSE, OfferKind.DISCOUNT})


@dataclass(frozen=True, slots=True)
class Offer:
    """One of the vendor's offers. What its kind does not need is left as it is here.

    `plans` empty means every plan. `min_paid` is in the minor unit of what the member pays in.
    `coupons` are the provider's own ids of the discount. `plan_id` is the smaller plan.
    """

    id: OfferId
    kind: OfferKind
    reasons: frozenset[str]
    plans: frozenset[PlanId] = frozenset()
    min_days: int = 0
    min_paid: int = 0
    weight: int = 1
    months: int = 0
    percent: int = 0
    coupons: Mapping[ProviderName, str] = field(default_factory=lambda: MappingProxyType({}))
    plan_id: PlanId | None = None
    units: int = 0


@dataclass(frozen=True, slots=True)
class OfferPolicy:
    """The vendor's offers. No offer comes within `cooldown` of the last one that was shown."""

    offers: tuple[Offer, ...] = ()
    cooldown: timedelta = timedelta(days=180)
    holdout_percent: int = 0

    def find(self, offer_id: str | None) -> Offer | None:
        """The offer with this id; None when the vendor has removed it since."""
        return next((offer for offer in self.offers if offer.id == offer_id), None)


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides who is offered what.

    `paid` is the sum of what the customer has paid and not got back, in the currency of the
    subscription. `last_offered_at` is of other attempts, and so is the offer accepted last.
    """

    customer_since: datetime
    paid: Money
    last_offered_at: datetime | None = None
    accepted_id: OfferId | None = None
    accepted_at: datetime | None = None


class WhyNot(StrEnum):
    """Why somebody is not offered something, or cannot take it any more."""

    COOLDOWN = "cooldown"
    PLAN = "plan"
    TENURE = "tenure"
    SPEND = "spend"
    NOT_RUNNING = "not_running"
    STILL_ON = "still_on"
    PROVIDER = "provider"
    INTERVAL = "interval"
    RENEWALS = "renewals"
    QUANTITY = "quantity"
    NO_PRICE = "no_price"
    PAID_AHEAD = "paid_ahead"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What a member agrees to (fairness rule 7): the price now, during, for how long, and after.

    `during` is charged for `renewals` payments, the first of them at `starts_at`; None where no
    other price lies between. `after` is charged from `until` on, and where that is None from the
    moment that the member has paid for the new plan at `price_id`, or unchanged.
    """

    now: Money
    interval: Interval
    after: Money
    after_interval: Interval
    during: Money | None = None
    renewals: int = 0
    starts_at: datetime | None = None
    until: datetime | None = None
    price_id: PriceId | None = None
    units: int = 0

    @property
    def fingerprint(self) -> str:
        """Eight characters that change with what the member has agreed to."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]

    def to_payload(self) -> dict[str, object]:
        """For a job's payload: what was agreed is told, whatever is configured by then."""
        return {
            "now": self.now.amount,
            "currency": self.now.currency,
            "interval": self.interval.value,
            "after": self.after.amount,
            "after_interval": self.after_interval.value,
            "during": None if self.during is None else self.during.amount,
            "renewals": self.renewals,
            "starts_at": None if self.starts_at is None else self.starts_at.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "price_id": self.price_id,
            "units": self.units,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "OfferTerms":
        """The inverse of `to_payload`."""

        def money(name: str) -> Money:
            return Money(payload[name], payload["currency"])

        def moment(name: str) -> datetime | None:
            return None if payload[name] is None else datetime.fromisoformat(payload[name])

        return cls(
            now=money("now"),
            interval=Interval(payload["interval"]),
            after=money("after"),
            after_interval=Interval(payload["after_interval"]),
            during=None if payload["during"] is None else money("during"),
            renewals=payload["renewals"],
            starts_at=moment("starts_at"),
            until=moment("until"),
            price_id=payload["price_id"],
            units=payload["units"],
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A subscription about which offers are chosen. `kinds` are what its provider can make."""

    subscription: Subscription
    facts: Facts
    catalogue: Catalogue
    kinds: Collection[OfferKind]
    now: datetime


def choose(policy: OfferPolicy, case: Case, *, reason_id: str, user_id: UserId) -> str | None:
    """The variant of a member: an offer's id, the holdout, or None where nothing fits them.

    Only what fits is chosen among, in proportion to the weights, so that each offer is compared
    among people who could have had any of the others too. The holdout is the same people for every
    reason.
    """
    fitting = sorted(
        (each for each in policy.offers if why_not(each, policy, case, reason_id) is None),
        key=lambda offer: offer.id,
    )
    if not fitting:
        return None
    if _bucket(HOLDOUT, user_id) < policy.holdout_percent * _BUCKETS // 100:
        return HOLDOUT
    return _weighted(fitting, _bucket(f"reason:{reason_id}", user_id))


def why_not(offer: Offer, policy: OfferPolicy, case: Case, reason_id: str) -> WhyNot | None:
    """Why the member does not get this offer for this reason; None when they do."""
    if reason_id not in offer.reasons:
        return WhyNot.GONE
    refusal = _why_not_this_person(offer, policy, case)
    if refusal is not None or offer.kind is OfferKind.TALK:
        return refusal
    return WhyNot.STILL_ON if _is_still_on(policy, case) else _why_not_now(offer, case)


def terms_of(offer: Offer, case: Case) -> OfferTerms:
    """What somebody who may take the offer agrees to."""
    subscription = case.subscription
    price, interval = subscription.price, subscription.interval
    terms = OfferTerms(price, interval, after=price, after_interval=interval, units=offer.units)
    target = _target(offer, case)
    if target is not None:
        return replace(
            terms,
            after=target.price.money,
            after_interval=target.price.interval,
            price_id=target.price.id,
        )
    if offer.kind not in MADE_AT_PROVIDER:
        return terms
    percent = offer.percent if offer.kind is OfferKind.DISCOUNT else 100
    return replace(
        terms,
        during=less(price, percent=percent),
        renewals=offer.months // _MONTHS[interval],
        starts_at=subscription.period_end,
        until=renewal_after(subscription, offer.months),
    )


def reduction_of(subscription: Subscription, agreed: OfferTerms | None) -> Reduction | None:
    """The discount that was agreed to, while it counts: until its end, and for the price of then.

    A pause is none: the subscription itself tells of that.
    """
    if agreed is None or not agreed.during or agreed.starts_at is None or agreed.until is None:
        return None
    is_same = (agreed.now, agreed.interval) == (subscription.price, subscription.interval)
    if not is_same or agreed.during.amount == 0:
        return None
    is_over = subscription.period_start >= agreed.until - TOLERANCE
    found = Reduction(agreed.during, agreed.after, agreed.starts_at, agreed.until)
    return None if is_over else found


def proposes(offer: Offer, offering: Offering, subscription: Subscription) -> bool:
    """Whether an offer is to change to this plan at this interval."""
    bought = (offering.plan.id, offering.price.interval)
    if offer.kind is OfferKind.SMALLER_PLAN:
        return bought == (offer.plan_id, subscription.interval)
    if offer.kind is OfferKind.MONTHLY:
        return bought == (subscription.plan_id, Interval.MONTH)
    return False


def less(price: Money, *, percent: int) -> Money:
    """A price with a discount, which is rounded to the minor unit, halves up."""
    return Money(price.amount - (price.amount * percent + 50) // 100, price.currency)


def renewal_after(subscription: Subscription, months: int) -> datetime:
    """The renewal that many months after the next one.

    Short months do not move the day for good: of two neighbouring months one is never too short,
    so the later of the period's two days is the one, as long as the period is a whole one.
    """
    start, end = subscription.period_start, subscription.period_end
    day = max(start.day, end.day)
    each = _MONTHS.get(subscription.interval, 0)
    is_whole = months_after(start, each, day=day).date() == end.date()
    return months_after(end, months, day=day if is_whole else end.day)


def _why_not_this_person(offer: Offer, policy: OfferPolicy, case: Case) -> WhyNot | None:
    facts, last = case.facts, case.facts.last_offered_at
    if last is not None and case.now < last + max(policy.cooldown, SHORTEST_COOLDOWN):
        return WhyNot.COOLDOWN
    if offer.plans and case.subscription.plan_id not in offer.plans:
        return WhyNot.PLAN
    if case.now < facts.customer_since + timedelta(days=offer.min_days):
        return WhyNot.TENURE
    return WhyNot.SPEND if facts.paid.amount < offer.min_paid else None


def _why_not_now(offer: Offer, case: Case) -> WhyNot | None:
    subscription = case.subscription
    if subscription.status is not Status.ACTIVE or subscription.cancel_at is not None:
        return WhyNot.NOT_RUNNING
    if offer.kind in MADE_AT_PROVIDER:
        return _why_not_at_provider(offer, case)
    return None if offer.kind is OfferKind.CREDITS else _why_not_changed(offer, case)


def _why_not_changed(offer: Offer, case: Case) -> WhyNot | None:
    subscription = case.subscription
    if subscription.quantity != 1:
        return WhyNot.QUANTITY
    if offer.kind is OfferKind.MONTHLY and subscription.interval is not Interval.YEAR:
        return WhyNot.INTERVAL
    if subscription.period_end > case.now + MOST_LOST:
        return WhyNot.PAID_AHEAD
    return None if _target(offer, case) is not None else WhyNot.NO_PRICE


def _why_not_at_provider(offer: Offer, case: Case) -> WhyNot | None:
    subscription = case.subscription
    if offer.kind not in case.kinds:
        return WhyNot.PROVIDER
    if offer.kind is OfferKind.PAUSE:
        return None if subscription.interval is Interval.MONTH else WhyNot.INTERVAL
    if subscription.provider not in offer.coupons:
        return WhyNot.PROVIDER
    each = _MONTHS.get(subscription.interval)
    if each is None or offer.months % each:
        return WhyNot.INTERVAL
    # A coupon counts its months from the second in which it is given. After a short month the last
    # renewal that it is promised for can come too late.
    last_promised = renewal_after(subscription, offer.months - each)
    is_over_at = months_after(case.now.replace(microsecond=0), offer.months)
    return None if last_promised < is_over_at else WhyNot.RENEWALS


def _target(offer: Offer, case: Case) -> Offering | None:
    """The cheaper plan, or the same by the month, that the member's provider sells."""
    subscription = case.subscription
    sold = case.catalogue.offerings(subscription.provider)
    found = next((each for each in sold if proposes(offer, each, subscription)), None)
    if found is None or found.price.money.currency != subscription.price.currency:
        return None
    smaller = found.price.money.amount < subscription.price.amount
    return found if smaller and found.price.id != subscription.price_id else None


def _is_still_on(policy: OfferPolicy, case: Case) -> bool:
    """Whether the price is still another one because of an offer that was accepted before."""
    if case.subscription.resumes_at is not None or case.subscription.reduction is not None:
        return True
    taken, facts = policy.find(case.facts.accepted_id), case.facts
    if taken is None or facts.accepted_at is None or taken.kind not in MADE_AT_PROVIDER:
        return False
    # One more: the months of a pause begin with the next renewal.
    return case.now < months_after(facts.accepted_at, taken.months + 1)


def _weighted(fitting: Sequence[Offer], bucket: int) -> str:
    """The offer in whose share of the weights the bucket falls."""
    total = sum(offer.weight for offer in fitting)
    reached = 0
    for offer in fitting:
        reached += offer.weight
        if bucket * total < reached * _BUCKETS:
            break
    return offer.id


def _bucket(experiment: str, user_id: UserId) -> int:
    """Where a user falls in an experiment: the same on every machine, for ever."""
    digest = hashlib.sha256(f"{experiment}:{user_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % _BUCKETS
