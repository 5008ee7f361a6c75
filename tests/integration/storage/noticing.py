"""What the tests of notices share: news from the provider, and the notices that follow."""

import sqlalchemy as sa

from bot.billing.provider import Snapshot
from bot.domain.job import Job, NewJob
from bot.domain.subscription import Status, Subscription
from bot.services.context import Context
from bot.services.mirror import apply
from storage.database import Database
from storage.schema import customers as customers_table
from storage.schema import jobs as jobs_table
from tests.integration.storage.samples import (
    NOW,
    SUBSCRIPTION,
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


async def ended(database: Database, context: Context, **changes: object) -> Subscription:
    """Mia's plan has ended by the provider."""
    await add_customer(database)
    await mirror(database, context, subscriptions=(SUBSCRIPTION,))
    over = subscription(status=Status.CANCELED, ended_at=NOW, **changes)
    assert await mirror(database, context, subscriptions=(over,)) == ["notice:access_ended:sub_mia"]
    return over
