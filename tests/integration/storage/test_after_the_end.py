"""What is charged after a plan has ended: what nobody owes is told, what is open is asked for."""

from datetime import timedelta

import sqlalchemy as sa

from bot.billing.provider import Snapshot
from bot.domain.identifiers import STRIPE, InvoiceId, PaymentId, SubscriptionId
from bot.domain.refund import Payment
from bot.domain.subscription import Status
from bot.services.context import Context
from bot.services.late_payments import TELL
from bot.services.mirror import apply
from storage import invoices, subscriptions
from storage.database import Database
from storage.schema import jobs
from tests.integration.storage.samples import NOW, add_customer, invoice, payment, subscription

DAY = timedelta(days=1)
ENDED = subscription(
    status=Status.CANCELED,
    period_start=NOW - 38 * DAY,
    period_end=NOW - 8 * DAY,
    ended_at=NOW - 8 * DAY,
)


async def told_of(database: Database, context: Context, paid: Payment) -> bool:
    """Whether the team is, when this payment is seen for the first time."""
    await add_customer(database)
    async with database.write() as connection:
        shown = Snapshot(subscriptions=(ENDED,), payments=(paid,))
        await apply(connection, context, shown, asked_at=NOW)
        return bool(await connection.scalar(sa.select(jobs.c.id).where(jobs.c.kind == TELL)))


async def test_a_payment_for_time_after_the_end_is_told_also_when_it_is_found_days_later(
    database: Database, context: Context
) -> None:
    late = payment(
        id=PaymentId("pi_late"),
        paid_at=NOW - 5 * DAY,
        period_start=NOW - 8 * DAY,
        period_end=NOW + 22 * DAY,
    )

    assert await told_of(database, context, late)


async def test_what_was_owed_before_the_end_is_no_late_payment(
    database: Database, context: Context
) -> None:
    """Seats that were added are charged when the period is over."""
    owed = payment(
        id=PaymentId("pi_owed"),
        paid_at=NOW - 7 * DAY,
        period_start=NOW - 20 * DAY,
        period_end=NOW - 8 * DAY,
    )

    assert not await told_of(database, context, owed)


async def test_the_renewal_of_a_plan_that_is_on_is_asked_for_before_what_ends_have_left_open(
    database: Database,
) -> None:
    await add_customer(database)
    left = [
        invoice(id=InvoiceId(f"in_left_{number}"), subscription_id=ENDED.id, status="open")
        for number in range(3)
    ]
    running = subscription(id=SubscriptionId("sub_on"))
    renewal = invoice(
        id=InvoiceId("in_renewal"), subscription_id=SubscriptionId("sub_on"), status="open"
    )
    async with database.write() as connection:
        for each in (ENDED, running):
            await subscriptions.save(connection, each, asked_at=NOW)
        for unpaid in left:
            await invoices.save(connection, unpaid, asked_at=NOW - DAY)
        await invoices.save(connection, renewal, asked_at=NOW - timedelta(hours=7))

    async with database.read() as connection:
        asked = await invoices.least_recently_asked(connection, STRIPE, asked_before=NOW, limit=2)

    assert asked == [renewal.id, left[0].id]
