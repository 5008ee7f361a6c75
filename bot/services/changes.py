"""What taking over a provider's answer has changed in the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.billing.provider import CompletedCheckout, PaidPeriod
from bot.domain.account import Card
from bot.domain.dispute import Dispute
from bot.domain.identifiers import CustomerId, PlanId, PriceId, UserId
from bot.domain.invoice import Invoice
from bot.domain.refund import Payment
from bot.domain.subscription import Subscription

Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Change(Generic[Shown]):
    """One object of the provider's. `before` is None for one that was not known."""

    before: Shown | None
    after: Shown


@dataclass(frozen=True, slots=True)
class Changes:
    """Empty when the mirror was true already.

    `users` are the linked ones of those concerned, `cards` the known ones. `old_prices` are the
    plans of prices that are still paid and that the catalogue does not have: no change, but news.
    """

    subscriptions: tuple[Change[Subscription], ...] = ()
    payments: tuple[Change[Payment], ...] = ()
    invoices: tuple[Change[Invoice], ...] = ()
    granted: tuple[PaidPeriod, ...] = ()
    completed_checkouts: tuple[CompletedCheckout, ...] = ()
    disputes: tuple[Change[Dispute], ...] = ()
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
