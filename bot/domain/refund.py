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
from bot.domain.subscription import Status, Subscription


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
    """A succeeded payment. `period_start` and `period_end` are set when it paid for a period.

    `invoice_total` is what its invoice asks for, which other payments may be for too; None where
    the provider tells of none, or of one for each payment.
    """

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
    invoice_total: Money | None = None

    @property
    def refundable(self) -> Money:
        """What has not been given back yet."""
        return self.amount - self.refunded

    def came_after(self, subscription: Subscription) -> bool:
        """Whether it paid, after a subscription had ended, for time after that: it brings nothing.

        What is only charged late, such as seats that were added before, is owed.
        """
        ended_at = subscription.ended_at
        if self.subscription_id != subscription.id or self.period_end is None or ended_at is None:
            return False
        is_over = subscription.status is Status.CANCELED and self.paid_at > ended_at
        return is_over and self.period_end > ended_at


class Consequence(StrEnum):
    """What happens to the subscription once the refund is granted."""

    ENDS_SUBSCRIPTION = "ends_subscription"
    DUPLICATE_ENDS_NOTHING = "duplicate_ends_nothing"
    PARTIAL_ENDS_NOTHING = "partial_ends_nothing"
    TOP_UP_ENDS_NOTHING = "top_up_ends_nothing"
    ALREADY_ENDED = "already_ended"
    NO_SUBSCRIPTION = "no_subscription"


def is_proven_duplicate(
    payment: Payment, others: Sequence[Payment], *, amount: Money | None = None
) -> bool:
    """Whether the subscription's period is paid without this payment, or without `amount` of what
    is left of it: by others that are not refunded (S30).

    An invoice may be paid in parts, which are duplicates only beyond its total. Payments of a plan
    switch cover other periods or carry no period of their own, so they are none.
    """
    if payment.subscription_id is None or payment.period_start is None:
        return False
    beside: dict[InvoiceId | None, list[Payment]] = {}
    for other in others:
        is_other = other.id != payment.id and _period(other) == _period(payment)
        if is_other and _is_unsettled(other):
            beside.setdefault(other.invoice_id, []).append(other)
    kept = payment.refundable - (amount or payment.refundable)
    return any(
        _is_paid(parts, payment, kept) if invoice_id == payment.invoice_id else _is_paid(parts)
        for invoice_id, parts in beside.items()
    )


def _is_paid(
    parts: Sequence[Payment], payment: Payment | None = None, kept: Money | None = None
) -> bool:
    """Whether these payments of one invoice are all that it asks for, with what is `kept` of a
    `payment` of it. Of an invoice by itself that is taken for granted."""
    if parts[0].invoice_id is None:
        return True
    known = [*parts, payment] if payment else parts
    total = next((each.invoice_total for each in known if each.invoice_total is not None), None)
    if total is None:
        return payment is None
    paid = sum((each.amount for each in parts), kept or Money(0, total.currency))
    return paid.amount >= total.amount


def _period(payment: Payment) -> tuple[object, ...]:
    return payment.subscription_id, payment.period_start, payment.period_end


def _is_unsettled(payment: Payment) -> bool:
    """What was refunded or disputed is settled already, or is decided by the bank."""
    return payment.refunded.amount == 0 and not payment.disputed


def proven_duplicates(payments: Sequence[Payment]) -> tuple[tuple[Payment, ...], ...]:
    """The payments of each period for which more was paid than is due, by period (S30)."""
    groups: dict[tuple[object, ...], list[Payment]] = {}
    for payment in sorted(payments, key=lambda each: each.paid_at):
        if _is_unsettled(payment):
            groups.setdefault(_period(payment), []).append(payment)
    return tuple(tuple(group) for group in groups.values() if _is_too_much(group))


def _is_too_much(group: Sequence[Payment]) -> bool:
    """Whether the least part of any of them could be given back."""
    return any(
        is_proven_duplicate(each, group, amount=Money(1, each.amount.currency)) for each in group
    )


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
    if is_proven_duplicate(payment, others, amount=amount):
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
    end. DENIED, DONE and FAILED are ends. LAPSED: a member's wish whose ticket was closed before
    anybody put it before the moderators. RETURNED: it was made, and days later the provider
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
    LAPSED = "lapsed"


# In the queue: people have to decide.
WAITING = (RefundState.SUBMITTED, RefundState.ASKED_BACK)
# Approved: money moves, or has moved.
UNDER_WAY = (RefundState.REQUESTED, RefundState.REFUNDED)
# Nobody has been told anything by these.
NO_ANSWER = (RefundState.DRAFT, RefundState.LAPSED)
# Only a member who has asked for it hears of these.
TOLD_TO_WHO_ASKED = (RefundState.DENIED, RefundState.FAILED)


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of one payment. Its id and `generation` make the provider's idempotency key.

    `moderator_id` is who drafted it at the desk, or who approved it last; None while nobody has.
    `requester_id` is who asked for it: support, or the member. It is None for one that a
    moderator began. `queue_message_id` is its card in the moderators' channel. `tried_at` is when
    the provider was asked for it last.
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
    generation: int = 0
    tried_at: datetime | None = None

    @property
    def asked_at(self) -> datetime | None:
        """The moment that a policy's window counts to: a member's wish counts from their click."""
        return self.created_at if self.is_by_member else self.submitted_at

    @property
    def is_by_member(self) -> bool:
        """Whether the member has asked for it, and not support."""
        return self.requester_id is not None and self.requester_id == self.member_id

    @property
    def was_asked_for(self) -> bool:
        """Whether the member waits for an answer, whatever it is."""
        return self.ticket_id is not None or self.is_by_member

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
        """The key under which the provider refunds at most once; it is committed first."""
        return f"mooring-refund-{self.id}" + (f"-{self.generation}" if self.generation else "")


def is_answered(wish: Refund, of_payment: Sequence[Refund]) -> bool:
    """Whether the member has had, or will have, an answer by another refund of the same payment."""
    return answer_to(wish, of_payment) is not None


def answer_to(wish: Refund, of_payment: Sequence[Refund]) -> Refund | None:
    """The other refund of the same payment by which the member has an answer."""
    answers = (
        each
        for each in of_payment
        if each.id != wish.id
        and each.state not in NO_ANSWER
        and (each.state not in TOLD_TO_WHO_ASKED or each.was_asked_for)
        and (each.finished_at is None or each.finished_at >= wish.created_at)
    )
    return next(answers, None)


def is_settled_otherwise(wish: Refund, payment: Payment, of_payment: Sequence[Refund]) -> bool:
    """Whether nothing is left to decide: another refund answers the wish, or the money that it
    asks for has gone back, as in the provider's dashboard.

    `storage.refund_wishes` asks the same of many at once.
    """
    return is_answered(wish, of_payment) or payment.refundable.amount < wish.amount.amount
