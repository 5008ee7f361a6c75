"""A purchase that a member has started on the provider's own page (rule S20)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import (
    CheckoutId,
    CustomerId,
    GuildId,
    PaymentId,
    PriceId,
    ProviderName,
    SubscriptionId,
    UserId,
)
from bot.domain.refund import PaymentPurpose


class CheckoutState(StrEnum):
    """OPENING: committed, the provider has not given a page yet. OPEN: it may be paid.

    COMPLETED: paid. CLOSED: replaced by another purchase or given up; a provider that cannot close
    its page may still report it as paid, and then it is COMPLETED.
    """

    OPENING = "opening"
    OPEN = "open"
    COMPLETED = "completed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Checkout:
    """What is bought is decided when it starts, so that a later catalogue cannot change it (S15).

    `replaces` is the subscription that ends once this one is paid (rule S8). A top-up adds `units`
    to the cycle of `tops_up` that began at `cycle_start` (rule S26).
    """

    id: CheckoutId
    user_id: UserId
    guild_id: GuildId | None
    provider: ProviderName
    customer_id: CustomerId | None
    price_id: PriceId
    purpose: PaymentPurpose
    state: CheckoutState
    created_at: datetime
    replaces: SubscriptionId | None = None
    tops_up: SubscriptionId | None = None
    cycle_start: datetime | None = None
    units: int = 0
    page_id: str | None = None
    page_url: str | None = None
    subscription_id: SubscriptionId | None = None
    payment_id: PaymentId | None = None
    completed_at: datetime | None = None
