"""Notices at the moment when they are sent: who reads them, and whether they are still true."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.allowance import EntryKind
from bot.domain.cancellation import AttemptState
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import AttemptId, PaymentId, RefundId, SubscriptionId, UserId
from bot.domain.job import Job
from bot.domain.notice import SWITCHABLE, AccessEnded, AllowanceUsed, NoticeKind, PaymentReceived
from bot.domain.refund import Consequence, Ground, Refund, RefundState
from bot.domain.subscription import Status
from bot.services.context import Context
from bot.services.notice_jobs import (
    access_ended,
    allowance_used,
    on_link,
    payment_received,
)
from bot.services.notices import NoticeService
from storage import cancel_attempts, customers, jobs, ledger, notice_settings, refunds
from storage.database import Database
from tests.integration.storage.noticing import PAID_NOW, ended, mirror, notices, run_of, unlink
from tests.integration.storage.samples import (
    GUILD,
    INVOICE,
    MIA,
    MIAS,
    NOOR,
    NOW,
    PAYMENT,
    SUBSCRIPTION,
    Clock,
    add_customer,
    payment,
    subscription,
)

# --- settings ---


async def test_everything_is_on_until_it_is_switched_off(
    database: Database, context: Context
) -> None:
    service = NoticeService(context)
    assert await service.settings(MIA) == dict.fromkeys(SWITCHABLE, True)

    for _ in range(2):
        after = await service.switch(MIA, "allowance_used", enabled=False)
        assert after == {kind: kind is not NoticeKind.ALLOWANCE_USED for kind in SWITCHABLE}
    assert await service.settings(NOOR) == dict.fromkeys(SWITCHABLE, True)

    assert await service.switch(MIA, "allowance_used", enabled=True) == dict.fromkeys(
        SWITCHABLE, True
    )


@pytest.mark.parametrize(
    "kind", ["payment_failed", "renewal_coming", "trial_ending", "nonsense", ""]
)
async def test_what_must_not_be_silent_has_no_switch(context: Context, kind: str) -> None:
    with pytest.raises(NoSuchThing):
        await NoticeService(context).switch(MIA, kind, enabled=False)


async def test_a_kind_of_a_later_version_does_no_harm(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(
            sa.text("INSERT INTO notice_settings VALUES (1001, 'of_tomorrow', false)")
        )
        await notice_settings.switch(connection, MIA, NoticeKind.CARD_EXPIRING, enabled=False)
        assert await notice_settings.switched_off(connection, MIA) == {NoticeKind.CARD_EXPIRING}


# --- payments ---


async def test_s16_s18_a_payment_comes_with_balance_renewal_and_invoice(
    database: Database, context: Context
) -> None:
    await add_customer(database)
    keys = await mirror(
        database, context, subscriptions=(SUBSCRIPTION,), payments=(PAID_NOW,), invoices=(INVOICE,)
    )
    assert keys == ["notice:payment_received:pi_mia"]
    assert await mirror(database, context, payments=(replace(PAID_NOW, disputed=True),)) == keys

    found = await NoticeService(context).prepare(run_of(payment_received(MIAS, PAID_NOW.id)))

    assert found is not None
    assert (found.user_id, found.address) == (MIA, "mia@example.com")
    facts = found.facts
    assert isinstance(facts, PaymentReceived)
    assert (facts.subscription, facts.invoice) == (SUBSCRIPTION, INVOICE)
    assert facts.is_first
    assert not found.can_be_switched_off


async def test_s16_only_the_first_payment_of_a_plan_cannot_be_switched_off(
    database: Database, context: Context
) -> None:
    await add_customer(database)
    renewal = payment(id=PaymentId("pi_renewal"), paid_at=NOW)
    first = payment(paid_at=NOW - timedelta(days=1))
    await mirror(database, context, subscriptions=(SUBSCRIPTION,), payments=(first, renewal))
    service = NoticeService(context)
    await service.switch(MIA, "payment_received", enabled=False)

    assert await service.prepare(run_of(payment_received(MIAS, first.id))) is not None
    assert await service.prepare(run_of(payment_received(MIAS, renewal.id))) is None
    await service.switch(MIA, "payment_received", enabled=True)
    assert await service.prepare(run_of(payment_received(MIAS, renewal.id))) is not None


async def test_nothing_is_told_of_history(database: Database, context: Context) -> None:
    await add_customer(database)
    assert await mirror(database, context, payments=(PAYMENT,)) == []
    assert await NoticeService(context).prepare(run_of(payment_received(MIAS, PAYMENT.id))) is None


async def test_nothing_is_told_on_linking(database: Database, context: Context) -> None:
    """What was paid before somebody linked is on the screens; it is no message."""
    await add_customer(database, user_id=None)
    assert (
        await mirror(database, context, subscriptions=(SUBSCRIPTION,), payments=(PAID_NOW,)) == []
    )
    async with database.write() as connection:
        await customers.link(connection, MIAS, MIA, now=NOW)
        await on_link(connection, MIAS, now=NOW)
    assert await mirror(database, context, payments=(PAID_NOW,)) == []


async def test_s16_a_purchase_that_links_tells_the_payment_that_came_before_it(
    database: Database, context: Context
) -> None:
    await add_customer(database, user_id=None)
    old = payment(id=PaymentId("pi_old"))
    await mirror(database, context, subscriptions=(SUBSCRIPTION,), payments=(PAID_NOW, old))
    async with database.write() as connection:
        await customers.link(connection, MIAS, MIA, now=NOW)
    about = {"customer_id": MIAS, "subscription_id": SUBSCRIPTION.id}

    for _ in range(2):
        await NoticeService(context).purchased(Job(1, "notice.purchased", "key", about, 1))

    assert await notices(database) == ["notice:payment_received:pi_mia"]


# --- ends ---


async def test_s4_the_end_is_told_once(database: Database, context: Context) -> None:
    over = await ended(database, context)

    assert len(await mirror(database, context, subscriptions=(SUBSCRIPTION,))) == 1
    assert len(await mirror(database, context, subscriptions=(over,))) == 1
    found = await NoticeService(context).prepare(run_of(access_ended(over)))
    assert found is not None
    assert found.facts == AccessEnded(over, unpaid=False)
    assert found.can_be_switched_off


async def test_s8_the_end_of_a_plan_that_was_replaced_is_not_told(
    database: Database, context: Context
) -> None:
    over = await ended(database, context)
    await mirror(database, context, subscriptions=(subscription(id=SubscriptionId("sub_new")),))

    assert await NoticeService(context).prepare(run_of(access_ended(over))) is None


@pytest.mark.parametrize(
    ("state", "consequence", "told"),
    [
        (RefundState.DONE, Consequence.ENDS_SUBSCRIPTION, False),
        (RefundState.REFUNDED, Consequence.ENDS_SUBSCRIPTION, False),
        (RefundState.FAILED, Consequence.ENDS_SUBSCRIPTION, True),
        (RefundState.DRAFT, Consequence.ENDS_SUBSCRIPTION, True),
        (RefundState.DONE, Consequence.DUPLICATE_ENDS_NOTHING, True),
    ],
)
async def test_s11_an_end_by_refund_is_told_by_its_receipt_alone(
    database: Database,
    context: Context,
    state: RefundState,
    consequence: Consequence,
    told: bool,
) -> None:
    over = await ended(database, context)
    await mirror(database, context, payments=(PAYMENT,))
    refund = Refund(
        RefundId("R1"),
        GUILD,
        NOOR,
        MIA,
        PAYMENT.id,
        over.id,
        PAYMENT.amount,
        Ground.OUR_ERROR,
        None,
        consequence,
        state,
        NOW,
        None,
        None,
        None,
        None,
        None,
    )
    async with database.write() as connection:
        await refunds.add(connection, refund)

    found = await NoticeService(context).prepare(run_of(access_ended(over)))

    assert (found is not None) == told


@pytest.mark.parametrize("state", [AttemptState.REQUESTED, AttemptState.CANCELLED])
@pytest.mark.parametrize(("days", "told"), [(0, False), (20, True)])
async def test_an_end_at_once_is_told_by_the_cancellations_receipt_alone(
    database: Database, context: Context, days: int, told: bool, state: AttemptState
) -> None:
    over = await ended(database, context)
    async with database.write() as connection:
        await cancel_attempts.add(
            connection,
            AttemptId("A1"),
            user_id=MIA,
            guild_id=None,
            customer_id=MIAS,
            subscription_id=over.id,
            now=NOW,
        )
        await cancel_attempts.advance(
            connection,
            AttemptId("A1"),
            expected=(AttemptState.STARTED,),
            to=state,
            now=NOW,
            requested_at=NOW - timedelta(days=days),
            effective_at=NOW,
            finished_at=NOW,
        )

    found = await NoticeService(context).prepare(run_of(access_ended(over)))

    assert (found is not None) == told


# --- the allowance ---


async def test_a_used_up_allowance_is_told_while_it_is(
    database: Database, context: Context, clock: Clock
) -> None:
    await add_customer(database)
    start = SUBSCRIPTION.period_start
    await mirror(database, context, subscriptions=(SUBSCRIPTION,))

    async def book(key: str, kind: EntryKind, amount: int) -> None:
        entry = ledger.Entry(key, MIAS, SUBSCRIPTION.id, start, start, kind, amount)
        async with database.write() as connection:
            await ledger.record(connection, [entry], now=NOW)

    await book("g", EntryKind.GRANT, 100)
    await book("u", EntryKind.USAGE, 100)
    job = run_of(allowance_used(MIAS, SUBSCRIPTION.id, start))
    service = NoticeService(context)

    found = await service.prepare(job)
    assert found is not None
    assert isinstance(found.facts, AllowanceUsed)
    assert found.facts.balance.remaining == 0

    await book("t", EntryKind.TOP_UP, 50)
    assert await service.prepare(job) is None


# --- who reads it ---


async def test_whoever_is_not_linked_any_more_gets_by_mail_what_must_not_be_silent(
    database: Database, context: Context
) -> None:
    over = await ended(database, context)
    await unlink(database)
    service = NoticeService(context)

    assert await service.prepare(run_of(access_ended(over))) is None
    async with database.read() as connection:
        customer = await customers.find(connection, MIAS)
    assert customer is not None
    assert customer.linked_at == NOW
    assert customer.user_id is None


async def test_who_was_never_linked_is_told_nothing(
    database: Database, context: Context, clock: Clock
) -> None:
    await add_customer(database, user_id=None)
    due = subscription(status=Status.PAST_DUE)
    await mirror(database, context, subscriptions=(SUBSCRIPTION,))

    assert await mirror(database, context, subscriptions=(due,)) == []


async def test_what_happened_once_is_never_told_later(database: Database, context: Context) -> None:
    await add_customer(database)
    await mirror(database, context, payments=(PAID_NOW,))

    await NoticeService(context).set_aside(run_of(payment_received(MIAS, PAID_NOW.id)))

    assert await notices(database) == ["notice:payment_received:pi_mia"]


async def test_a_notice_about_nobody_is_none(database: Database, context: Context) -> None:
    service = NoticeService(context)
    assert await service.prepare(run_of(payment_received(MIAS, PAYMENT.id))) is None
    async with database.write() as connection:
        await jobs.add(connection, [payment_received(MIAS, PAYMENT.id)], now=NOW)
    assert await service.settings(UserId(1)) == dict.fromkeys(SWITCHABLE, True)
