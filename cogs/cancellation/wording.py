"""What the screens of the cancel flow and its receipts say alike."""

from bot.domain.cancellation import AttemptState, find_reason
from bot.services.cancellations import CancelCase
from cogs import prices, words
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


_STANDS = {
    AttemptState.STARTED: "has not given a reason yet",
    AttemptState.REASON_GIVEN: "has not confirmed yet",
    AttemptState.ACCEPTING: "has taken an offer",
    AttemptState.SAVED: "has taken an offer",
    AttemptState.REQUESTED: "has confirmed; the payment provider has not answered yet",
    AttemptState.CANCELLED: "has cancelled",
    AttemptState.RESUMED: "has changed their mind",
    AttemptState.ABORTED: "has decided to stay",
    AttemptState.TIMED_OUT: "has not gone on",
    AttemptState.FAILED: "has confirmed; the payment provider refused",
}


def about_leaving(case: CancelCase, deps: Dependencies) -> str:
    """For a ticket from the cancel flow: both sides see what is going on beside it."""
    attempt, subscription = case.attempt, case.subscription
    reason = find_reason(deps.policy.reasons, attempt.reason_id)
    price = "" if subscription is None else f" · {prices.present(subscription)}"
    return (
        f"**From the cancel flow:** {plan_of(case, deps)}{price} · {attempt.receipt_reference}\n"
        f"**Reason:** {reason.label if reason else 'not given yet'}\n"
        f"**So far:** the member {_STANDS[attempt.state]}.\n"
        "-# This ticket does not stop anybody from cancelling."
    )
