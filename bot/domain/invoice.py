"""The provider's invoice, as a member may reach it (rule S18)."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.identifiers import CustomerId, InvoiceId, SubscriptionId
from bot.domain.money import Money

INVOICES_ON_A_PAGE = 5


@dataclass(frozen=True, slots=True)
class Invoice:
    """`page_url` and `pdf_url` are the provider's own; None before it has made them.

    `subscription_over` is set when what it charges for has ended: the store knows it, a provider's
    answer does not say.
    """

    id: InvoiceId
    customer_id: CustomerId
    subscription_id: SubscriptionId | None
    number: str | None
    status: str
    total: Money
    issued_at: datetime
    page_url: str | None
    pdf_url: str | None
    subscription_over: bool = field(default=False, compare=False)

    @property
    def brings_nothing(self) -> bool:
        """Whether it is unpaid, and paying it would start nothing again.

        Its page at the provider is where it is paid, so nobody is led there.
        """
        return self.subscription_over and self.status in ("open", "uncollectible")


@dataclass(frozen=True, slots=True)
class BilledInvoice:
    """An invoice with what was given back of it."""

    invoice: Invoice
    refunded: Money


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """Some of a member's invoices, newest first. `number` counts from 0, `total` all invoices."""

    items: tuple[BilledInvoice, ...]
    number: int
    total: int

    @property
    def last(self) -> int:
        """The number of the page with the oldest ones."""
        return max(0, self.total - 1) // INVOICES_ON_A_PAGE
