"""What Mooring needs of a payment provider. Adapters translate; they decide nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.identifiers import (
    CustomerId,
    PaymentId,
    PriceId,
    ProviderName,
    SubscriptionId,
    UserId,
)
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.refund import Ground, Payment
from bot.domain.subscription import Subscription


class ProviderUnavailableError(Exception):
    """No usable answer: the network, a 5xx, a rate limit, a key that the provider does not take.

    What was asked may have been done.
    """


class ProviderRefusedError(Exception):
    """The provider understood and said no. Asking again brings the same answer."""

    def __init__(self, code: str) -> None:
        """`code` is the provider's own stable error code."""
        super().__init__(code)
        self.code = code


class BadEventError(Exception):
    """A webhook body that the provider did not sign, or that is no event."""


@dataclass(frozen=True, slots=True)
class EventHint:
    """What an event points at. `references` are ids by kind, such as `subscription`."""

    id: str
    type: str
    object_id: str | None
    references: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """`buyer` is the Discord user who bought through a checkout that Mooring started."""

    id: CustomerId
    email: str | None
    buyer: UserId | None = None


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A billing period that has been paid for: its allowance is due to the member."""

    customer_id: CustomerId
    subscription_id: SubscriptionId
    price_id: PriceId
    period_start: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Objects as the provider shows them now. Customers come first: the rest refers to them."""

    customers: tuple[CustomerRecord, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    payments: tuple[Payment, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    paid_periods: tuple[PaidPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundReceipt:
    """`status` is the provider's: pending, requires_action, succeeded, failed or canceled."""

    provider_refund_id: str
    status: str


class BillingProvider(Protocol):
    """One provider's account. Every call may raise the two Provider errors above.

    `idempotency_key` is committed to the store before the call, so that a repeated call moves
    nothing twice.
    """

    @property
    def name(self) -> ProviderName:
        """Short and lower case, such as `stripe`."""
        ...

    def read_event(self, body: bytes, signature: str | None) -> EventHint:
        """Verify a webhook's raw bytes (rule S23); raises BadEventError."""
        ...

    async def fetch_event_objects(self, hint: EventHint) -> Snapshot | None:
        """The objects an event is about, as they are now; None when Mooring needs none."""
        ...

    async def customers_with_address(self, address: str) -> tuple[CustomerRecord, ...]:
        """Every customer under an email address; providers allow several."""
        ...

    async def fetch_payment(self, payment_id: PaymentId) -> Snapshot:
        """A payment with the invoice and the subscription that it paid for."""
        ...

    async def fetch_account(self, customer_id: CustomerId) -> Snapshot:
        """A customer with all subscriptions and the newest invoices and payments."""
        ...

    async def schedule_cancellation(
        self,
        subscription_id: SubscriptionId,
        *,
        feedback: str | None,
        comment: str | None,
        idempotency_key: str,
    ) -> Snapshot:
        """Let the subscription end with its current period (rules S1-S3)."""
        ...

    async def undo_cancellation(
        self, subscription_id: SubscriptionId, *, idempotency_key: str
    ) -> Snapshot:
        """Let it renew again, however the end was scheduled (rules S5, S6)."""
        ...

    async def end_subscription(
        self, subscription_id: SubscriptionId, *, idempotency_key: str
    ) -> Snapshot:
        """End it now (rule S11); one that has ended already is no error."""
        ...

    async def refund(
        self,
        payment_id: PaymentId,
        *,
        amount: Money,
        ground: Ground,
        reference: str,
        idempotency_key: str,
    ) -> RefundReceipt:
        """Give money back."""
        ...

    async def find_refund(self, payment_id: PaymentId, *, reference: str) -> RefundReceipt | None:
        """The refund made under this reference, when the answer to `refund` was lost."""
        ...

    async def checkout_url(
        self,
        *,
        price_id: PriceId,
        user_id: UserId,
        customer_id: CustomerId | None,
        return_url: str,
    ) -> str:
        """The provider's own page where this user pays for this price (rule S20)."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
