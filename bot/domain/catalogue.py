"""What the vendor sells: plans, their prices and their monthly allowance (rule S19)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.identifiers import PlanId, PriceId
from bot.domain.money import Money


class Interval(StrEnum):
    """How long one billing period lasts. Plans of Mooring's own are by month or year."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Price:
    """One way to pay for a plan; `id` is the provider's price id."""

    id: PriceId
    interval: Interval
    money: Money


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
class Catalogue:
    """Plans from smallest to largest. `unit` names what the allowance counts, such as credits."""

    unit: str
    plans: tuple[Plan, ...]

    def offerings(self) -> Iterator[Offering]:
        """Every plan at every price, in the catalogue's order."""
        for plan in self.plans:
            for price in plan.prices:
                yield Offering(plan, price)

    def offering(self, price_id: PriceId) -> Offering | None:
        """The offering behind a provider's price id; None for a price that is no longer sold."""
        return next((each for each in self.offerings() if each.price.id == price_id), None)

    def plan(self, plan_id: PlanId) -> Plan | None:
        """The plan with this id; None when the vendor removed it."""
        return next((plan for plan in self.plans if plan.id == plan_id), None)
