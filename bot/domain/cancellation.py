"""A member's attempt to cancel, from the first screen to the provider's confirmation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from bot.domain.catalogue import Interval
from bot.domain.identifiers import (
    AttemptId,
    CustomerId,
    GuildId,
    PlanId,
    SubscriptionId,
    TicketId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.refund import Payment
from bot.domain.subscription import TOLERANCE, Subscription, end_if_cancelled

# After this long without a click an attempt counts as given up. Nothing is sent about it.
ATTEMPT_LIFETIME = timedelta(days=1)


class AttemptState(StrEnum):
    """Where an attempt stands. The first four go on; the rest are outcomes.

    ACCEPTING means: the member has taken the offer and the provider has not yet answered. REQUESTED
    means the same of a confirmed cancellation. SAVED: the offer was taken and is in effect.
    """

    STARTED = "started"
    REASON_GIVEN = "reason_given"
    ACCEPTING = "accepting"
    REQUESTED = "requested"
    SAVED = "saved"
    CANCELLED = "cancelled"
    RESUMED = "resumed"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"
    FAILED = "failed"


ASKING = (AttemptState.STARTED, AttemptState.REASON_GIVEN)
# An offer that the provider has not confirmed yet does not stand in the way of leaving.
CONFIRMABLE = (AttemptState.REASON_GIVEN, AttemptState.ACCEPTING)
UNFINISHED = (*ASKING, AttemptState.ACCEPTING, AttemptState.REQUESTED)


class Step(StrEnum):
    """What happened in an attempt, each with its time. Never reused for another meaning."""

    STARTED = "started"
    TICKET_OPENED = "ticket_opened"
    REASON_GIVEN = "reason_given"
    FOLLOW_UP_GIVEN = "follow_up_given"
    OFFER_SHOWN = "offer_shown"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_FAILED = "offer_failed"
    SAVED = "saved"
    REQUESTED = "requested"
    CANCELLED = "cancelled"
    RESUMED = "resumed"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"
    FAILED = "failed"


class Outcome(StrEnum):
    """What reports count an attempt as: each as one of these."""

    STARTED = "started"
    TICKET_OPENED = "ticket_opened"
    OFFER_SHOWN = "offer_shown"
    SAVED = "saved"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REQUEST_RECORDED = "request_recorded"
    FAILED = "failed"


# Set on a cancellation that the provider confirmed only after it had charged once more.
RENEWED_MEANWHILE = "renewed_meanwhile"


@dataclass(frozen=True, slots=True)
class Reason:
    """A choice in the reason modal. Its id is never reused for another meaning.

    `follow_up` is a question that may be answered after it; empty where there is none.
    """

    id: str
    label: str
    feedback: str
    follow_up: str = ""


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    """One attempt. `requested_at` is when the member confirmed: the time that counts for them.

    `effective_at` is the end that was promised (for what ends at once, the time of confirming), and
    once the provider has confirmed, its own. `active_at` is when the member last clicked. `plan_id`
    and `monthly` are what the subscription was when it began. `variant` is the offer that the
    member was chosen for, or the holdout; `kept_at` is when a save had proven itself.
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
    active_at: datetime | None = None
    follow_up: str | None = None
    plan_id: PlanId | None = None
    monthly: Money | None = None
    variant: str | None = None
    offer_id: str | None = None
    offered_at: datetime | None = None
    accepted_at: datetime | None = None
    kept_at: datetime | None = None

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


_STILL_ASKING = (*ASKING, AttemptState.ACCEPTING)
_OUTCOMES = {
    AttemptState.REQUESTED: Outcome.REQUEST_RECORDED,
    AttemptState.SAVED: Outcome.SAVED,
    AttemptState.CANCELLED: Outcome.CANCELLED,
    AttemptState.RESUMED: Outcome.ABORTED,
    AttemptState.ABORTED: Outcome.ABORTED,
    AttemptState.TIMED_OUT: Outcome.TIMED_OUT,
    AttemptState.FAILED: Outcome.FAILED,
}


def outcome_of(attempt: CancelAttempt) -> Outcome:
    """What an attempt counts as."""
    return outcome_from(
        attempt.state,
        has_ticket=attempt.ticket_id is not None,
        was_offered=attempt.offered_at is not None,
    )


def outcome_from(state: AttemptState, *, has_ticket: bool, was_offered: bool) -> Outcome:
    """What an attempt counts as. One that still asks counts by how far it came.

    Who asked to resume before the provider had answered has kept the plan.
    """
    if state not in _STILL_ASKING:
        return _OUTCOMES[state]
    if has_ticket:
        return Outcome.TICKET_OPENED
    return Outcome.OFFER_SHOWN if was_offered else Outcome.STARTED


def steps_to(
    state: AttemptState, *, before: Sequence[AttemptState], accepted: bool, offered: bool
) -> tuple[Step, ...]:
    """The steps that a transition is recorded as.

    `before` are the states that it may come from; `accepted` and `offered` say whether the times of
    these are set with it.
    """
    if state is AttemptState.ACCEPTING:
        return (Step.OFFER_ACCEPTED,)
    if state is AttemptState.REASON_GIVEN and tuple(before) == (AttemptState.ACCEPTING,):
        return (Step.OFFER_FAILED,)
    own = Step(state.value)
    if accepted:
        return (Step.OFFER_ACCEPTED, own)
    return (own, Step.OFFER_SHOWN) if offered else (own,)


# How many months an interval lasts; the mean month has a twelfth of 365.25 days.
_MONTHS = {
    Interval.DAY: Fraction(16, 487),
    Interval.WEEK: Fraction(112, 487),
    Interval.MONTH: Fraction(1),
    Interval.QUARTER: Fraction(3),
    Interval.HALF_YEAR: Fraction(6),
    Interval.YEAR: Fraction(12),
}


def monthly_price(subscription: Subscription) -> Money:
    """What it costs in a month, rounded to the minor unit: reports add these up."""
    price = subscription.price
    return Money(round(price.amount / _MONTHS[subscription.interval]), price.currency)


def find_reason(reasons: Sequence[Reason], reason_id: str | None) -> Reason | None:
    """The reason with this id; None when the vendor has removed it since."""
    return next((reason for reason in reasons if reason.id == reason_id), None)
