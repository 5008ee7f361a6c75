"""The allowance: of every period that is paid, and anew when the plan is switched within one."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import PaidPeriod, Snapshot
from bot.domain.allowance import EntryKind, allowance_months
from bot.domain.catalogue import Catalogue, Plan
from bot.domain.identifiers import SubscriptionId
from bot.domain.plan_switch import Bought, begins_anew_at, is_switched
from bot.domain.subscription import Subscription
from bot.services.context import Context
from storage import ledger, subscriptions
from storage.ledger import Entry


async def grant(
    connection: AsyncConnection, context: Context, snapshot: Snapshot, *, asked_at: datetime
) -> list[PaidPeriod]:
    """What is due and was not granted before.

    To be called when the subscriptions that the provider has shown are in the store.
    """
    ids = {
        *(each.id for each in snapshot.subscriptions),
        *(each.subscription_id for each in snapshot.paid_periods),
    }
    known = await subscriptions.find_many(connection, list(ids))
    granted = [
        period
        for period in snapshot.paid_periods
        if await _grant_period(connection, context, period, known)
    ]
    return granted + await _grant_switched(connection, context, known.values(), asked_at=asked_at)


async def _grant_period(
    connection: AsyncConnection,
    context: Context,
    period: PaidPeriod,
    known: Mapping[SubscriptionId, Subscription],
) -> bool:
    """False when it was granted before."""
    plan = _plan_of(period, known.get(period.subscription_id), context.catalogue)
    if plan is None:
        return False
    key = f"grant:{period.subscription_id}"
    return await _grant(connection, context, period, plan, key=key)


def _plan_of(
    period: PaidPeriod, subscription: Subscription | None, catalogue: Catalogue
) -> Plan | None:
    """A price that the vendor took out of the catalogue still pays for its plan."""
    offering = catalogue.offering(period.price_id)
    if offering is not None:
        return offering.plan
    if subscription is None or subscription.price_id != period.price_id:
        return None
    return catalogue.plan(subscription.plan_id) if subscription.plan_id else None


async def _grant_switched(
    connection: AsyncConnection,
    context: Context,
    known: Collection[Subscription],
    *,
    asked_at: datetime,
) -> list[PaidPeriod]:
    """New cycles for those whose running one was granted for something else (S9, S27).

    What the store knows is compared, not what has changed in it: the switch can be seen before the
    period's payment is, or be the first that is seen of the subscription at all.
    """
    running = {(each.id, each.cycle_start): each for each in known}
    bought = await ledger.bought_in(connection, running)
    switched: list[PaidPeriod] = []
    for cycle, subscription in running.items():
        plan_id = subscription.plan_id
        plan = context.catalogue.plan(plan_id) if plan_id else None
        if plan is None or cycle not in bought or not is_switched(subscription, bought[cycle]):
            continue
        moment = begins_anew_at(subscription, seen_at=asked_at)
        if not await subscriptions.begin_cycle(connection, subscription, moment):
            continue  # another process has seen the switch at the same time
        rest = PaidPeriod(
            customer_id=subscription.customer_id,
            subscription_id=subscription.id,
            price_id=subscription.price_id,
            period_start=moment,
            period_end=subscription.period_end,
            quantity=subscription.quantity,
        )
        key = f"grant:{subscription.id}:switched:{int(moment.timestamp())}"
        await _grant(connection, context, rest, plan, key=key)
        switched.append(rest)
    return switched


async def _grant(
    connection: AsyncConnection, context: Context, period: PaidPeriod, plan: Plan, *, key: str
) -> bool:
    """The allowance of every month of a cycle, for each of the units that were bought.

    Recorded once and for all months: a later change of the catalogue cannot shrink it (rule S15). A
    period that the provider begins in the very second in which a switch was seen is that cycle.
    """
    bought = Bought(plan.id, period.price_id, period.quantity)
    first, *later = (
        Entry(
            key=f"{key}:{int(month.timestamp())}",
            customer_id=period.customer_id,
            subscription_id=period.subscription_id,
            period_start=period.period_start,
            month_start=month,
            kind=EntryKind.GRANT,
            amount=plan.allowance * period.quantity,
            bought=bought,
        )
        for month in allowance_months(period.period_start, period.period_end)
    )
    cycle = (period.subscription_id, period.period_start)
    if await ledger.first_grant(connection, cycle) not in (None, first.key):
        return False
    is_new = bool(await ledger.record(connection, [first], now=context.clock()))
    if not later:
        return is_new
    # A period that was lengthened goes on; one that began in the same second as this, and was
    # bought for something else, does not: that is a switch.
    if not is_new and (await ledger.bought_in(connection, [cycle])).get(cycle) != bought:
        return False
    return bool(await ledger.record(connection, later, now=context.clock())) or is_new
