"""A member's attempt to cancel, from the first screen to the provider's confirmation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import AttemptId, CustomerId, GuildId, SubscriptionId, TicketId, UserId

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


# Set on a cancellation that the provider confirmed only after the plan had renewed once more.
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

    `effective_at` is the end that was promised, and once confirmed the provider's.
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


def find_reason(reasons: Sequence[Reason], reason_id: str | None) -> Reason | None:
    """The reason with this id; None when the vendor has removed it since."""
    return next((reason for reason in reasons if reason.id == reason_id), None)
