"""The mirror: takes over what a payment provider shows (an event is only a hint to look)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, ProviderRefusedError, Snapshot
from bot.domain.dispute import Dispute
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import CustomerId, PaymentId, PlanId, PriceId, SubscriptionId
from bot.domain.invoice import Invoice
from bot.domain.refund import Payment
from bot.domain.subscription import Subscription
from bot.services.changes import Change, Changes
from bot.services.context import Context
from bot.services.duplicates import note_duplicates
from bot.services.effects import effects_of
from bot.services.grants import grant
from bot.services.late_payments import note_late
from bot.services.saves import count_saves
from bot.services.settlement import complete_checkouts
from bot.services.top_up_refunds import settle_refunded
from storage import customers, disputes, invoices, jobs, payments, subscriptions

_Shown = TypeVar("_Shown", Payment, Invoice, Dispute)

_log = structlog.get_logger(__name__)


async def apply(
    connection: AsyncConnection, context: Context, snapshot: Snapshot, *, asked_at: datetime
) -> Changes:
    """Take over what the provider shows, with what follows from it, in the caller's transaction.

    `asked_at` is when the provider was asked what is: later answers win. What it answers when it
    has changed something counts from then, because whoever asked meanwhile may have seen the old.
    """
    now = context.clock()
    for what in snapshot.unreadable:
        _log.warning("unreadable_at_provider", id=what.id, field=what.field, error=what.error)
    for customer in snapshot.customers:
        await customers.save(
            connection,
            customer.id,
            provider=customer.provider,
            email=customer.email,
            card=customer.card,
        )
    # Before any other row of theirs is changed: whoever waits here holds up nobody meanwhile.
    paying = {each.customer_id for each in snapshot.payments}
    paying |= {each.customer_id for each in snapshot.completed_checkouts}
    await customers.take_turns(connection, paying)
    changed_subscriptions = await _save_subscriptions(connection, snapshot.subscriptions, asked_at)
    changed_payments = await _save(
        connection, snapshot.payments, payments.find_many, payments.save, asked_at
    )
    changed_invoices = await _save(
        connection, snapshot.invoices, invoices.find_many, invoices.save, asked_at
    )
    changed_disputes = await _save(
        connection, snapshot.disputes, disputes.find_many, disputes.save, asked_at
    )
    granted = await grant(connection, context, snapshot, asked_at=asked_at)
    await settle_refunded(connection, _refunded(changed_payments), now=now)
    await note_duplicates(connection, changed_payments, now=now)
    await note_late(connection, changed_payments, now=now)
    await count_saves(connection, changed_invoices, now=now)
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
    return context.provider_of(subscription.provider)


async def if_there(reading: Awaitable[Snapshot]) -> Snapshot:
    """What the provider shows of something that it may not have any more: a customer, for example,
    that the vendor has deleted. Then what is known here still counts."""
    try:
        return await reading
    except ProviderRefusedError as refusal:
        _log.info("gone_at_provider", code=refusal.code)
        return Snapshot()


async def _save_subscriptions(
    connection: AsyncConnection, given: Sequence[Subscription], asked_at: datetime
) -> list[Change[Subscription]]:
    known = await subscriptions.find_many(connection, [each.id for each in given])
    return [
        Change(known.get(each.id), each)
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


def _refunded(changed: Sequence[Change[Payment]]) -> list[PaymentId]:
    """Those of which something was given back, or had been before it came back."""
    return [
        each.after.id
        for each in changed
        if each.after.refunded.amount or (each.before is not None and each.before.refunded.amount)
    ]


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


async def _save(
    connection: AsyncConnection,
    given: Sequence[_Shown],
    find_many: Callable[[AsyncConnection, list[Any]], Awaitable[Mapping[Any, _Shown]]],
    save: Callable[..., Awaitable[bool]],
    asked_at: datetime,
) -> list[Change[_Shown]]:
    """With the two functions of the noun's query module; what was there already is no change."""
    known = await find_many(connection, [each.id for each in given])
    return [
        Change(known.get(each.id), each)
        for each in given
        if await save(connection, each, asked_at=asked_at) and known.get(each.id) != each
    ]
