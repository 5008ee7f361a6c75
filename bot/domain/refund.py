"""When a payment may be refunded, and what a refund ends (rules S11-S14, R9)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import (
    ChannelId,
    CustomerId,
    GuildId,
    InvoiceId,
    MessageId,
    PaymentId,
    ProviderName,
    RefundId,
    SubscriptionId,
    TicketId,
    UserId,
    WithdrawalId,
)
from bot.domain.money import Money
from bot.domain.subscription import Subscription


class RefundMode(StrEnum):
    """The vendor's policy: `case_by_case` (S13, S14) or `none` (R9)."""

    CASE_BY_CASE = "case_by_case"
    NONE = "none"


class Ground(StrEnum):
    """Why a refund is granted (rule S14). WITHDRAWAL is the law's, and nobody chooses it."""

    SERVICE_FAILURE = "service_failure"
    DUPLICATE_CHARGE = "duplicate_charge"
    OUR_ERROR = "our_error"
    WITHDRAWAL = "withdrawal"


# What people choose from.
CHOSEN_GROUNDS = (Ground.SERVICE_FAILURE, Ground.DUPLICATE_CHARGE, Ground.OUR_ERROR)


class PaymentPurpose(StrEnum):
    """What a payment bought."""

    SUBSCRIPTION = "subscription"
    TOP_UP = "top_up"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Payment:
    """A succeeded payment. `period_start` and `period_end` are set when it paid for a period."""

    id: PaymentId
    provider: ProviderName
    customer_id: CustomerId
    invoice_id: InvoiceId | None
    subscription_id: SubscriptionId | None
    purpose: PaymentPurpose
    amount: Money
    refunded: Money
    disputed: bool
    paid_at: datetime
    period_start: datetime | None
    period_end: datetime | None

    @property
    def refundable(self) -> Money:
        """What has not been given back yet."""
        return self.amount - self.refunded


class Consequence(StrEnum):
    """What happens to the subscription once the refund is granted."""

    ENDS_SUBSCRIPTION = "ends_subscription"
    DUPLICATE_ENDS_NOTHING = "duplicate_ends_nothing"
    PARTIAL_ENDS_NOTHING = "partial_ends_nothing"
    TOP_UP_ENDS_NOTHING = "top_up_ends_nothing"
    ALREADY_ENDED = "already_ended"
    NO_SUBSCRIPTION = "no_subscription"


def is_proven_duplicate(payment: Payment, others: Sequence[Payment]) -> bool:
    """Whether another payment, not refunded, covers the same subscription and period (S30).

    Payments of a plan switch cover other periods or carry no period of their own, so they are
    not taken for duplicates.
    """
    if payment.subscription_id is None or payment.period_start is None:
        return False
    return any(
        other.id != payment.id
        and other.subscription_id == payment.subscription_id
        and (other.period_start, other.period_end) == (payment.period_start, payment.period_end)
        and other.refunded.amount == 0
        and not other.disputed
        for other in others
    )


def proven_duplicates(payments: Sequence[Payment]) -> tuple[tuple[Payment, ...], ...]:
    """Payments that cover the same subscription and period, one group for each period (S30).

    What was refunded or disputed is settled already, or is decided by the bank.
    """
    groups: dict[tuple[object, ...], list[Payment]] = {}
    for payment in sorted(payments, key=lambda each: each.paid_at):
        unsettled = payment.refunded.amount == 0 and not payment.disputed
        if unsettled and is_proven_duplicate(payment, payments):
            period = (payment.subscription_id, payment.period_start, payment.period_end)
            groups.setdefault(period, []).append(payment)
    return tuple(tuple(group) for group in groups.values())


def consequence(
    payment: Payment,
    amount: Money,
    *,
    others: Sequence[Payment],
    subscription: Subscription | None,
    partial_ends_subscription: bool,
) -> Consequence:
    """Which subscription a refund of `amount` ends: the one that the payment paid for.

    `subscription` is that one, or None when the payment bought none. Whether it ends too while a
    part of the payment is kept is the vendor's choice.
    """
    if payment.purpose is PaymentPurpose.TOP_UP:
        return Consequence.TOP_UP_ENDS_NOTHING
    if subscription is None:
        return Consequence.NO_SUBSCRIPTION
    if is_proven_duplicate(payment, others):
        return Consequence.DUPLICATE_ENDS_NOTHING
    if not subscription.is_live:
        return Consequence.ALREADY_ENDED
    if amount != payment.refundable and not partial_ends_subscription:
        return Consequence.PARTIAL_ENDS_NOTHING
    return Consequence.ENDS_SUBSCRIPTION


class RefundState(StrEnum):
    """Where a refund stands.

    DRAFT: somebody prepares it. SUBMITTED: it waits for a moderator, or for a second one.
    ASKED_BACK: whoever asked for it has a question to answer. REQUESTED: approved and committed,
    the provider has not answered. REFUNDED: money is on its way, the subscription still has to
    end. DENIED, DONE and FAILED are ends. RETURNED: it was made, and days later the provider
    failed it; the money came back to the vendor.
    """

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ASKED_BACK = "asked_back"
    DENIED = "denied"
    REQUESTED = "requested"
    REFUNDED = "refunded"
    DONE = "done"
    FAILED = "failed"
    RETURNED = "returned"


# In the queue: people have to decide.
WAITING = (RefundState.SUBMITTED, RefundState.ASKED_BACK)
# Approved: money moves, or has moved.
UNDER_WAY = (RefundState.REQUESTED, RefundState.REFUNDED)


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of one payment. Its id makes the provider's idempotency key.

    `moderator_id` is who drafted it at the desk, or who approved it last; None while nobody has.
    `requester_id` is who asked for it: support, or the member. It is None for one that a
    moderator began. `queue_message_id` is its card in the moderators' channel.
    """

    id: RefundId
    guild_id: GuildId
    moderator_id: UserId | None
    member_id: UserId | None
    payment_id: PaymentId
    subscription_id: SubscriptionId | None
    amount: Money
    ground: Ground | None
    note: str | None
    consequence: Consequence
    state: RefundState
    created_at: datetime
    requested_at: datetime | None
    finished_at: datetime | None
    provider_refund_id: str | None
    provider_status: str | None
    failure: str | None
    requester_id: UserId | None = None
    ticket_id: TicketId | None = None
    withdrawal_id: WithdrawalId | None = None
    submitted_at: datetime | None = None
    queue_channel_id: ChannelId | None = None
    queue_message_id: MessageId | None = None

    @property
    def asked_at(self) -> datetime | None:
        """The moment that a policy's window counts to: a member's wish counts from their click."""
        if self.requester_id is not None and self.requester_id == self.member_id:
            return self.created_at
        return self.submitted_at

    @property
    def was_asked_for(self) -> bool:
        """Whether the member waits for an answer, whatever it is."""
        return self.ticket_id is not None or (
            self.requester_id is not None and self.requester_id == self.member_id
        )

    @property
    def reference(self) -> str:
        """What people quote: on the screen, in the receipt and in the audit log."""
        return f"R-{self.id}"

    @property
    def fingerprint(self) -> str:
        """Eight characters that change with what a moderator says yes to."""
        agreed = f"{self.amount.amount} {self.amount.currency} {self.consequence}"
        return hashlib.sha256(agreed.encode()).hexdigest()[:8]

    @property
    def idempotency_key(self) -> str:
        """The key under which the provider refunds at most once; the id is committed first."""
        return f"mooring-refund-{self.id}"
