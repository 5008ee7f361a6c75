"""The mirror: takes over what a payment provider shows (an event is only a hint to look)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, Snapshot
from bot.domain.dispute import Dispute
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import CustomerId, PlanId, PriceId, SubscriptionId
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
from bot.services.grants import grant
from bot.services.settlement import complete_checkouts
from bot.services.top_up_refunds import take_back
from storage import customers, disputes, invoices, jobs, payments, subscriptions


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
    granted = await grant(connection, context, snapshot, asked_at=asked_at)
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
    old_prices = await _old_prices(connection, context, snapshot.subscriptions)
    if not concerned and not changed_disputes and not old_prices:
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
        old_prices=old_prices,
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
        for each in (_with_own_facts(each, known.get(each.id)) for each in given)
        if await subscriptions.save(connection, each, asked_at=asked_at)
        and known.get(each.id) != each
    ]


def _with_own_facts(shown: Subscription, before: Subscription | None) -> Subscription:
    """With what the provider cannot know: the cycle that runs, and the plan of a price that the
    vendor took out of the catalogue while it is still paid (S15)."""
    if before is None:
        return shown
    own = shown
    if shown.period_start == before.period_start:
        own = replace(own, switched_at=before.switched_at)
    if shown.plan_id is None and shown.price_id == before.price_id:
        own = replace(own, plan_id=before.plan_id)
    return own


async def _old_prices(
    connection: AsyncConnection, context: Context, shown: Sequence[Subscription]
) -> dict[PriceId, PlanId]:
    """Prices that the catalogue does not have, with the plans of those who pay them."""
    paid = [
        each.id
        for each in shown
        if each.is_live and context.catalogue.offering(each.price_id) is None
    ]
    known = await subscriptions.find_many(connection, paid)
    return {each.price_id: each.plan_id for each in known.values() if each.plan_id is not None}


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
