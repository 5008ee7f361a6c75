"""`[retention]`: what leaving members are offered, within what the fairness rules allow.

A configuration that tries more is refused with the number of the rule.
"""

from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bot.domain.identifiers import PlanId, ProviderName
from bot.domain.offer import SHORTEST_COOLDOWN, Offer, OfferId, OfferKind, OfferPolicy
from bot.settings.fairness import refuse_unfair
from bot.settings.leaving import WinBackSection
from bot.settings.section import Id, Section


class _OfferSection(Section):
    """`plans` left out means every plan. `min_paid` is in the currency's minor unit."""

    id: Id
    reasons: Annotated[tuple[Id, ...], Field(min_length=1)]
    plans: tuple[Id, ...] = ()
    min_days: Annotated[int, Field(ge=0, le=3650)] = 0
    min_paid: Annotated[int, Field(ge=0)] = 0
    weight: Annotated[int, Field(ge=1, le=100)] = 1

    kind: OfferKind

    @model_validator(mode="before")
    @classmethod
    def _check_fair(cls, given: Any) -> Any:
        return refuse_unfair(given, known=cls.model_fields)

    def to_offer(self) -> Offer:
        """The domain's offer."""
        return Offer(
            id=OfferId(self.id),
            kind=self.kind,
            reasons=frozenset(self.reasons),
            plans=frozenset(PlanId(plan) for plan in self.plans),
            min_days=self.min_days,
            min_paid=self.min_paid,
            weight=self.weight,
            **self._own(),
        )

    def _own(self) -> dict[str, Any]:
        """What only this kind of offer has."""
        return {}


class PauseSection(_OfferSection):
    """Nothing is charged for so many months, and the plan is off meanwhile. Monthly plans only."""

    kind: Literal[OfferKind.PAUSE]
    months: Annotated[int, Field(ge=1, le=3)]

    def _own(self) -> dict[str, Any]:
        return {"months": self.months}


class DiscountSection(_OfferSection):
    """A coupon that exists at the provider, with this percentage and so many months."""

    kind: Literal[OfferKind.DISCOUNT]
    percent: Annotated[int, Field(ge=1, le=99)]
    months: Annotated[int, Field(ge=1, le=12)] | None = None
    coupon: Annotated[str, Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _check_months(self) -> "DiscountSection":
        if self.months is None:
            raise ValueError("months: a discount says for how long it is, by fairness rule 7")
        return self

    def _own(self) -> dict[str, Any]:
        coupons = MappingProxyType({ProviderName("stripe"): self.coupon})
        return {"percent": self.percent, "months": self.months, "coupons": coupons}


class SmallerPlanSection(_OfferSection):
    """A cheaper plan by the same interval, bought in the usual way."""

    kind: Literal[OfferKind.SMALLER_PLAN]
    plan: Id

    def _own(self) -> dict[str, Any]:
        return {"plan_id": PlanId(self.plan)}


class MonthlySection(_OfferSection):
    """The same plan by the month, for those who pay by the year."""

    kind: Literal[OfferKind.MONTHLY]


class CreditsSection(_OfferSection):
    """More of the catalogue's unit for the billing cycle that runs."""

    kind: Literal[OfferKind.CREDITS]
    units: Annotated[int, Field(ge=1)]

    def _own(self) -> dict[str, Any]:
        return {"units": self.units}


class TalkSection(_OfferSection):
    """A ticket with the support team."""

    kind: Literal[OfferKind.TALK]


AnyOffer = Annotated[
    PauseSection
    | DiscountSection
    | SmallerPlanSection
    | MonthlySection
    | CreditsSection
    | TalkSection,
    Field(discriminator="kind"),
]


class RetentionSection(Section):
    """`cooldown_days` after an offer was shown, the same person is shown no other."""

    cooldown_days: int = 180
    holdout_percent: Annotated[int, Field(ge=0, le=50)] = 0
    offers: Annotated[tuple[AnyOffer, ...], Field(max_length=25)] = ()
    win_back: Annotated[tuple[WinBackSection, ...], Field(max_length=25)] = ()

    @model_validator(mode="before")
    @classmethod
    def _check_fair(cls, given: Any) -> Any:
        return refuse_unfair(given, known=cls.model_fields)

    @model_validator(mode="after")
    def _check_offers(self) -> "RetentionSection":
        shortest = SHORTEST_COOLDOWN.days
        if not shortest <= self.cooldown_days <= 3650:
            raise ValueError(f"cooldown_days from {shortest} to 3650, by fairness rule 3")
        ids = [offer.id for offer in self.offers]
        twice = sorted({each for each in ids if ids.count(each) > 1} | ({"holdout"} & set(ids)))
        if twice:
            raise ValueError(
                f"each offer id once, and none of them holdout; not so: {', '.join(twice)}"
            )
        return self

    def problems(self, *, reasons: set[str], plans: set[str]) -> list[str]:
        """What does not fit the rest of the file."""
        told = []
        for offer in self.offers:
            unknown = sorted(set(offer.reasons) - reasons)
            if unknown:
                told.append(f"the offer {offer.id} names no reason: {', '.join(unknown)}")
            named = {*offer.plans, *([offer.plan] if isinstance(offer, SmallerPlanSection) else [])}
            unknown = sorted(named - plans)
            if unknown:
                told.append(f"the offer {offer.id} names no plan: {', '.join(unknown)}")
        return told

    def to_policy(self) -> OfferPolicy:
        """The domain's policy."""
        return OfferPolicy(
            offers=tuple(offer.to_offer() for offer in self.offers),
            cooldown=timedelta(days=self.cooldown_days),
            holdout_percent=self.holdout_percent,
        )
