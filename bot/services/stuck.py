"""Looking again, after a while, at what somebody has confirmed and the provider has to carry out.

The look is a job of its own, added with the confirmation: it comes however often the work itself
is cut short, and finds nothing to tell where that is done.
"""

from datetime import datetime, timedelta

from bot.domain.identifiers import AttemptId, RefundId, SubscriptionId, UserId, WithdrawalId
from bot.domain.job import NewJob

# Longer than a hiccup of the provider, and soon enough to help before the next charge.
LOOK_AFTER = timedelta(minutes=10)


def look_at_cancellation(attempt_id: AttemptId, *, now: datetime) -> NewJob:
    """Whether the provider has answered by then."""
    return NewJob(
        "cancellation.tell_stuck",
        f"cancel-stuck:{attempt_id}",
        {"attempt_id": attempt_id},
        run_at=now + LOOK_AFTER,
    )


def look_at_offer(attempt_id: AttemptId, *, now: datetime) -> NewJob:
    """Whether the provider has made the accepted offer by then, or it was called off."""
    return NewJob(
        "offer.look_stuck",
        f"offer-look:{attempt_id}",
        {"attempt_id": attempt_id},
        run_at=now + LOOK_AFTER,
    )


def look_at_resumption(
    reference: str, user_id: UserId, subscription_id: SubscriptionId, *, now: datetime
) -> NewJob:
    """Whether the plan renews again by then, or the wish was withdrawn."""
    return NewJob(
        "resumption.tell_stuck",
        f"resume-stuck:{reference}",
        {"reference": reference, "user_id": user_id, "subscription_id": subscription_id},
        run_at=now + LOOK_AFTER,
    )


def look_at_refund(refund_id: RefundId, *, now: datetime) -> NewJob:
    """Whether the money has moved by then, and what it paid for has ended."""
    return NewJob(
        "refund.look_stuck",
        f"refund-look:{refund_id}",
        {"refund_id": refund_id},
        run_at=now + LOOK_AFTER,
    )


def look_at_withdrawal(withdrawal_id: WithdrawalId, *, now: datetime) -> NewJob:
    """Whether the contract has ended by then."""
    return NewJob(
        "withdrawal.tell_stuck",
        f"withdraw-stuck:{withdrawal_id}",
        {"withdrawal_id": withdrawal_id},
        run_at=now + LOOK_AFTER,
    )
