"""A local Stripe whose clock and ours are moved together, and the jobs that wait for Mia."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.domain.identifiers import CustomerId, SubscriptionId, UserId
from bot.domain.job import Job
from bot.domain.notice import (
    Facts,
)
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.notice_jobs import GRACE_OVER, PERIOD_OVER, SEND
from bot.services.notices import Notice, NoticeService
from bot.services.timers import TimerService
from storage import customers
from storage.database import Database
from storage.schema import customers as customers_table
from storage.schema import jobs as jobs_table
from tests.integration.storage.samples import Clock
from tests.support.shop import Shop


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
