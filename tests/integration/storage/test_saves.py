"""A save counts only after the next invoice was paid."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.billing.provider import Snapshot
from bot.domain.cancellation import AttemptState
from bot.domain.identifiers import AttemptId, InvoiceId, SubscriptionId
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.refund import PaymentPurpose
from bot.services.context import Context
from bot.services.mirror import apply
from storage import cancel_attempts, subscriptions
from storage.database import Database
from storage.schema import checkouts
from tests.integration.storage.samples import (
    INVOICE,
    MIA,
    MIAS,
    NOW,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
)

SAVED = AttemptId("A1")
RENEWAL = replace(
    INVOICE, id=InvoiceId("in_renewal"), issued_at=SUBSCRIPTION.period_end, status="paid"
)
BOUGHT = SubscriptionId("sub_lite")


@pytest.fixture
async def saved(database: Database, clock: Clock) -> None:
    """Mia has taken an offer just now."""
    await add_customer(database)
    async with database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
        await cancel_attempts.add(
            connection,
            SAVED,
            user_id=MIA,
            guild_id=None,
            customer_id=MIAS,
            subscription_id=SUBSCRIPTION.id,
            now=clock(),
        )
        await cancel_attempts.advance(
            connection,
            SAVED,
            expected=(AttemptState.STARTED,),
            to=AttemptState.SAVED,
            now=clock(),
            accepted_at=clock(),
            finished_at=clock(),
        )


async def kept_at(database: Database) -> datetime | None:
    async with database.read() as connection:
        attempt = await cancel_attempts.find(connection, SAVED)
    assert attempt is not None
    return attempt.kept_at


async def show(context: Context, clock: Clock, *invoices: Invoice) -> None:
    """The provider shows these invoices, a month later."""
    clock.advance(days=30)
    async with context.database.write() as connection:
        await apply(connection, context, Snapshot(invoices=invoices), asked_at=clock())


@pytest.mark.usefixtures("saved")
async def test_a_save_counts_once_the_next_invoice_is_paid(
    context: Context, database: Database, clock: Clock
) -> None:
    await show(context, clock, replace(RENEWAL, status="open"))
    assert await kept_at(database) is None

    await show(context, clock, RENEWAL)
    first = await kept_at(database)
    assert first == clock()

    await show(context, clock, replace(RENEWAL, id=InvoiceId("in_next")))
    assert await kept_at(database) == first


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    "changes",
    [
        {"status": "void"},  # while it is paused
        {"status": "open"},
        {"total": Money(0, "usd")},
        {"issued_at": NOW - timedelta(days=1)},  # the period that was on already
        {"subscription_id": SubscriptionId("sub_other")},
        {"subscription_id": None},
    ],
)
async def test_what_proves_no_save(
    context: Context, database: Database, clock: Clock, changes: dict[str, object]
) -> None:
    await show(context, clock, replace(RENEWAL, **changes))  # type: ignore[arg-type]

    assert await kept_at(database) is None


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("after", "counts"), [(timedelta(minutes=1), False), (timedelta(days=30), True)]
)
async def test_of_another_plan_the_second_invoice_proves_it(
    context: Context, database: Database, clock: Clock, after: timedelta, counts: bool
) -> None:
    """The first one is the change itself."""
    async with database.write() as connection:
        await connection.execute(
            sa.insert(checkouts).values(
                id="P1",
                user_id=MIA,
                provider=STRIPE,
                customer_id=MIAS,
                price_id="price_lite_month",
                purpose=PaymentPurpose.SUBSCRIPTION.value,
                state="completed",
                created_at=NOW,
                attempt_id=SAVED,
                subscription_id=BOUGHT,
            )
        )

    await show(context, clock, replace(RENEWAL, subscription_id=BOUGHT, issued_at=NOW + after))

    assert (await kept_at(database) is not None) == counts
