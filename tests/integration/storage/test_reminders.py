"""Reminders of what is coming: added for everybody, and put off while nobody reads them."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.billing.provider import CustomerRecord
from bot.domain.account import Card
from bot.domain.identifiers import SubscriptionId
from bot.domain.job import Job, NewJob
from bot.domain.subscription import Status, Subscription
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.notice_jobs import (
    on_link,
    reminders_of,
)
from bot.services.notices import NoticeService
from storage import customers
from storage.database import Database
from storage.schema import jobs as jobs_table
from tests.integration.storage.noticing import mirror, notices, run_of
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    NOW,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)


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
