"""What taking over a provider's answer has changed in the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.billing.provider import CompletedCheckout, PaidPeriod
from bot.domain.account import Card
from bot.domain.dispute import Dispute
from bot.domain.identifiers import CustomerId, PlanId, PriceId, UserId
from bot.domain.invoice import Invoice
from bot.domain.refund import Payment
from bot.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """`before` is None for a subscription that was not known."""

    before: Subscription | None
    after: Subscription


@dataclass(frozen=True, slots=True)
class PaymentChange:
    """`before` is None for a payment that was not known."""

    before: Payment | None
    after: Payment


@dataclass(frozen=True, slots=True)
class InvoiceChange:
    """`before` is None for an invoice that was not known."""

    before: Invoice | None
    after: Invoice


@dataclass(frozen=True, slots=True)
class DisputeChange:
    """`before` is None for a dispute that was not known."""

    before: Dispute | None
    after: Dispute


@dataclass(frozen=True, slots=True)
class Changes:
    """Empty when the mirror was true already.

    `users` are the linked ones of those concerned, `cards` the known ones. `old_prices` are the
    plans of prices that are still paid and that the catalogue does not have: no change, but news.
    """

    subscriptions: tuple[SubscriptionChange, ...] = ()
    payments: tuple[PaymentChange, ...] = ()
    invoices: tuple[InvoiceChange, ...] = ()
    granted: tuple[PaidPeriod, ...] = ()
    completed_checkouts: tuple[CompletedCheckout, ...] = ()
    disputes: tuple[DisputeChange, ...] = ()
    users: Mapping[CustomerId, UserId] = field(default_factory=dict)
    cards: Mapping[CustomerId, Card] = field(default_factory=dict)
    old_prices: Mapping[PriceId, PlanId] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many objects have changed."""
        return sum(
            map(
                len,
                (
                    self.subscriptions,
                    self.payments,
                    self.invoices,
                    self.granted,
                    self.completed_checkouts,
                    self.disputes,
                ),
            )
        )
