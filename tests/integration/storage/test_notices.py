"""Notices at the moment when they are sent: who reads them, and whether they are still true."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.billing.provider import CustomerRecord, Snapshot
from bot.domain.account import Card
from bot.domain.allowance import EntryKind
from bot.domain.cancellation import AttemptState
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import AttemptId, PaymentId, RefundId, SubscriptionId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.notice import SWITCHABLE, AccessEnded, AllowanceUsed, NoticeKind, PaymentReceived
from bot.domain.refund import Consequence, Ground, Refund, RefundState
from bot.domain.subscription import Status, Subscription
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.mirror import apply
from bot.services.notice_jobs import (
    access_ended,
    allowance_used,
    on_link,
    payment_received,
    reminders_of,
)
from bot.services.notices import NoticeService
from storage import cancel_attempts, customers, jobs, ledger, notice_settings, refunds
from storage.database import Database
from storage.schema import customers as customers_table
from storage.schema import jobs as jobs_table
from tests.integration.storage.samples import (
    GUILD,
    INVOICE,
    MIA,
    MIAS,
    NOOR,
    NOW,
    PAYMENT,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
    payment,
    subscription,
)

PAID_NOW = payment(paid_at=NOW)


def run_of(new: NewJob) -> Job:
    """The job as the worker hands it over."""
    return Job(1, new.kind, new.key, new.payload, attempts=1)


async def mirror(database: Database, context: Context, **given: object) -> list[str]:
    """Take over what the provider shows; the notices that follow, by key."""
    async with database.write() as connection:
        await apply(connection, context, Snapshot(**given), asked_at=context.clock())  # type: ignore[arg-type]
    return await notices(database)


async def notices(database: Database) -> list[str]:
    async with database.read() as connection:
        keys = await connection.scalars(
            sa.select(jobs_table.c.key)
            .where(jobs_table.c.kind == "notice.send")
            .order_by(jobs_table.c.id)
        )
        return list(keys)


async def unlink(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(sa.update(customers_table).values(user_id=None))


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


async def ended(database: Database, context: Context, **changes: object) -> Subscription:
    """Mia's plan has ended by the provider."""
    await add_customer(database)
    await mirror(database, context, subscriptions=(SUBSCRIPTION,))
    over = subscription(status=Status.CANCELED, ended_at=NOW, **changes)
    assert await mirror(database, context, subscriptions=(over,)) == ["notice:access_ended:sub_mia"]
    return over


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


async def test_reminders_that_lie_ahead_are_added_for_everybody_and_overdue_ones_on_linking(
    database: Database, context: Context, clock: Clock
) -> None:
    await add_customer(database, user_id=None)
    yearly = subscription(period_start=NOW - timedelta(days=300), period_end=NOW + timedelta(65))
    other = replace(yearly, id=SubscriptionId("sub_b"), period_end=NOW + timedelta(days=10))
    keys = await mirror(database, context, subscriptions=(yearly, other))
    assert [key.rpartition(":")[0] for key in keys] == ["notice:renewal_coming:sub_mia"]

    async with database.write() as connection:
        await customers.link(connection, MIAS, MIA, now=NOW)
        await on_link(connection, MIAS, now=NOW)
        await on_link(connection, MIAS, now=NOW)

    assert [key.rpartition(":")[0] for key in await notices(database)] == [
        "notice:renewal_coming:sub_mia",
        "notice:renewal_coming:sub_b",
    ]


async def run_reminder(database: Database, context: Context, new: NewJob) -> bool:
    """What the worker and the sender do with a reminder; whether something was said."""
    async with database.read() as connection:
        row = (
            await connection.execute(sa.select(jobs_table).where(jobs_table.c.key == new.key))
        ).one()
    job, service = Job(row.id, row.kind, row.key, row.payload, attempts=1), NoticeService(context)
    notice = await service.prepare(job)
    if notice is None:
        await service.set_aside(job)
    return notice is not None


