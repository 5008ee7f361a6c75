"""The mirror: takes over what a payment provider shows (an event is only a hint to look)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, PaidPeriod, Snapshot
from bot.domain.allowance import EntryKind, allowance_months
from bot.domain.dispute import Dispute
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import CustomerId, SubscriptionId
from bot.domain.invoice import Invoice
from bot.domain.refund import Payment
from bot.domain.subscription import Subscription
from bot.services.changes import (
    Changes,
    DisputeChange,
    InvoiceChange,
    PaymentChange,
    SubscriptionChange,
)
from bot.services.context import Context
from bot.services.effects import effects_of
from bot.services.settlement import complete_checkouts
from bot.services.top_up_refunds import take_back
from storage import customers, disputes, invoices, jobs, ledger, payments, subscriptions
from storage.ledger import Entry


async def apply(
    connection: AsyncConnection, context: Context, snapshot: Snapshot, *, asked_at: datetime
) -> Changes:
    """Take over what the provider shows, with what follows from it, in the caller's transaction.

    `asked_at` is when the provider was asked: later answers win.
    """
    now = context.clock()
    for customer in snapshot.customers:
        await customers.save(
            connection,
            customer.id,
            provider=customer.provider,
            email=customer.email,
            card=customer.card,
        )
    changed_subscriptions = await _save_subscriptions(connection, snapshot.subscriptions, asked_at)
    changed_payments = await _save_payments(connection, snapshot.payments, asked_at)
    changed_invoices = await _save_invoices(connection, snapshot.invoices, asked_at)
    changed_disputes = await _save_disputes(connection, snapshot.disputes, asked_at)
    granted = [
        period for period in snapshot.paid_periods if await _grant(connection, context, period, now)
    ]
    refunded = [each.after.id for each in changed_payments if each.after.refunded.amount > 0]
    await take_back(connection, refunded, now=now)
    completed = await complete_checkouts(connection, snapshot.completed_checkouts, now=now)
    concerned: set[CustomerId] = {
        *(each.after.customer_id for each in changed_subscriptions),
        *(each.after.customer_id for each in changed_payments),
        *(each.after.customer_id for each in changed_invoices),
        *(each.customer_id for each in granted),
        *(each.customer_id for each in completed),
    }
    if not concerned and not changed_disputes:
        return Changes()
    known = await customers.find_many(connection, concerned)
    changes = Changes(
        subscriptions=tuple(changed_subscriptions),
        payments=tuple(changed_payments),
        invoices=tuple(changed_invoices),
        granted=tuple(granted),
        completed_checkouts=tuple(completed),
        disputes=tuple(changed_disputes),
        users={each.id: each.user_id for each in known if each.user_id is not None},
        cards={each.id: each.card for each in known if each.card is not None},
    )
    await jobs.add(connection, effects_of(changes, context, now=now), now=now)
    return changes


async def provider_of(
    connection: AsyncConnection, context: Context, subscription_id: SubscriptionId
) -> BillingProvider:
    """The provider that charges for this subscription; raises NoSuchThing."""
    subscription = await subscriptions.find(connection, subscription_id)
    if subscription is None:
        raise NoSuchThing("subscription")
    return context.providers[subscription.provider]


async def _save_subscriptions(
    connection: AsyncConnection, given: Sequence[Subscription], asked_at: datetime
) -> list[SubscriptionChange]:
    known = await subscriptions.find_many(connection, [each.id for each in given])
    return [
        SubscriptionChange(known.get(each.id), each)
        for each in given
        if await subscriptions.save(connection, each, asked_at=asked_at)
        and known.get(each.id) != each
    ]


async def _save_payments(
    connection: AsyncConnection, given: Sequence[Payment], asked_at: datetime
) -> list[PaymentChange]:
    known = await payments.find_many(connection, [each.id for each in given])
    return [
        PaymentChange(known.get(each.id), each)
        for each in given
        if await payments.save(connection, each, asked_at=asked_at) and known.get(each.id) != each
    ]


async def _save_invoices(
    connection: AsyncConnection, given: Sequence[Invoice], asked_at: datetime
) -> list[InvoiceChange]:
    known = await invoices.find_many(connection, [each.id for each in given])
    return [
        InvoiceChange(known.get(each.id), each)
        for each in given
        if await invoices.save(connection, each, asked_at=asked_at) and known.get(each.id) != each
    ]


async def _save_disputes(
    connection: AsyncConnection, given: Sequence[Dispute], asked_at: datetime
) -> list[DisputeChange]:
    known = await disputes.find_many(connection, [each.id for each in given])
    return [
        DisputeChange(known.get(each.id), each)
        for each in given
        if await disputes.save(connection, each, asked_at=asked_at) and known.get(each.id) != each
    ]


async def _grant(
    connection: AsyncConnection, context: Context, period: PaidPeriod, now: datetime
) -> bool:
    """The allowance of every month of a paid period; False when it was granted before.

    Recorded once and for all months: a later change of the catalogue cannot shrink it (rule S15).
    """
    offering = context.catalogue.offering(period.price_id)
    if offering is None:
        return False
    months = allowance_months(period.period_start, period.period_end)
    entries = [
        Entry(
            key=f"grant:{period.subscription_id}:{int(month.timestamp())}",
            customer_id=period.customer_id,
            subscription_id=period.subscription_id,
            period_start=period.period_start,
            month_start=month,
            kind=EntryKind.GRANT,
            amount=offering.plan.allowance,
        )
        for month in months
    ]
    return bool(await ledger.record(connection, entries, now=now))
