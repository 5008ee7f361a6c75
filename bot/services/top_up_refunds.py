"""A refunded top-up leaves the ledger as far as it is not spent, whoever has refunded it.

Where the refund comes back, so does what it took: while the cycle goes on that it was of (S26).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import balance_of
from bot.domain.identifiers import PaymentId
from bot.domain.refund import Payment
from bot.domain.top_up import cycle_end
from bot.domain.top_up_refund import (
    TopUpShare,
    units_to_give_back,
    units_to_take_back,
    unspent_of,
)
from storage import checkouts, ledger, payments, subscriptions
from storage.ledger import Entry

_TAKEN, _GIVEN = ":refunded:", ":returned:"


async def settle_refunded(
    connection: AsyncConnection, payment_ids: Collection[PaymentId], *, now: datetime
) -> None:
    """Let the top-ups that these payments bought agree with what was given back of their price.

    Once for each amount refunded, and again for each that comes after a return, however often it
    is called. One whose units are not in the ledger yet has nothing to take: it is to be called
    again when they are.
    """
    for checkout in await checkouts.of_payments(connection, payment_ids):
        payment = await payments.find(connection, checkout.payment_id or PaymentId(""))
        bought = await ledger.find(connection, checkout.ledger_key)
        if payment is None or bought is None:
            continue
        if payment.refunded.amount > 0 or await _was_touched(connection, bought):
            await ledger.have_alone(connection)
            await _settle(connection, bought, payment, now)


async def _was_touched(connection: AsyncConnection, bought: Entry) -> bool:
    """Reports of usage wait while this is settled: not for every top-up that is bought."""
    entries = await ledger.top_ups_of(connection, bought.subscription_id, bought.period_start)
    return any(each.key.startswith(bought.key + _TAKEN) for each in entries)


async def _settle(
    connection: AsyncConnection, bought: Entry, payment: Payment, now: datetime
) -> None:
    cycle = (bought.subscription_id, bought.period_start)
    entries = await ledger.top_ups_of(connection, *cycle)
    shares = _shares(entries)
    share = next(each for each in shares if each.key == bought.key)
    paid, refunded = payment.amount, payment.refunded
    # A refund that is made once more after one came back takes once more.
    returns = sum(each.key.startswith(bought.key + _GIVEN) for each in entries)
    turn = f"{returns}:{refunded.amount}"
    if given := units_to_give_back(share, paid=paid, refunded=refunded):
        if await _goes_on(connection, bought, now):
            await _move(connection, bought, _GIVEN + turn, given, now)
        return
    sums = await ledger.sums_of_cycles(connection, [cycle])
    left = balance_of(sums[cycle], now=now).top_up_left
    unspent = unspent_of(share.key, shares, left=left)
    if taken := units_to_take_back(share, unspent=unspent, paid=paid, refunded=refunded):
        await _move(connection, bought, _TAKEN + turn, -taken, now)


async def _move(
    connection: AsyncConnection, bought: Entry, key: str, units: int, now: datetime
) -> None:
    """In the month in which it was bought, from where what is left of top-ups goes on."""
    entry = replace(bought, key=bought.key + key, amount=units)
    await ledger.record(connection, [entry], now=now)


async def _goes_on(connection: AsyncConnection, bought: Entry, now: datetime) -> bool:
    """Whether the cycle that it was bought for is still the one that runs."""
    subscription = await subscriptions.find(connection, bought.subscription_id)
    return (
        subscription is not None
        and subscription.is_live
        and subscription.cycle_start == bought.period_start
        and now < cycle_end(subscription)
    )


def _shares(entries: Collection[Entry]) -> list[TopUpShare]:
    """Each top-up with what was taken of it and not given back, by the beginning of their keys."""
    bought = [each for each in entries if not (_TAKEN in each.key or _GIVEN in each.key)]
    return [
        TopUpShare(
            entry.key,
            entry.amount,
            -sum(
                each.amount
                for each in entries
                if each.key.startswith((entry.key + _TAKEN, entry.key + _GIVEN))
            ),
        )
        for entry in bought
    ]
