"""What a paid checkout changes at once: the link, the top-up, cancellations that are moot."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import CompletedCheckout
from bot.domain.allowance import EntryKind, month_of
from bot.domain.cancellation import AttemptState
from bot.domain.checkout import Checkout
from bot.domain.errors import AccountTaken
from bot.domain.identifiers import ERASED_USER, AttemptId, CustomerId
from bot.domain.refund import PaymentPurpose
from bot.domain.subscription import Subscription
from bot.domain.top_up import cycle_end
from bot.services.links import link
from bot.services.top_up_refunds import settle_refunded
from storage import audit, cancel_attempts, checkouts, customers, ledger, payments, subscriptions
from storage.ledger import Entry

# Set on a cancel attempt whose subscription was replaced by another plan.
REPLACED = "replaced"


async def complete_checkouts(
    connection: AsyncConnection, given: Sequence[CompletedCheckout], *, now: datetime
) -> list[CompletedCheckout]:
    """Those that were not known to be paid; each is settled once.

    To be called when everything else that the provider has shown is in the store.
    """
    completed: list[CompletedCheckout] = []
    for each in given:
        started = await checkouts.find(connection, each.reference)
        checkout = await checkouts.complete(
            connection,
            each.reference,
            customer_id=each.customer_id,
            subscription_id=each.subscription_id,
            payment_id=each.payment_id,
            now=now,
        )
        if started is None or checkout is None:
            continue
        completed.append(each)
        await _link(connection, started, each, now)
        if checkout.attempt_id is not None:
            await _save(connection, checkout.attempt_id, now)
        if checkout.replaces is not None:
            await cancel_attempts.end_unfinished(
                connection, checkout.replaces, failure=REPLACED, now=now
            )
        if checkout.purpose is PaymentPurpose.TOP_UP:
            await _top_up_in_time(connection, checkout, now)
    # The audit log has one writer at a time on PostgreSQL: nothing else is waited for from here on.
    for each in completed:
        await _record(connection, each, now)
    return completed


async def _record(connection: AsyncConnection, paid: CompletedCheckout, now: datetime) -> None:
    await audit.append(
        connection,
        actor_id=None,
        action="purchase.completed",
        subject=paid.reference,
        details={"subscription": paid.subscription_id, "payment": paid.payment_id},
        now=now,
    )


async def _link(
    connection: AsyncConnection, started: Checkout, paid: CompletedCheckout, now: datetime
) -> None:
    """Whoever bought through Mooring is linked without a code, to a customer who is new.

    A provider may find the customer by the address that the buyer types. Typing somebody else's
    must not open that person's account: only a code proves whose mailbox it is.
    """
    if started.user_id == ERASED_USER:
        return
    if await customers.of_user(connection, started.user_id) is not None:
        return
    if await _is_older(connection, started, paid):
        return
    try:
        await link(connection, paid.customer_id, started.user_id, by="purchase", now=now)
    except AccountTaken:
        # It stays with the one who has it; people look at such a purchase when it is completed.
        return


async def _is_older(
    connection: AsyncConnection, started: Checkout, paid: CompletedCheckout
) -> bool:
    """Whether the customer was there before this purchase, and was not the buyer's then."""
    if started.customer_id is not None:
        return False
    bought = await subscriptions.of_customers(connection, [paid.customer_id])
    paid_before = await payments.of_customer(connection, paid.customer_id)
    return any(each.id != paid.subscription_id for each in bought) or any(
        # A provider's times are whole seconds: this purchase's own payment may seem to be older.
        each.paid_at < started.created_at
        and each.subscription_id != paid.subscription_id
        and each.id != paid.payment_id
        for each in paid_before
    )


async def _save(connection: AsyncConnection, attempt_id: AttemptId, now: datetime) -> None:
    """The offer of a cancel attempt was paid for: the member stays, also where they took longer for
    it than an attempt lasts. Whoever has confirmed the cancellation meanwhile goes."""
    await cancel_attempts.advance(
        connection,
        attempt_id,
        expected=(AttemptState.REASON_GIVEN, AttemptState.TIMED_OUT),
        to=AttemptState.SAVED,
        now=now,
        accepted_at=now,
        finished_at=now,
    )


async def _top_up_in_time(connection: AsyncConnection, checkout: Checkout, now: datetime) -> None:
    """Credit a top-up to the cycle that it was sold for (S26), as long as that one goes on.

    One that was paid later needs a fresh look at the provider: its job takes it.
    """
    if checkout.tops_up is None or checkout.customer_id is None:
        return
    subscription = await subscriptions.find(connection, checkout.tops_up)
    if subscription is None or not subscription.is_live:
        return
    if subscription.cycle_start == checkout.cycle_start and now < cycle_end(subscription):
        await credit_top_up(connection, checkout, subscription, now=now)


async def credit_top_up(
    connection: AsyncConnection, checkout: Checkout, subscription: Subscription, *, now: datetime
) -> bool:
    """Add the units that were sold (S15) to the subscription's cycle; False when they are there.

    One that was refunded before its units were there ends up with none.
    """
    await customers.take_turns(connection, [subscription.customer_id])
    start, end = subscription.cycle_start, subscription.period_end
    entry = Entry(
        key=checkout.ledger_key,
        customer_id=CustomerId(subscription.customer_id),
        subscription_id=subscription.id,
        period_start=start,
        month_start=month_of(start, end, now=now),
        kind=EntryKind.TOP_UP,
        amount=checkout.units,
    )
    is_new = bool(await ledger.record(connection, [entry], now=now))
    if checkout.payment_id is not None:
        await settle_refunded(connection, [checkout.payment_id], now=now)
    return is_new
