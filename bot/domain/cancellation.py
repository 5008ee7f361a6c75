"""A member's attempt to cancel, from the first screen to the provider's confirmation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import AttemptId, CustomerId, GuildId, SubscriptionId, TicketId, UserId
from bot.domain.refund import Payment
from bot.domain.subscription import TOLERANCE, Subscription, end_if_cancelled

# After this long without a click an attempt counts as given up. Nothing is sent about it.
ATTEMPT_LIFETIME = timedelta(days=1)


class AttemptState(StrEnum):
    """Where an attempt stands. The first three go on; the rest are outcomes.

    REQUESTED means: the member has confirmed and the provider has not yet answered.
    """

    STARTED = "started"
    REASON_GIVEN = "reason_given"
    REQUESTED = "requested"
    CANCELLED = "cancelled"
    RESUMED = "resumed"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"
    FAILED = "failed"


ASKING = (AttemptState.STARTED, AttemptState.REASON_GIVEN)
UNFINISHED = (*ASKING, AttemptState.REQUESTED)


# Set on a cancellation that the provider confirmed only after it had charged once more.
RENEWED_MEANWHILE = "renewed_meanwhile"


@dataclass(frozen=True, slots=True)
class Reason:
    """A choice in the reason modal. Its id is never reused for another meaning."""

    id: str
    label: str
    feedback: str


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    """One attempt. `requested_at` is when the member confirmed: the time that counts for them.

    `effective_at` is the end that was promised (for what ends at once, the time of confirming), and
    once the provider has confirmed, its own.
    """

    id: AttemptId
    user_id: UserId
    guild_id: GuildId | None
    customer_id: CustomerId
    subscription_id: SubscriptionId
    state: AttemptState
    reason_id: str | None
    comment: str | None
    ticket_id: TicketId | None
    started_at: datetime
    requested_at: datetime | None
    finished_at: datetime | None
    effective_at: datetime | None
    failure: str | None

    @property
    def receipt_reference(self) -> str:
        """What the member quotes to a person: on every screen, receipt and audit entry."""
        return f"C-{self.id}"

    @property
    def is_to_end_at_once(self) -> bool:
        """Whether that is what the member has confirmed; told while the provider is asked."""
        return self.requested_at is not None and self.effective_at == self.requested_at

    @property
    def has_ended(self) -> bool:
        """Whether the subscription was over already when the provider confirmed."""
        return (
            self.state is AttemptState.CANCELLED
            and self.effective_at is not None
            and self.finished_at is not None
            and self.effective_at <= self.finished_at
        )


def has_moved(shown: datetime, subscription: Subscription, *, now: datetime) -> bool:
    """Whether cancelling now brings another end than the one that the member was shown.

    What ends at once was shown with the time of that moment: only who was shown a date to come has
    to look again.
    """
    if subscription.is_in_arrears:
        return shown > now
    return abs(end_if_cancelled(subscription, now=now) - shown) > TOLERANCE


def ends_later(attempt: CancelAttempt, subscription: Subscription) -> bool:
    """Whether the provider's answer has another end than the one that the member was promised.

    What was to end at once counts always: a payment may have been under way at that moment.
    """
    promised, end = attempt.effective_at, subscription.ended_at or subscription.cancel_at
    if promised is None or end is None:
        return False
    return attempt.is_to_end_at_once or end > promised + TOLERANCE


def is_late(
    attempt: CancelAttempt, subscription: Subscription, payments: Sequence[Payment]
) -> bool:
    """Whether the member was charged once more after asking (rule S3): the end came too late.

    `subscription` is the provider's answer. A later end alone does not tell: the renewal may have
    been paid before, and its news been late.
    """
    promised, asked = attempt.effective_at, attempt.requested_at
    if promised is None or asked is None or not ends_later(attempt, subscription):
        return False
    paid_for = promised if attempt.is_to_end_at_once else promised + TOLERANCE
    # Providers tell times in whole seconds.
    since = asked.replace(microsecond=0)
    return any(
        payment.subscription_id == subscription.id
        and payment.paid_at >= since
        and payment.period_end is not None
        and payment.period_end > paid_for
        and payment.refundable.amount > 0
        for payment in payments
    )


def find_reason(reasons: Sequence[Reason], reason_id: str | None) -> Reason | None:
    """The reason with this id; None when the vendor has removed it since."""
    return next((reason for reason in reasons if reason.id == reason_id), None)
