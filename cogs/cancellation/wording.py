"""What the screens of the cancel flow and its receipts say alike."""

from bot.domain.subscription import Status, Subscription
from bot.services.cancellations import CancelCase
from cogs import words
from cogs.dependencies import Dependencies


def plan_of(case: CancelCase, deps: Dependencies) -> str:
    """The plan that the member leaves."""
    if case.subscription is None:
        return "your plan"
    return words.plan_name(case.subscription, deps.catalogue)


def no_more_charges(case: CancelCase, deps: Dependencies) -> str:
    """The promise about money (S3). With another plan it holds for this one alone."""
    return "nothing more is charged" + (f" for {plan_of(case, deps)}" if case.renewing else "")


def other_plans(case: CancelCase, deps: Dependencies, *, mail: bool = False) -> str:
    """What the member goes on paying for, and how to end that; empty when there is nothing."""
    if not case.renewing:
        return ""
    lines = " ".join(_goes_on(each, deps, mail=mail) for each in case.renewing)
    them = "it" if len(case.renewing) == 1 else "them"
    return f"{lines} {cancel_command(mail=mail)} ends {them} too."


def cancel_command(*, mail: bool) -> str:
    """How to leave, as one types it."""
    return "/cancel" if mail else "`/cancel`"


def _goes_on(subscription: Subscription, deps: Dependencies, *, mail: bool) -> str:
    plan = deps.catalogue.plan(subscription.plan_id) if subscription.plan_id else None
    name = f"Your other plan, {plan.name}," if plan else "Your other plan"
    price = f"{words.money(subscription.price)} {words.every(subscription.interval)}"
    if subscription.is_in_arrears:
        return f"{name} goes on for {price}. Its last payment did not go through and is still open."
    if subscription.status is Status.PAUSED:
        return f"{name} is paused. Nothing is charged for it while it is paused."
    day = words.plain_day if mail else words.day
    return f"{name} renews on {day(subscription.period_end)} for {price}."
