"""What the vendor sells: plans, their prices and their monthly allowance (rule S19)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.identifiers import PlanId, PriceId, ProviderName, TopUpId
from bot.domain.money import Money


class Interval(StrEnum):
    """How long one billing period lasts. Plans of Mooring's own are by month or year."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Price:
    """One way to pay for a plan; `id` is the provider's price id, or its product's.

    One that is not `sold` any more is still paid by those who have it.
    """

    id: PriceId
    provider: ProviderName
    interval: Interval
    money: Money
    sold: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """`allowance` is granted per month, also on yearly prices, in the catalogue's unit."""

    id: PlanId
    name: str
    summary: str
    allowance: int
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Offering:
    """A plan at one of its prices: what a member chooses when subscribing."""

    plan: Plan
    price: Price


@dataclass(frozen=True, slots=True)
class TopUpPrice:
    """One way to pay for a top-up, once."""

    id: PriceId
    provider: ProviderName
    money: Money


@dataclass(frozen=True, slots=True)
class TopUp:
    """More of the catalogue's unit for the current billing cycle (rules S24-S26)."""

    id: TopUpId
    units: int
    prices: tuple[TopUpPrice, ...]

    def price_of(self, provider: ProviderName) -> TopUpPrice | None:
        """What it costs through this provider; None where it is not sold there."""
        return next((price for price in self.prices if price.provider == provider), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Plans from smallest to largest. `unit` names what the allowance counts, such as credits."""

    unit: str
    plans: tuple[Plan, ...]
    top_ups: tuple[TopUp, ...] = ()

    def offerings(self, provider: ProviderName | None = None) -> Iterator[Offering]:
        """What is sold, by all providers or by one, in the catalogue's order."""
        for offering in self._every_offering():
            if offering.price.sold and provider in (None, offering.price.provider):
                yield offering

    def offered_to(self, provider: ProviderName | None) -> tuple[Offering, ...]:
        """What somebody may choose: a customer from their own provider, others from the first.

        For somebody without a customer yet, each plan and interval comes once, through the
        provider that the vendor has put first.
        """
        if provider is not None:
            return tuple(self.offerings(provider))
        first: dict[tuple[PlanId, Interval], Offering] = {}
        for offering in self.offerings():
            first.setdefault((offering.plan.id, offering.price.interval), offering)
        return tuple(first.values())

    def providers(self) -> frozenset[ProviderName]:
        """Those through which anything is sold, or still paid."""
        plans = {price.provider for plan in self.plans for price in plan.prices}
        return frozenset(plans | {price.provider for each in self.top_ups for price in each.prices})

    def top_up(self, top_up_id: TopUpId) -> TopUp | None:
        """The top-up with this id; None when the vendor removed it."""
        return next((each for each in self.top_ups if each.id == top_up_id), None)

    def sells_top_ups(self, provider: ProviderName) -> bool:
        """Whether a customer of this provider can buy any."""
        return any(each.price_of(provider) for each in self.top_ups)

    def offering(self, price_id: PriceId) -> Offering | None:
        """The offering behind a provider's price id, sold or not; None for an unknown price."""
        return next((each for each in self._every_offering() if each.price.id == price_id), None)

    def plan(self, plan_id: PlanId) -> Plan | None:
        """The plan with this id; None when the vendor removed it."""
        return next((plan for plan in self.plans if plan.id == plan_id), None)

    def _every_offering(self) -> Iterator[Offering]:
        return (Offering(plan, price) for plan in self.plans for price in plan.prices)


@dataclass(frozen=True, slots=True)
class Saving:
    """What paying by the year saves in a year; `percent` is rounded down."""

    money: Money
    percent: int


def yearly_saving(monthly: Money, yearly: Money) -> Saving | None:
    """Against twelve monthly payments; None where there is nothing to compare or to save."""
    if monthly.currency != yearly.currency or yearly.amount >= 12 * monthly.amount:
        return None
    saved = 12 * monthly.amount - yearly.amount
    return Saving(Money(saved, monthly.currency), 100 * saved // (12 * monthly.amount))
