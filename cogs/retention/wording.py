"""Names of what the report counts, and the selections that its buttons carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import PlanId
from bot.domain.money import Money
from bot.domain.offer import HOLDOUT, Offer, OfferKind
from bot.domain.retention_report import Period, Result, Share
from bot.services.retention_reports import Selection
from cogs import words
from cogs.dependencies import Dependencies

ALL = "*"
RESULTS: Mapping[Result, str] = {
    Result.SAVED: "Took an offer and paid again",
    Result.UNPROVEN: "Took an offer, next invoice open",
    Result.UNDONE: "Took an offer, left all the same",
    Result.KEPT: "Kept the plan without an offer",
    Result.TIMED_OUT: "Stopped answering, and stayed",
    Result.ENDED: "The plan ended another way",
    Result.CANCELLED: "Cancelled",
    Result.REQUESTED: "Cancelling is under way",
    Result.FAILED: "Could not be carried out",
    Result.OPEN: "Not decided yet",
}
NO_OFFER = "No offer, to compare"


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the vendor's reasons and offers."""

    reasons: Mapping[str, str]
    offers: Mapping[str, str]

    def reason(self, reason_id: str) -> str:
        """One that the vendor has removed keeps its id."""
        return self.reasons.get(reason_id, reason_id)

    def variant(self, variant: str) -> str:
        """An offer's name, or what stands for the holdout."""
        return NO_OFFER if variant == HOLDOUT else self.offers.get(variant, variant)


def names_of(deps: Dependencies) -> Names:
    """From the configuration."""
    return Names(
        {reason.id: reason.label for reason in deps.policy.reasons},
        {offer.id: offer_name(offer, deps) for offer in deps.policy.offers.offers},
    )


def offer_name(offer: Offer, deps: Dependencies) -> str:
    """In a few words."""
    months = "1 month" if offer.months == 1 else f"{offer.months} months"
    plan = deps.catalogue.plan(offer.plan_id) if offer.plan_id else None
    return {
        OfferKind.PAUSE: f"Pause for {months}",
        OfferKind.DISCOUNT: f"{offer.percent}% off for {months}",
        OfferKind.SMALLER_PLAN: f"Change to {plan.name if plan else 'a smaller plan'}",
        OfferKind.MONTHLY: "Pay by the month",
        OfferKind.CREDITS: f"{words.count(offer.units)} {deps.catalogue.unit}",
        OfferKind.TALK: "Talk with support",
    }[offer.kind]


def plan_name(plan_id: PlanId | None, deps: Dependencies) -> str:
    """What a report is about."""
    if plan_id is None:
        return "all plans"
    plan = deps.catalogue.plan(plan_id)
    return plan.name if plan else plan_id


def percent(share: Share) -> str:
    """A rate without decimals: the uncertainty is larger than these."""
    return "none" if share.rate is None else f"{share.rate:.0%}"


def between(share: Share) -> str:
    """The interval, for people who have not met Wilson."""
    low, high = share.bounds
    return f"{low:.0%} to {high:.0%}"


def monthly(amount: Money) -> str:
    """Revenue of a month."""
    return f"{words.money(amount)} a month"


def plain_dates(period: Period) -> str:
    """Days are in UTC, whatever the reader's time zone, so they are written out."""
    return f"{short_day(period.first)} {period.first.year} to {short_day(period.last)} " + str(
        period.last.year
    )


def short_day(day: date) -> str:
    """Such as 2 Nov."""
    return f"{day.day} {day:%b}"


def encoded(selection: Selection) -> str:
    """For a custom_id, which has little room: days as numbers."""
    first, last = (day.toordinal() for day in (selection.period.first, selection.period.last))
    return f"{first:x}-{last:x}:{selection.plan_id or ALL}"


def decoded(argument: str) -> Selection:
    """The inverse of `encoded`; raises NoSuchThing for what no screen of ours has sent."""
    dates, _, plan_id = argument.partition(":")
    first, _, last = dates.partition("-")
    try:
        period = Period(*(date.fromordinal(int(day, 16)) for day in (first, last)))
    except (ValueError, OverflowError):
        raise NoSuchThing("period") from None
    return Selection(period, None if plan_id in (ALL, "") else PlanId(plan_id))
