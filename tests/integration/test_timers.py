"""Timers and reminders over a local Stripe whose clock and ours are moved together (S4, S28)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.billing.provider import ProviderUnavailableError
from bot.domain.identifiers import CustomerId, SubscriptionId, UserId
from bot.domain.job import Job
from bot.domain.notice import (
    AccessEnded,
    CardExpiring,
    Facts,
    PaymentFailed,
    PaymentReceived,
    RenewalComing,
    TrialEnding,
)
from bot.domain.subscription import Status
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.notice_jobs import GRACE_OVER, PERIOD_OVER, SEND, moment_of
from bot.services.notices import Notice, NoticeService
from bot.services.timers import TimerService
from storage import customers, migrate, subscriptions
from storage.database import Database
from storage.schema import customers as customers_table
from storage.schema import jobs as jobs_table
from tests.integration.storage.samples import MIA, Clock, service_context
from tests.support.shop import Shop, open_shop


@dataclass(slots=True)
class World:
    """Mia, linked, and the jobs that wait for her."""

    shop: Shop
    database: Database
    context: Context
    clock: Clock
    customer: CustomerId
    subscription: SubscriptionId

    async def sync(self) -> None:
        """The provider's events have arrived."""
        asked_at = self.context.clock()
        snapshot = await self.shop.provider.fetch_account(self.customer)
        async with self.database.write() as connection:
            await apply(connection, self.context, snapshot, asked_at=asked_at)

    async def wait(self, *, days: float = 0, seconds: float = 0) -> None:
        """Time passes here and at the provider."""
        await self.shop.stripe.advance(days=days, seconds=seconds)
        self.set_clock()

    def set_clock(self) -> None:
        self.clock.now = datetime.fromtimestamp(self.shop.stripe.clock.now(), UTC)

    async def waiting(self, prefix: str = "") -> list[Job]:
        """What is not done, earliest first, by the beginning of its key."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                sa.select(jobs_table)
                .where(jobs_table.c.key.startswith(prefix, autoescape=True))
                .order_by(jobs_table.c.run_at, jobs_table.c.id)
            )
            return [Job(row.id, row.kind, row.key, row.payload, 1) for row in rows]

    async def due_at(self, job: Job) -> datetime:
        async with self.database.read() as connection:
            found: datetime | None = await connection.scalar(
                sa.select(jobs_table.c.run_at).where(jobs_table.c.id == job.id)
            )
        assert found is not None
        return found

    async def run(self, job: Job) -> Notice | None:
        """What the worker does when the job's time has come."""
        if job.kind == SEND:
            return await NoticeService(self.context).prepare(job)
        timers = TimerService(self.context)
        await {PERIOD_OVER: timers.period_over, GRACE_OVER: timers.grace_over}[job.kind](job)
        return None

    async def facts(self, prefix: str) -> Facts | None:
        """What the one notice with such a key says now."""
        [job] = await self.waiting(prefix)
        notice = await self.run(job)
        return None if notice is None else notice.facts

    def asked(self) -> int:
        """How many requests the provider has had."""
        return self.shop.stripe.requests.count()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


