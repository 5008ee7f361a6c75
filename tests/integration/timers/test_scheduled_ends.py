"""The scheduled end of a plan, by its own timer (S4, S5)."""

import pytest

from bot.billing.provider import ProviderUnavailableError
from bot.domain.job import Job
from bot.domain.notice import (
    AccessEnded,
)
from bot.domain.subscription import Status
from bot.services.notice_jobs import moment_of
from storage import subscriptions
from tests.integration.timers.world import World, unlink


async def cancelled(world: World) -> Job:
    world.shop.stripe.portal_cancel(world.subscription)
    await world.sync()
    [timer] = await world.waiting("period-over:")
    return timer


async def test_s4_the_end_is_noticed_when_its_event_is_lost(world: World) -> None:
    timer = await cancelled(world)
    assert await world.due_at(timer) == moment_of(timer.payload["ends_at"])
    await world.wait(days=32)

    await world.run(timer)
    await world.run(timer)

    facts = await world.facts("notice:access_ended:")
    assert isinstance(facts, AccessEnded)
    assert facts.subscription.status is Status.CANCELED


async def test_s4_the_end_is_on_time_when_the_provider_is_late(world: World) -> None:
    timer = await cancelled(world)
    world.clock.now = await world.due_at(timer)  # ours; the provider's has not come so far

    await world.run(timer)

    facts = await world.facts("notice:access_ended:")
    assert isinstance(facts, AccessEnded)
    assert facts.subscription.status is Status.ACTIVE
    assert not facts.unpaid


async def test_s5_a_timer_of_a_cancellation_that_was_undone_does_nothing(world: World) -> None:
    timer = await cancelled(world)
    await world.shop.provider.undo_cancellation(world.subscription, idempotency_key="undo")
    world.clock.now = await world.due_at(timer)

    await world.run(timer)  # the store does not know of it yet

    assert await world.waiting("notice:") == []
    async with world.database.read() as connection:
        found = await subscriptions.find(connection, world.subscription)
    assert found is not None
    assert found.cancel_at is None
    asked = world.asked()
    await world.run(timer)
    assert world.asked() == asked


async def test_a_timer_that_is_early_or_about_nobody_asks_nobody(world: World) -> None:
    timer = await cancelled(world)
    asked = world.asked()

    await world.run(timer)
    await unlink(world)
    world.clock.now = await world.due_at(timer)
    await world.run(timer)

    assert world.asked() == asked
    assert await world.waiting("notice:") == []


async def test_a_clock_ahead_at_the_provider_makes_no_storm(world: World) -> None:
    await cancelled(world)
    await world.shop.stripe.advance(days=40)  # the provider's alone

    for _ in range(3):
        await world.sync()

    assert len(await world.waiting("notice:access_ended:")) == 1
    assert len(await world.waiting("period-over:")) == 1


async def test_while_the_provider_is_away_the_timer_waits(world: World) -> None:
    timer = await cancelled(world)
    world.clock.now = await world.due_at(timer)
    world.shop.stripe.faults.add(path="/v1/subscriptions", status=503)

    with pytest.raises(ProviderUnavailableError):
        await world.run(timer)

    assert await world.waiting("notice:") == []
