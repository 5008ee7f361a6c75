"""What is said of a member's other plans wherever the end of one is told."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.domain.other_plans import OtherPlan
from bot.domain.subscription import Status
from cogs import prices, words
from cogs.dependencies import Dependencies


def may_charge(others: Sequence[OtherPlan]) -> bool:
    """Whether the promise that nothing more is charged holds for the one plan alone."""
    return any(each.stays_until is None for each in others)


def sentences(
    others: Sequence[OtherPlan],
    deps: Dependencies,
    *,
    day: Callable[[datetime], str] = words.day,
    whose: str = "Your",
) -> str:
    """Each of them with what becomes of it; empty when there is nothing."""
    return " ".join(_sentence(each, deps, day, whose) for each in others)


def with_way_out(others: Sequence[OtherPlan], deps: Dependencies, *, mail: bool = False) -> str:
    """The same, and how to end what goes on, or when the plan is Free."""
    if not others:
        return ""
    going_on = sum(each.stays_until is None for each in others)
    if not going_on:
        end = "After that your plan becomes Free."
    else:
        end = f"{cancel_command(mail=mail)} ends {'it' if going_on == 1 else 'them'} too."
    day = words.plain_day if mail else words.day
    return f"{sentences(others, deps, day=day)} {end}"


def cancel_command(*, mail: bool) -> str:
    """How to leave, as one types it."""
    return "/cancel" if mail else "`/cancel`"


def _sentence(
    other: OtherPlan, deps: Dependencies, day: Callable[[datetime], str], whose: str
) -> str:
    subscription = other.subscription
    plan = deps.catalogue.plan(subscription.plan_id) if subscription.plan_id else None
    name = f"{whose} other plan, {plan.name}," if plan else f"{whose} other plan"
    unpaid = "Its last payment did not go through and is still open."
    ends = subscription.cancel_at
    if other.stays_until is not None:
        return f"{name} stays on until {day(other.stays_until)}."
    if subscription.is_in_arrears:
        until = (
            f"ends on {day(ends)}"
            if ends is not None
            else f"goes on for {prices.present(subscription)}"
        )
        return f"{name} {until}. {unpaid}"
    if subscription.status is Status.PAUSED:
        goes_on = subscription.resumes_at
        again = f" It goes on, and is charged again, on {day(goes_on)}." if goes_on else ""
        return f"{name} is paused. Nothing is charged for it while it is paused.{again}"
    fixed = f", and ends on {day(ends)}" if ends is not None else ""
    return f"{name} renews {prices.renewal(subscription, day=day)}{fixed}."