YEARLY = subscription(period_start=NOW - timedelta(days=345), period_end=NOW + timedelta(days=20))
TRIAL = subscription(status=Status.TRIALING, period_end=NOW + timedelta(days=5))
HOLDER = CustomerRecord(MIAS, STRIPE, "mia@example.com", Card("4242", NOW + timedelta(days=5)))
REMINDED = [(YEARLY, ()), (TRIAL, ()), (SUBSCRIPTION, (HOLDER,))]
REMINDER_IDS = ["renewal_coming", "trial_ending", "card_expiring"]


@pytest.mark.parametrize(("plan", "holders"), REMINDED, ids=REMINDER_IDS)
async def test_a_reminder_of_a_plan_that_was_called_off_comes_when_it_is_resumed(
    database: Database,
    context: Context,
    plan: Subscription,
    holders: tuple[CustomerRecord, ...],
) -> None:
    await add_customer(database)
    await mirror(database, context, customers=holders, subscriptions=(plan,))
    [new] = reminders_of(plan, HOLDER.card if holders else None, is_linked=True, now=NOW)
    called_off = replace(plan, cancel_at=plan.period_end)
    await mirror(database, context, subscriptions=(called_off,))

    assert not await run_reminder(database, context, new)
    assert await notices(database) == []

    assert await mirror(database, context, subscriptions=(plan,)) == [new.key]


@pytest.mark.parametrize(("plan", "holders"), REMINDED, ids=REMINDER_IDS)
async def test_a_reminder_that_nobody_read_comes_on_linking(
    database: Database,
    context: Context,
    clock: Clock,
    plan: Subscription,
    holders: tuple[CustomerRecord, ...],
) -> None:
    await add_customer(database, user_id=None)
    clock.advance(days=-40)
    await mirror(database, context, customers=holders, subscriptions=(plan,))
    [new] = reminders_of(plan, HOLDER.card if holders else None, is_linked=True, now=clock())
    clock.advance(days=40)

    assert not await run_reminder(database, context, new)
    assert await notices(database) == []
    async with database.write() as connection:
        await customers.link(connection, MIAS, MIA, now=NOW)
        await on_link(connection, MIAS, now=NOW)

    assert await notices(database) == [new.key]


async def test_a_plan_that_is_resumed_while_its_reminder_finds_nothing_is_looked_at_again(
    database: Database, context: Context
) -> None:
    await add_customer(database)
    await mirror(database, context, subscriptions=(YEARLY,))
    [new] = reminders_of(YEARLY, None, is_linked=True, now=NOW)

    with pytest.raises(TryAgainError):
        await NoticeService(context).set_aside(run_of(new))

    assert await notices(database) == [new.key]


async def test_what_happened_once_is_never_told_later(database: Database, context: Context) -> None:
    await add_customer(database)
    await mirror(database, context, payments=(PAID_NOW,))

    await NoticeService(context).set_aside(run_of(payment_received(MIAS, PAID_NOW.id)))

    assert await notices(database) == ["notice:payment_received:pi_mia"]


async def test_a_card_that_will_be_over_at_the_renewal_adds_its_reminder(
    database: Database, context: Context
) -> None:
    await add_customer(database)
    soon = Card("4242", NOW + timedelta(days=5))
    holder = CustomerRecord(MIAS, STRIPE, "mia@example.com", soon)

    [key] = await mirror(database, context, customers=(holder,), subscriptions=(SUBSCRIPTION,))

    assert key.startswith("notice:card_expiring:sub_mia:")
    async with database.read() as connection:
        customer = await customers.find(connection, MIAS)
    assert customer is not None
    assert customer.card == soon


async def test_a_notice_about_nobody_is_none(database: Database, context: Context) -> None:
    service = NoticeService(context)
    assert await service.prepare(run_of(payment_received(MIAS, PAYMENT.id))) is None
    async with database.write() as connection:
        await jobs.add(connection, [payment_received(MIAS, PAYMENT.id)], now=NOW)
    assert await service.settings(UserId(1)) == dict.fromkeys(SWITCHABLE, True)