@pytest.fixture
async def world(tmp_path: Path, shop: Shop) -> AsyncIterator[World]:
    database, clock = Database(f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"), Clock()
    await migrate.upgrade(database)
    async with service_context(database, clock, api_url=shop.stripe.api_url) as context:
        made = World(shop, database, context, clock, shop.mia, shop.pro)
        made.set_clock()
        await made.sync()
        await link(made, MIA)
        yield made
    await database.close()


async def link(world: World, user_id: UserId) -> None:
    async with world.database.write() as connection:
        await customers.link(connection, world.customer, user_id, now=world.clock())


async def unlink(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(sa.update(customers_table).values(user_id=None))


async def subscribed(world: World, price: str, *, trial_days: int = 0) -> World:
    """Mia's other plan instead of the one that she had."""
    world.shop.stripe._world.store.get("subscription", world.subscription).update(
        status="canceled", ended_at=int(world.shop.stripe.clock.now())
    )
    made = world.shop.stripe.add_subscription(world.customer, price, trial_days=trial_days)
    world.subscription = SubscriptionId(made["id"])
    await world.sync()
    return world


# --- the scheduled end ---


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


# --- a payment that fails ---


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


# --- what is coming ---


async def test_a_yearly_renewal_is_told_30_days_before(world: World) -> None:
    await subscribed(world, "price_pro_year")
    [job] = await world.waiting("notice:renewal_coming:")
    end = moment_of(job.payload["period_end"])
    assert await world.due_at(job) == end - timedelta(days=30)
    await world.wait(days=336)

    facts = await world.facts("notice:renewal_coming:")

    assert isinstance(facts, RenewalComing)
    assert facts.subscription.period_end == end


async def test_a_renewal_that_was_called_off_at_the_provider_is_not_told(world: World) -> None:
    """Its event is lost: the provider is asked before anything is said."""
    await subscribed(world, "price_pro_year")
    await world.wait(days=336)
    world.shop.stripe.portal_cancel(world.subscription)

    assert await world.facts("notice:renewal_coming:") is None
    assert len(await world.waiting("period-over:")) == 1
    asked = world.asked()
    assert await world.facts("notice:renewal_coming:") is None
    assert world.asked() == asked


async def test_a_reminder_that_comes_after_the_renewal_is_not_told(world: World) -> None:
    await subscribed(world, "price_pro_year")
    [job] = await world.waiting("notice:renewal_coming:")
    await world.wait(days=367)

    assert await world.run(job) is None


async def test_the_end_of_a_trial_is_told_a_week_before(world: World) -> None:
    await subscribed(world, "price_pro_month", trial_days=14)
    [job] = await world.waiting("notice:trial_ending:")
    await world.wait(days=7)
    assert world.clock() >= await world.due_at(job)

    notice = await world.run(job)

    assert notice is not None
    assert isinstance(notice.facts, TrialEnding)
    assert not notice.can_be_switched_off


def set_card(world: World, ends_in: timedelta) -> str:
    """Mia's card is good until some day of the month in which that time lies."""
    mia = world.shop.stripe.get(world.customer)
    method = str(mia["invoice_settings"]["default_payment_method"])
    until = world.clock() + ends_in
    card = world.shop.stripe._world.store.get("payment_method", method)["card"]
    card.update(exp_month=until.month, exp_year=until.year)
    return method


async def test_a_card_that_the_renewal_will_find_over_is_told(world: World) -> None:
    set_card(world, timedelta(days=200))
    await subscribed(world, "price_pro_year")
    [job] = await world.waiting("notice:card_expiring:")
    await world.wait(days=336)

    notice = await world.run(job)

    assert notice is not None
    assert isinstance(notice.facts, CardExpiring)
    assert notice.facts.card.last_digits == "4242"
    assert notice.can_be_switched_off


@pytest.mark.parametrize("now_there", ["another", "none"])
async def test_a_card_that_was_replaced_meanwhile_is_not_told_of(
    world: World, now_there: str
) -> None:
    """Only the provider knows: nothing has told the store."""
    method = set_card(world, timedelta(days=200))
    await subscribed(world, "price_pro_year")
    await world.wait(days=336)
    found = world.shop.stripe._world.store.get("payment_method", method)
    if now_there == "none":
        found["type"] = "link"
    else:
        found["card"]["exp_year"] += 4

    assert await world.facts("notice:card_expiring:") is None


async def test_a_monthly_plan_is_told_of_its_card_once_in_the_last_period(world: World) -> None:
    set_card(world, timedelta(days=40))
    for _ in range(3):
        await world.shop.stripe.advance_to_period_end(world.subscription)
        world.set_clock()
        await world.sync()
        await world.sync()

    periods = {job.payload["period_end"] for job in await world.waiting("notice:card_expiring:")}

    assert len(periods) == len(await world.waiting("notice:card_expiring:"))
    assert 1 <= len(periods) <= 3


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
