"""Customers of a provider that was taken out of the configuration: nothing fails for ever."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.billing.provider import ProviderNotConfiguredError
from bot.domain.identifiers import CustomerId
from bot.domain.job import Job
from bot.domain.notice import NoticeKind
from bot.domain.subscription import Status
from bot.services.cancellations import CancellationService
from bot.services.context import Context
from bot.services.events import EventService
from bot.services.mirror import provider_of
from bot.services.notice_jobs import PERIOD_OVER, SEND, reminders_of, stamp
from bot.services.notices import NoticeService
from bot.services.self_help import SelfHelpService
from bot.services.subscriptions import SubscriptionService
from bot.services.timers import TimerService
from bot.services.unconfigured import TELL, UnconfiguredService
from storage import subscriptions
from tests.integration.storage.noticing import run_of
from tests.integration.storage.plan_roles import undone
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOW,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)

YEARLY = subscription(period_start=NOW - timedelta(days=345), period_end=NOW + timedelta(days=20))


@pytest.fixture
async def without(context: Context) -> Context:
    """Mia is linked and pays through Stripe, and Stripe is not there any more."""
    await add_customer(context.database)
    async with context.database.write() as connection:
        await subscriptions.save(connection, YEARLY, asked_at=NOW)
    return replace(context, providers={})


async def test_the_team_is_told_once(context: Context, without: Context) -> None:
    await add_customer(context.database, CustomerId("cus_of_nobody"), user_id=None)
    await UnconfiguredService(context).look()
    assert await undone(context.database, TELL) == []
    for _ in range(2):
        await UnconfiguredService(without).look()

    [told] = await undone(context.database, TELL)

    assert told.payload["provider"] == STRIPE


async def test_a_reminder_that_nobody_can_confirm_is_not_sent(without: Context) -> None:
    [new] = reminders_of(YEARLY, None, is_linked=True, now=NOW)

    assert await NoticeService(without).prepare(run_of(new)) is None


async def test_a_failed_payment_is_told_without_the_banks_reason(without: Context) -> None:
    async with without.database.write() as connection:
        await subscriptions.save(connection, replace(YEARLY, status=Status.PAST_DUE), asked_at=NOW)
    payload = {
        "kind": NoticeKind.PAYMENT_FAILED.value,
        "customer_id": MIAS,
        "subscription_id": YEARLY.id,
        "period_start": stamp(YEARLY.period_start),
    }

    notice = await NoticeService(without).prepare(Job(1, SEND, "k", payload, attempts=1))

    assert notice is not None


async def test_a_timer_ends_access_by_what_is_known(without: Context, clock: Clock) -> None:
    ends_at = YEARLY.period_end
    async with without.database.write() as connection:
        await subscriptions.save(connection, replace(YEARLY, cancel_at=ends_at), asked_at=NOW)
    clock.now = ends_at
    payload = {"subscription_id": YEARLY.id, "ends_at": stamp(ends_at)}

    await TimerService(without).period_over(Job(1, PERIOD_OVER, "k", payload, attempts=1))

    assert await undone(without.database, SEND)


async def test_an_event_that_came_before_is_done(without: Context) -> None:
    payload = {"provider": STRIPE, "id": "e", "type": "t", "object_id": "o", "references": {}}
    await EventService(without).apply(Job(1, "event.apply", "k", payload, attempts=1))


async def test_looking_for_what_is_wrong_shows_what_is_known(without: Context) -> None:
    found = await SelfHelpService(without, SubscriptionService(without)).look(MIA)

    assert found.provider_refused
    assert found.account is not None


async def test_s3_whoever_leaves_is_let_through_and_what_was_promised_waits(
    without: Context,
) -> None:
    account = await SubscriptionService(without).account(MIA)
    service = CancellationService(without)
    attempt = (await service.start(account, MIA, GUILD)).attempt
    case = await service.give_reason(attempt.id, MIA, reason_id="unused", comment=None)
    assert case.offer is None

    async with without.database.read() as connection:
        with pytest.raises(ProviderNotConfiguredError):
            await provider_of(connection, without, SUBSCRIPTION.id)
