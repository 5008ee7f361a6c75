"""Values that storage tests fill the tables with."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from pydantic import SecretStr

from bot.billing.stripe import StripeProvider
from bot.domain.catalogue import Interval
from bot.domain.identifiers import (
    CustomerId,
    GuildId,
    InvoiceId,
    PaymentId,
    PlanId,
    PriceId,
    ProviderName,
    SubscriptionId,
    UserId,
)
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Status, Subscription
from bot.sandbox.scene import CONFIGURATION
from bot.services.context import Context
from bot.settings import load_configuration
from storage import customers
from storage.database import Database

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
STRIPE = ProviderName("stripe")
MIA = UserId(1001)
NOOR = UserId(1002)
MAX = UserId(1003)
GUILD = GuildId(7001)
MIAS = CustomerId("cus_mia")

SUBSCRIPTION = Subscription(
    id=SubscriptionId("sub_mia"),
    provider=STRIPE,
    customer_id=MIAS,
    plan_id=PlanId("pro"),
    price_id=PriceId("price_pro_month"),
    interval=Interval.MONTH,
    price=Money(2000, "usd"),
    status=Status.ACTIVE,
    created_at=NOW - timedelta(days=40),
    period_start=NOW - timedelta(days=10),
    period_end=NOW + timedelta(days=20),
    cancel_at=None,
    ended_at=None,
)
PAYMENT = Payment(
    id=PaymentId("pi_mia"),
    provider=STRIPE,
    customer_id=MIAS,
    invoice_id=InvoiceId("in_mia"),
    subscription_id=SUBSCRIPTION.id,
    purpose=PaymentPurpose.SUBSCRIPTION,
    amount=Money(2000, "usd"),
    refunded=Money(0, "usd"),
    disputed=False,
    paid_at=NOW - timedelta(days=10),
    period_start=SUBSCRIPTION.period_start,
    period_end=SUBSCRIPTION.period_end,
    invoice_total=Money(2000, "usd"),
)
INVOICE = Invoice(
    id=InvoiceId("in_mia"),
    customer_id=MIAS,
    subscription_id=SUBSCRIPTION.id,
    number="MIA-0001",
    status="paid",
    total=Money(2000, "usd"),
    issued_at=NOW - timedelta(days=10),
    page_url="https://invoice.stripe.com/i/1",
    pdf_url=None,
)


@dataclass(slots=True)
class Clock:
    """A clock that stands until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def new_ids() -> Iterator[str]:
    """Ids that say in which order they were taken."""
    return (f"ID{number:04}" for number in count(1))


@asynccontextmanager
async def service_context(
    database: Database, clock: Clock, *, api_url: str = "http://127.0.0.1:1"
) -> AsyncIterator[Context]:
    """What services are built from. At the default address no provider answers."""
    configuration = load_configuration(CONFIGURATION)
    catalogue = configuration.to_catalogue()
    provider = StripeProvider(
        api_key=SecretStr("sk_test_sandbox"),
        webhook_secret=SecretStr("whsec_sandbox"),
        api_url=api_url,
        catalogue=catalogue,
    )
    ids = new_ids()
    try:
        yield Context(
            database,
            {STRIPE: provider},
            catalogue,
            configuration.to_policy(),
            clock,
            lambda: next(ids),
        )
    finally:
        await provider.close()


async def add_customer(
    database: Database, customer_id: CustomerId = MIAS, *, user_id: UserId | None = MIA
) -> None:
    """A customer, linked to a user unless that is None."""
    async with database.write() as connection:
        await customers.save(connection, customer_id, provider=STRIPE, email="mia@example.com")
        if user_id is not None:
            await customers.link(connection, customer_id, user_id, now=NOW)


def subscription(**changes: object) -> Subscription:
    """Mia's, with changes."""
    return replace(SUBSCRIPTION, **changes)  # type: ignore[arg-type]


def payment(**changes: object) -> Payment:
    """Mia's, with changes."""
    return replace(PAYMENT, **changes)  # type: ignore[arg-type]


def invoice(**changes: object) -> Invoice:
    """Mia's, with changes."""
    return replace(INVOICE, **changes)  # type: ignore[arg-type]
