"""Once a day what is old goes, in portions, and the next day's run is there."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.identifiers import STRIPE
from bot.domain.job import Job
from bot.services.context import Context
from bot.services.housekeeping import KEEP_EVENTS, HousekeepingService
from storage import events, purge
from storage.database import Database
from storage.events import Event
from storage.schema import events as table
from storage.schema import jobs
from tests.integration.storage.samples import NOW


async def count(database: Database, which: sa.Table) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(which)) or 0)


async def test_more_than_a_portion_goes_in_one_run(
    database: Database, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "PORTION", 4)
    monkeypatch.setattr("bot.services.housekeeping.PORTION", 4)
    old = NOW - KEEP_EVENTS - timedelta(seconds=1)
    new = [Event(f"evt_{each}", STRIPE, "t", None, old) for each in range(9)]
    kept = Event("evt_kept", STRIPE, "t", None, NOW)
    async with database.write() as connection:
        await events.add(connection, [*new, kept])

    await HousekeepingService(context).run(Job(1, "housekeeping.run", "k", {}, 1))

    assert await count(database, table) == 1
    assert await count(database, jobs) == 1
