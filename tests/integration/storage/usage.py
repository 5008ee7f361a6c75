"""What the vendor's backend reports in storage tests, and what the store makes of it."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.allowance import Balance, EntryKind, allowance_months
from bot.domain.identifiers import CustomerId, UserId
from bot.domain.subscription import Subscription
from bot.domain.usage import UsageReport
from storage import accounts, ledger, subscriptions
from storage.database import Database
from storage.ledger import Entry
from storage.schema import jobs as jobs_table
from storage.schema import ledger as ledger_table
from tests.integration.storage.samples import MIA, MIAS, NOW, SUBSCRIPTION, add_customer

START, END = SUBSCRIPTION.period_start, SUBSCRIPTION.period_end
DAY = timedelta(days=1)


def report(
    key: str,
    amount: int = 1,
    *,
    account: CustomerId | UserId = MIAS,
    at: datetime | None = None,
) -> UsageReport:
    return UsageReport(key, account, amount, at)


async def grant(
    database: Database,
    of: Subscription = SUBSCRIPTION,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    units: int = 1000,
    kind: EntryKind = EntryKind.GRANT,
) -> None:
    """What the mirror writes for a paid period."""
    start, end = start or of.period_start, end or of.period_end
    entries = [
        Entry(f"{kind}:{of.id}:{month}", of.customer_id, of.id, start, month, kind, units)
        for month in (allowance_months(start, end) if kind is EntryKind.GRANT else [start])
    ]
    async with database.write() as connection:
        await ledger.record(connection, entries, now=NOW)


async def subscribe(database: Database, *those: Subscription) -> None:
    async with database.write() as connection:
        for each in those:
            await subscriptions.save(connection, each, asked_at=NOW)


async def mia_pays(database: Database, of: Subscription = SUBSCRIPTION) -> None:
    """Mia is linked and has paid for her current cycle."""
    await add_customer(database)
    await subscribe(database, of)
    await grant(database, of)


async def balance(database: Database, now: datetime = NOW) -> Balance:
    """What Mia's screens show."""
    async with database.read() as connection:
        account = await accounts.of_user(connection, MIA, now=now)
    assert account is not None
    return account.balance


async def places(database: Database) -> list[tuple[datetime, datetime, int]]:
    """(cycle, month, amount) of everything used, in order."""
    async with database.read() as connection:
        rows = await connection.execute(
            sa.select(
                ledger_table.c.period_start, ledger_table.c.month_start, ledger_table.c.amount
            )
            .where(ledger_table.c.kind == EntryKind.USAGE.value)
            .order_by(ledger_table.c.id)
        )
        return [(row[0], row[1], row[2]) for row in rows]


async def notices(database: Database) -> list[str]:
    """The keys of the notices that nothing is left."""
    async with database.read() as connection:
        return list(
            await connection.scalars(
                sa.select(jobs_table.c.key)
                .where(jobs_table.c.key.like("notice:allowance_used:%"))
                .order_by(jobs_table.c.id)
            )
        )
