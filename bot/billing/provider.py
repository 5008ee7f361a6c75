"""What Mooring needs of a payment provider. Adapters translate; they decide nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.account import Card
from bot.domain.dispute import Dispute
from bot.domain.identifiers import (
    CheckoutId,
    CustomerId,
    DisputeId,
    InvoiceId,
    PaymentId,
    PriceId,
    ProviderName,
    SubscriptionId,
)
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.offer import OfferKind
from bot.domain.payment_failure import PaymentFailure
from bot.domain.refund import Ground, Payment, PaymentPurpose
from bot.domain.subscription import Subscription


class ProviderUnavailableError(Exception):
    """No usable answer: the network, a 5xx, a rate limit, a key that the provider does not take.

    What was asked may have been done.
    """


class ProviderNotConfiguredError(ProviderUnavailableError):
    """The account is not in the configuration any more. What was promised waits until it is back;
    what only reads goes on without."""


class ProviderRefusedError(Exception):
    """The provider understood and said no. Asking again brings the same answer."""

    def __init__(self, code: str) -> None:
        """`code` is the provider's own stable error code."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that is not as its provider documents it. `field` is the one that is missing, or
    what was to read it; nothing that the object holds is named beside its id."""

    id: str
    field: str
    error: str


class UnreadableError(Exception):
    """The provider has answered with an object that this version cannot read."""

    def __init__(self, what: Unreadable) -> None:
        """`what` may be shown and logged."""
        super().__init__(f"{what.id}: {what.error}, {what.field}")
        self.what = what


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
    """A customer; a deleted one has no address. `card` None means that none is known."""

    id: CustomerId
    provider: ProviderName
    email: str | None
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A billing period that has been paid for: its allowance is due to the member."""

    customer_id: CustomerId
    subscription_id: SubscriptionId
    price_id: PriceId
    period_start: datetime
    period_end: datetime
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class CompletedCheckout:
    """What was paid on the provider's page. `reference` is the one that Mooring gave it."""

    reference: CheckoutId
    customer_id: CustomerId
    subscription_id: SubscriptionId | None
    payment_id: PaymentId | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a member is about to pay for. `customer_id` is None for somebody new."""

    reference: CheckoutId
    price_id: PriceId
    purpose: PaymentPurpose
    customer_id: CustomerId | None
    return_url: str


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """The provider's own page for one purchase (rule S20)."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Objects as the provider shows them now. Customers come first: the rest refers to them.

    `unreadable` are those of several that had to be left out.
    """

    customers: tuple[CustomerRecord, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    payments: tuple[Payment, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    paid_periods: tuple[PaidPeriod, ...] = ()
    completed_checkouts: tuple[CompletedCheckout, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of everything that a provider holds; `next_cursor` None means the last one."""

    snapshot: Snapshot
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RefundReceipt:
    """`status` is the provider's: pending, requires_action, succeeded, failed or canceled."""

    provider_refund_id: str
    status: str

    @property
    def is_lost(self) -> bool:
        """Whether the money does not reach the member by it."""
        return self.status in ("failed", "canceled")


@dataclass(frozen=True, slots=True)
class Discount:
    """`percent` less from the renewal at `starts_at` on, for so many months.

    `coupon` is the provider's own id of it.
    """

    coupon: str
    percent: int
    months: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is charged from the renewal at `starts_at` on, until the one at `resumes_at`."""

    starts_at: datetime
    resumes_at: datetime


class BillingProvider(Protocol):
    """One provider's account. Every call may raise the two Provider errors above.

    `idempotency_key` is committed to the store before the call, so that a repeated call moves
    nothing twice.
    """

    @property
    def name(self) -> ProviderName:
        """Short and lower case, such as `stripe`; also the last part of the webhook's path."""
        ...

    @property
    def signature_header(self) -> str:
        """The header in which a webhook's signature arrives."""
        ...

    @property
    def partial_refunds(self) -> bool:
        """Whether less than all that is left of a payment can be given back."""
        ...

    @property
    def lists_refunds(self) -> bool:
        """Whether `fetch_page` shows what was given back of payments older than `since`."""
        ...

    @property
    def offer_kinds(self) -> frozenset[OfferKind]:
        """What can be made of a subscription that runs: a discount, a pause, or neither."""
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

    async def fetch_invoice(self, invoice_id: InvoiceId) -> Snapshot:
        """An invoice with what was paid for it, and the subscription."""
        ...

    async def fetch_dispute(self, dispute_id: DisputeId) -> Snapshot:
        """A dispute with the payment that it is about."""
        ...

    async def fetch_subscription(self, subscription_id: SubscriptionId) -> Snapshot:
        """A subscription with its customer, and the card where the provider shows it."""
        ...

    async def next_charge(self, subscription_id: SubscriptionId) -> Money | None:
        """What the next renewal will take, with discounts, tax and credit; None where the provider
        cannot tell."""
        ...

    async def fetch_account(self, customer_id: CustomerId) -> Snapshot:
        """A customer with all subscriptions and the newest invoices and payments."""
        ...

    async def last_failure(self, customer_id: CustomerId) -> PaymentFailure | None:
        """The newest attempt to charge the customer, if it failed; None when it succeeded (S28)."""
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
        self,
        subscription_id: SubscriptionId,
        *,
        feedback: str | None = None,
        comment: str | None = None,
        idempotency_key: str,
    ) -> Snapshot:
        """End it now (rules S3, S11): nothing more is collected for it, what is due already
        included. One that has ended before is no error."""
        ...

    async def apply_discount(
        self,
        subscription_id: SubscriptionId,
        discount: Discount,
        *,
        reference: str,
        idempotency_key: str,
    ) -> Snapshot:
        """Charge less for a while; refused where the result would not be what was agreed. One that
        was made under this reference is no error."""
        ...

    async def pause(
        self,
        subscription_id: SubscriptionId,
        pause: Pause,
        *,
        reference: str,
        idempotency_key: str,
    ) -> Snapshot:
        """Charge nothing for a while, in which the subscription is shown as paused; refused and
        repeated like a discount."""
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

    async def open_checkout(self, purchase: Purchase, *, idempotency_key: str) -> CheckoutPage:
        """The provider's own page where this is paid (rule S20)."""
        ...

    async def close_checkout(self, page_id: str) -> None:
        """Let nobody pay on this page any more, where the provider can; one that is paid or
        closed already is no error."""
        ...

    async def fetch_checkout(self, page_id: str) -> Snapshot:
        """What was bought on a page; `completed_checkouts` is empty while it is not paid."""
        ...

    async def portal_url(self, customer_id: CustomerId, *, return_url: str) -> str:
        """The provider's own page for cards and addresses; it opens without a password for a
        short time, so it is shown to the customer alone."""
        ...

    async def fetch_page(self, cursor: str | None, *, since: datetime) -> Page:
        """Everything, a page at a time: all subscriptions with their customers, then what was
        bought, paid and given back `since` then. `cursor` is None first, then the last page's."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
