"""What the screens of the cancel flow and its receipts say alike."""

from bot.services.cancellations import CancelCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.other_plans import may_charge


def plan_of(case: CancelCase, deps: Dependencies) -> str:
    """The plan that the member leaves."""
    if case.subscription is None:
        return "your plan"
    return words.plan_name(case.subscription, deps.catalogue)


def no_more_charges(case: CancelCase, deps: Dependencies) -> str:
    """The promise about money (S3). With another plan it holds for this one alone."""
    one = f" for {plan_of(case, deps)}" if may_charge(case.others) else ""
    return f"nothing more is charged{one}"
