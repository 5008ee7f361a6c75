"""The provider's invoice, as a member may reach it (rule S18)."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.identifiers import CustomerId, InvoiceId, SubscriptionId
from bot.domain.money import Money


@dataclass(frozen=True, slots=True)
class Invoice:
    """`page_url` and `pdf_url` are the provider's own; None before it has made them."""

    id: InvoiceId
    customer_id: CustomerId
    subscription_id: SubscriptionId | None
    number: str | None
    status: str
    total: Money
    issued_at: datetime
    page_url: str | None
    pdf_url: str | None
