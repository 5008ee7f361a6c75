"""Looking again, after a while, at what somebody has confirmed and the provider has to carry out.

The look is a job of its own, added with the confirmation: it comes however often the work itself
is cut short, and finds nothing to tell where that is done.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain.identifiers import AttemptId, RefundId, SubscriptionId, UserId, WithdrawalId
from bot.domain.job import NewJob

# Longer than a hiccup of the provider, and soon enough to help before the next charge.
LOOK_AFTER = timedelta(minutes=10)


def look_at_cancellation(attempt_id: AttemptId, *, now: datetime) -> NewJob:
    """Whether the provider has answered by then."""
    about = {"attempt_id": attempt_id}
    return _look("cancellation.tell_stuck", f"cancel-stuck:{attempt_id}", about, now=now)


def look_at_offer(attempt_id: AttemptId, *, now: datetime) -> NewJob:
    """Whether the provider has made the accepted offer by then, or it was called off."""
    about = {"attempt_id": attempt_id}
    return _look("offer.look_stuck", f"offer-look:{attempt_id}", about, now=now)


def look_at_resumption(
    reference: str, user_id: UserId, subscription_id: SubscriptionId, *, now: datetime
) -> NewJob:
    """Whether the plan renews again by then, or the wish was withdrawn."""
    about = {"reference": reference, "user_id": user_id, "subscription_id": subscription_id}
    return _look("resumption.tell_stuck", f"resume-stuck:{reference}", about, now=now)


def look_at_refund(refund_id: RefundId, *, now: datetime) -> NewJob:
    """Whether the money has moved by then, and what it paid for has ended."""
    return _look("refund.look_stuck", f"refund-look:{refund_id}", {"refund_id": refund_id}, now=now)


def look_at_withdrawal(withdrawal_id: WithdrawalId, *, now: datetime) -> NewJob:
    """Whether the contract has ended by then."""
    about = {"withdrawal_id": withdrawal_id}
    return _look("withdrawal.tell_stuck", f"withdraw-stuck:{withdrawal_id}", about, now=now)


def _look(kind: str, key: str, about: Mapping[str, object], *, now: datetime) -> NewJob:
    return NewJob(kind, key, about, run_at=now + LOOK_AFTER)
