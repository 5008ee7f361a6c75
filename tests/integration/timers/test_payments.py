"""Payments that fail, the days of grace, and payments that are not known yet (S4, S28)."""

from datetime import timedelta

import pytest

from bot.billing.provider import ProviderUnavailableError
from bot.domain.job import Job
from bot.domain.notice import (
    AccessEnded,
    PaymentFailed,
    PaymentReceived,
)
from bot.domain.subscription import Status
from bot.services.notice_jobs import SEND
from bot.services.notices import NoticeService
from storage import subscriptions
from tests.integration.timers.world import World, unlink


async def declined(world: World, code: str = "insufficient_funds") -> None:
    world.shop.stripe.decline_payments(world.customer, decline_code=code)
    await world.shop.stripe.advance_to_period_end(world.subscription)
    world.set_clock()
    await world.sync()


async def test_s28_a_declined_renewal_says_why_and_how_long_access_goes_on(world: World) -> None:
    await declined(world)

    facts = await world.facts("notice:payment_failed:")

    assert isinstance(facts, PaymentFailed)
    assert facts.decline_code == "insufficient_funds"
    assert facts.has_access
    assert facts.grace_end == facts.subscription.period_start + timedelta(days=7)


async def test_s28_a_provider_that_keeps_silent_about_the_reason_holds_nothing_back(
    world: World,
) -> None:
    await declined(world)
    world.shop.stripe.faults.add(path="/v1/payment_intents", status=503)
    [job] = await world.waiting("notice:payment_failed:")
    with pytest.raises(ProviderUnavailableError):
        await world.run(job)

    notice = await NoticeService(world.context).prepare(
        Job(job.id, job.kind, job.key, job.payload, attempts=4)
    )

    assert notice is not None
    assert isinstance(notice.facts, PaymentFailed)
    assert notice.facts.decline_code is None


async def test_s28_a_payment_that_went_through_meanwhile_is_not_called_failed(
    world: World,
) -> None:
    await declined(world)
    world.shop.stripe.accept_payments(world.customer)
    await world.wait(days=4)
    await world.sync()

    assert await world.facts("notice:payment_failed:") is None
    facts = await world.facts("notice:payment_received:")
    assert isinstance(facts, PaymentReceived)
    assert not facts.is_first


async def test_s4_a_payment_is_told_without_a_balance_when_the_plan_is_over_by_then(
    world: World,
) -> None:
    """It was made in time, so it is no concern."""
    await world.shop.stripe.advance_to_period_end(world.subscription)
    await world.wait(seconds=4000)
    await world.sync()
    [job] = await world.waiting("notice:payment_received:")
    await world.wait(seconds=60)
    await world.shop.provider.end_subscription(world.subscription, idempotency_key="k")
    await world.sync()

    notice = await world.run(job)

    assert notice is not None
    assert isinstance(notice.facts, PaymentReceived)
    assert (notice.facts.is_over, notice.facts.is_late) == (True, False)
    assert notice.facts.balance is None
    assert notice.can_be_switched_off
    assert await world.waiting("payment-late:") == []


async def test_s4_when_the_grace_period_is_over_access_ends(world: World) -> None:
    await declined(world)
    [timer] = await world.waiting("grace-over:")
    await world.run(timer)
    assert await world.waiting("notice:access_ended:") == []
    world.clock.now = await world.due_at(timer)

    await world.run(timer)
    await world.run(timer)

    facts = await world.facts("notice:access_ended:")
    assert isinstance(facts, AccessEnded)
    assert facts.unpaid


async def test_a_payment_in_time_leaves_the_grace_timer_without_work(world: World) -> None:
    await declined(world)
    [timer] = await world.waiting("grace-over:")
    world.shop.stripe.accept_payments(world.customer)
    await world.wait(days=8)

    await world.run(timer)  # the event of the payment is lost: the timer asks

    assert await world.waiting("notice:access_ended:") == []
    async with world.database.read() as connection:
        found = await subscriptions.find(connection, world.subscription)
    assert found is not None
    assert found.status is Status.ACTIVE


async def test_who_was_linked_is_told_by_mail_of_a_payment_that_failed(world: World) -> None:
    await declined(world)
    await unlink(world)
    [job] = await world.waiting("notice:payment_failed:")

    notice = await NoticeService(world.context).prepare(job)

    assert notice is not None
    assert (notice.user_id, notice.address) == (None, "mia@example.com")


async def test_a_payment_that_is_not_known_yet_is_asked_for(world: World) -> None:
    """A top-up's purchase can be complete before the event of its payment has come."""
    charge = world.shop.stripe.add_charge(world.customer, 1000)
    about = {
        "kind": "payment_received",
        "customer_id": world.customer,
        "payment_id": charge["payment_intent"],
    }

    notice = await NoticeService(world.context).prepare(Job(1, SEND, "key", about, 1))

    assert notice is not None
    assert isinstance(notice.facts, PaymentReceived)
    assert notice.facts.payment.amount.amount == 1000
