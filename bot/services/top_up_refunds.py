"""A refunded top-up leaves the ledger as far as it is not spent, whoever has refunded it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import EntryKind, balance_of
from bot.domain.checkout import Checkout
from bot.domain.identifiers import PaymentId
from bot.domain.refund import Payment
from bot.domain.top_up_refund import TopUpShare, units_to_take_back, unspent_of
from storage import checkouts, ledger, payments
from storage.ledger import Entry


async def take_back(
    connection: AsyncConnection, payment_ids: Collection[PaymentId], *, now: datetime
) -> None:
    """Take the unspent part of those of these payments that bought top-ups and were refunded.

    Once for each amount refunded, however often it is called. One whose units are not in the
    ledger yet has nothing to take: it is to be called again when they are.
    """
    for checkout in await checkouts.of_payments(connection, payment_ids):
        payment = await payments.find(connection, checkout.payment_id or PaymentId(""))
        if payment is not None and payment.refunded.amount > 0:
            await _take_back(connection, checkout, payment, now)


async def _take_back(
    connection: AsyncConnection, checkout: Checkout, payment: Payment, now: datetime
) -> None:
    await ledger.have_alone(connection)
    bought = await ledger.find(connection, checkout.ledger_key)
    if bought is None:
        return
    cycle = (bought.subscription_id, bought.period_start)
    shares = _shares(await ledger.top_ups_of(connection, *cycle))
    sums = await ledger.sums_of_cycles(connection, [cycle])
    unspent = unspent_of(
        checkout.ledger_key, shares, left=balance_of(sums[cycle], now=now).top_up_left
    )
    share = next(each for each in shares if each.key == checkout.ledger_key)
    units = units_to_take_back(
        share, unspent=unspent, paid=payment.amount, refunded=payment.refunded
    )
    if units == 0:
        return
    entry = Entry(
        key=f"{checkout.ledger_key}:refunded:{payment.refunded.amount}",
        customer_id=bought.customer_id,
        subscription_id=bought.subscription_id,
        period_start=bought.period_start,
        month_start=bought.month_start,
        kind=EntryKind.TOP_UP,
        amount=-units,
    )
    await ledger.record(connection, [entry], now=now)


def _shares(entries: Collection[Entry]) -> list[TopUpShare]:
    """Each top-up with what was taken back of it, by the beginning of their keys."""
    bought = [entry for entry in entries if entry.amount >= 0]
    return [
        TopUpShare(
            entry.key,
            entry.amount,
            -sum(each.amount for each in entries if each.key.startswith(f"{entry.key}:refunded:")),
        )
        for entry in bought
    ]
