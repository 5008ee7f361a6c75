"""What the local Creem knows of its customers, products, orders and payments.

Times are seconds since the epoch, amounts are in minor units. ``shapes`` writes them as the API
does.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

MONTHS = {"every-month": 1, "every-three-months": 3, "every-six-months": 6, "every-year": 12}
"""Billing periods of subscriptions; a product that is bought once has the period "once"."""


@dataclass(slots=True, kw_only=True)
class Record:
    """``updated_at`` is None until the first change."""

    PREFIX: ClassVar[str]
    NOUN: ClassVar[str]

    id: str
    created_at: int
    updated_at: int | None = None


@dataclass(slots=True, kw_only=True)
class Product(Record):
    PREFIX: ClassVar[str] = "prod"
    NOUN: ClassVar[str] = "Product"

    name: str
    description: str
    price: int
    currency: str
    billing_period: str
    tax_mode: str = "inclusive"
    tax_category: str = "saas"
    image_url: str | None = None
    default_success_url: str | None = None
    trial_days: int = 0

    @property
    def recurring(self) -> bool:
        return self.billing_period in MONTHS


@dataclass(slots=True, kw_only=True)
class Customer(Record):
    PREFIX: ClassVar[str] = "cust"
    NOUN: ClassVar[str] = "Customer"

    email: str
    name: str | None
    country: str = "US"
    metadata: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Discount(Record):
    PREFIX: ClassVar[str] = "dis"
    NOUN: ClassVar[str] = "Discount"

    name: str
    code: str
    kind: str
    amount: int | None
    percentage: float | None
    currency: str | None
    duration: str
    months: int | None
    products: list[str]
    expires_at: int | None
    max_redemptions: int | None
    redeem_count: int = 0
    deleted: bool = False

    def off(self, subtotal: int) -> int:
        """What it takes off this amount."""
        if self.percentage is not None:
            return round(subtotal * self.percentage / 100)
        return min(subtotal, self.amount or 0)


@dataclass(slots=True, kw_only=True)
class Checkout(Record):
    PREFIX: ClassVar[str] = "ch"
    NOUN: ClassVar[str] = "Checkout"

    product_id: str
    units: int
    status: str = "pending"
    request_id: str | None = None
    customer_id: str | None = None
    email: str | None = None
    price: int | None = None
    discount_id: str | None = None
    success_url: str | None = None
    metadata: dict[str, Any] | None = None
    order_id: str | None = None
    subscription_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Order(Record):
    PREFIX: ClassVar[str] = "ord"
    NOUN: ClassVar[str] = "Order"

    customer_id: str
    product_id: str
    checkout_id: str
    currency: str
    recurring: bool
    amount: int
    discount_amount: int
    tax_amount: int
    amount_due: int
    amount_paid: int = 0
    discount_id: str | None = None
    transaction_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Subscription(Record):
    """``at_period_end`` is what a scheduled end does: cancel or pause. ``next_product_id``,
    ``next_units`` and ``credit`` wait for the next renewal. ``failures`` counts the attempts at an
    unpaid renewal, ``retry_at`` is the next one."""

    PREFIX: ClassVar[str] = "sub"
    NOUN: ClassVar[str] = "Subscription"

    customer_id: str
    product_id: str
    order_id: str
    item_id: str
    units: int
    status: str
    anchor: int
    period_start: int
    period_end: int
    metadata: dict[str, Any] | None = None
    discount_id: str | None = None
    discount_until: int | None = None
    last_transaction_id: str | None = None
    canceled_at: int | None = None
    at_period_end: str | None = None
    next_product_id: str | None = None
    next_units: int | None = None
    credit: int = 0
    failures: int = 0
    retry_at: int | None = None


@dataclass(slots=True, kw_only=True)
class Transaction(Record):
    PREFIX: ClassVar[str] = "tran"
    NOUN: ClassVar[str] = "Transaction"

    customer_id: str
    product_id: str
    order_id: str
    subscription_id: str | None
    currency: str
    amount: int
    discount_amount: int
    tax_amount: int
    amount_paid: int
    status: str
    description: str
    tax_country: str
    period_start: int | None = None
    period_end: int | None = None
    refunded_amount: int = 0

    @property
    def refundable(self) -> int:
        """What can still be given back."""
        return self.amount_paid - self.refunded_amount if self.status != "chargedBack" else 0


@dataclass(slots=True, kw_only=True)
class Refund(Record):
    PREFIX: ClassVar[str] = "ref"
    NOUN: ClassVar[str] = "Refund"

    transaction_id: str
    amount: int
    currency: str
    status: str
    reason: str = "requested_by_customer"


@dataclass(slots=True, kw_only=True)
class Dispute(Record):
    PREFIX: ClassVar[str] = "disp"
    NOUN: ClassVar[str] = "Dispute"

    transaction_id: str
    amount: int
    currency: str


@dataclass(slots=True)
class StoreSettings:
    """What the vendor has set in Creem's dashboard, and how the sandbox is to behave.

    Attributes:
        cancel_mode: what a cancellation without ``mode`` does: "immediate" or "scheduled".
        retry_days: days from each failed renewal attempt to the next; after the last one the
            subscription is canceled.
        tax_percent: on every payment, inside or on top of the price by the product's ``tax_mode``.
        refund_status: what a new refund is: "succeeded", or "pending" until it is settled.
        references: how events name other objects: "documented" (as Creem's examples do), "ids", or
            "alternating" between these two from event to event. With "ids" the API's own answers
            hold ids as well.
        last_transaction: which one a subscription names as its last: "paid", or "newest", which is
            a declined one after a failed renewal.
    """

    cancel_mode: str = "immediate"
    retry_days: tuple[int, ...] = (3, 5, 7)
    tax_percent: int = 0
    refund_status: str = "succeeded"
    references: str = "documented"
    last_transaction: str = "paid"
