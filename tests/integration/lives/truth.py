"""What has to be true of the mirror and the ledger, whatever has happened and whatever was told."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import balance_of
from bot.domain.checkout import Checkout
from bot.domain.identifiers import CREEM, CheckoutId, DisputeId, PaymentId
from bot.domain.refund import PaymentPurpose
from bot.domain.subscription import Status, Subscription
from storage import checkouts, disputes, invoices, ledger, payments, subscriptions
from tests.integration.lives.life import MEMBER, Life


async def untrue(life: Life) -> Sequence[str]:
    """Everything that is wrong."""
    return [
        *await differences(life),
        *await wrong_disputes(life),
        *await grants_missing(life),
        *await wrong_balances(life),
        *await wrong_top_ups(life),
    ]


async def differences(life: Life) -> Sequence[str]:
    """Where the mirror differs from the provider; empty when it is true."""
    truth = await life.shop.provider.fetch_account(life.customer)
    async with life.context.database.read() as connection:
        known_subscriptions = await subscriptions.find_many(
            connection, [each.id for each in truth.subscriptions]
        )
        known_payments = await payments.find_many(connection, [each.id for each in truth.payments])
        known_invoices = await invoices.find_many(connection, [each.id for each in truth.invoices])
    pairs: list[tuple[object, object]] = [
        *((each, known_subscriptions.get(each.id)) for each in truth.subscriptions),
        *((each, known_payments.get(each.id)) for each in truth.payments),
        *((each, known_invoices.get(each.id)) for each in truth.invoices),
    ]
    return [
        f"{known} instead of {each}"
        for each, known in pairs
        if (replace(known, switched_at=None) if isinstance(known, Subscription) else known) != each
        and not (known is None and _is_untold(each))
    ]


async def wrong_disputes(life: Life) -> Sequence[str]:
    """Those that the mirror does not know as the provider shows them."""
    found: list[str] = []
    for shown in life.happenings.disputes():
        [truth] = (await life.shop.provider.fetch_dispute(DisputeId(shown["id"]))).disputes
        async with life.context.database.read() as connection:
            known = (await disputes.find_many(connection, [truth.id])).get(truth.id)
        if known != truth:
            found.append(f"{known} instead of {truth}")
    return found


def _is_untold(shown: object) -> bool:
    """Creem tells of a subscription when its first payment has succeeded."""
    return (
        isinstance(shown, Subscription)
        and shown.provider == CREEM
        and shown.status is Status.INCOMPLETE
    )


async def wrong_balances(life: Life) -> Sequence[str]:
    """Subscriptions that are paid and on, and whose month did not bring their plan's whole
    allowance, or counts more or less than was used.

    Whatever was switched, and whichever news of it has arrived.
    """
    found: list[str] = []
    now = life.context.clock()
    truth = await life.shop.provider.fetch_account(life.customer)
    for each in truth.subscriptions:
        offering = life.context.catalogue.offering(each.price_id)
        if each.status is not Status.ACTIVE or offering is None:
            continue
        async with life.context.database.read() as connection:
            known = await subscriptions.find(connection, each.id)
            assert known is not None
            cycle = (known.id, known.cycle_start)
            sums = await ledger.sums_of_cycles(connection, [cycle])
        balance = balance_of(sums.get(cycle, []), now=now)
        due = offering.plan.allowance * each.quantity
        if (balance.granted, balance.used) != (due, life.used.get(cycle, 0)):
            used = life.used.get(cycle, 0)
            found.append(f"{balance} instead of {due} of {offering.plan.name}, {used} used")
    return found


async def grants_missing(life: Life) -> Sequence[str]:
    """Paid periods of plans whose allowance is not in the ledger, or is there twice.

    Creem shows a subscription with its last payment. A period that was over before anybody looked
    is found by chance, and its allowance is of no use any more.
    """
    truth = await life.shop.provider.fetch_account(life.customer)
    running = {(each.id, each.period_start) for each in truth.subscriptions}
    found: list[str] = []
    async with life.context.database.read() as connection:
        for period in truth.paid_periods:
            is_running = (period.subscription_id, period.period_start) in running
            if life.shop.name == CREEM and not is_running:
                continue
            start = int(period.period_start.timestamp() * 1000)
            count = await connection.exec_driver_sql(
                "SELECT count(*) FROM ledger WHERE kind = 'grant' AND subscription_id = ?"
                " AND period_start = ? AND month_start = ?",
                (period.subscription_id, start, start),
            )
            if count.scalar_one() != 1:
                found.append(str(period))
    return found


async def wrong_top_ups(life: Life) -> Sequence[str]:
    """Top-ups that were paid and are not in the ledger as far as they were not given back, and
    those that are there without a payment. One that came when no plan is on is told to people.

    Nothing of a top-up is ever spent here: what is used is the allowance.
    """
    found: list[str] = []
    async with life.context.database.read() as connection:
        ids = await connection.exec_driver_sql(
            "SELECT id FROM checkouts WHERE purpose = 'top_up' AND user_id = ?", (MEMBER,)
        )
        for [checkout_id] in ids.all():
            checkout = await checkouts.find(connection, CheckoutId(checkout_id))
            assert checkout is not None
            assert checkout.purpose is PaymentPurpose.TOP_UP
            kept = await _kept(connection, checkout)
            due = await _due(life, connection, checkout)
            if kept != due and not await _is_told(connection, checkout):
                found.append(f"{kept} units instead of {due} of {checkout}")
    return found


async def _kept(connection: AsyncConnection, checkout: Checkout) -> int:
    entries = await connection.exec_driver_sql(
        "SELECT coalesce(sum(amount), 0) FROM ledger WHERE key = ? OR key LIKE ?",
        (checkout.ledger_key, f"{checkout.ledger_key}:refunded:%"),
    )
    return int(entries.scalar_one())


async def _due(life: Life, connection: AsyncConnection, checkout: Checkout) -> int:
    """By what the provider shows of the page and of its payment."""
    if checkout.page_id is None:
        return 0
    shown = await life.shop.provider.fetch_checkout(checkout.page_id)
    if not shown.completed_checkouts:
        return 0
    [completed] = shown.completed_checkouts
    paid = await payments.find(connection, completed.payment_id or PaymentId(""))
    if paid is None:
        return checkout.units
    return checkout.units - checkout.units * paid.refunded.amount // paid.amount.amount


async def _is_told(connection: AsyncConnection, checkout: Checkout) -> bool:
    told = await connection.exec_driver_sql(
        "SELECT count(*) FROM jobs WHERE key = ?", (f"purchase-top_up_lost-staff:{checkout.id}",)
    )
    return int(told.scalar_one()) == 1
