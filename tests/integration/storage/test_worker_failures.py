"""The worker: every job is carried out, at least once, whatever happens to the process."""

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.billing.provider import ProviderUnavailableError
from bot.domain.job import Job
from bot.services import jobs as service
from bot.services.jobs import LEASE, TryAgainError, pause_after
from storage import jobs
from storage.database import Database
from storage.schema import jobs as table
from tests.integration.storage.samples import NOW, Clock
from tests.integration.storage.working import (
    add,
    last_error,
    undone,
    until,
    until_done,
    wake,
    worker_of,
    working,
)


@pytest.mark.parametrize(
    "error", [RuntimeError("a defect"), ProviderUnavailableError("down"), TryAgainError("not yet")]
)
async def test_a_handler_that_raises_runs_again_after_a_pause(
    database: Database, clock: Clock, error: Exception
) -> None:
    attempts: list[tuple[int, datetime]] = []
    failed = asyncio.Event()

    async def act(job: Job) -> None:
        attempts.append((job.attempts, clock()))
        if len(attempts) == 1:
            failed.set()
            raise error

    await add(database, "a")
    async with working(worker_of(database, clock, test=act)):
        await failed.wait()
        await until(last_error, database)
        wake(database, clock, seconds=0.4)
        await asyncio.sleep(0.05)
        assert len(attempts) == 1
        wake(database, clock, seconds=0.7)
        await until_done(database)

    assert [number for number, _ in attempts] == [1, 2]


async def test_an_error_names_its_kind_for_those_who_look(database: Database, clock: Clock) -> None:
    async def act(_job: Job) -> None:
        raise ValueError("x" * 1000)

    await add(database, "a")
    async with working(worker_of(database, clock, test=act)):
        await until(last_error, database)
    error = await last_error(database)
    assert error is not None
    assert error.startswith("ValueError: xxx")
    assert len(error) == 500


async def test_try_again_can_say_when(database: Database, clock: Clock) -> None:
    times: list[datetime] = []

    async def act(_job: Job) -> None:
        times.append(clock())
        if len(times) == 1:
            raise TryAgainError("the bank is closed", after=timedelta(hours=1))

    await add(database, "a")
    async with working(worker_of(database, clock, test=act)):
        await until(last_error, database)
        wake(database, clock, minutes=59)
        await asyncio.sleep(0.05)
        wake(database, clock, minutes=1)
        await until_done(database)

    assert times == [NOW, NOW + timedelta(hours=1)]


async def test_a_handler_that_hangs_is_given_up_and_run_again(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "TIMEOUT_SECONDS", 0.05)
    runs = 0

    async def act(_job: Job) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            await asyncio.Event().wait()

    await add(database, "a")
    async with working(worker_of(database, clock, test=act)):
        await until(last_error, database)
        wake(database, clock, seconds=1)
        await until_done(database)
    assert runs == 2


async def test_a_kind_that_nobody_handles_waits_for_the_version_that_does(
    database: Database, clock: Clock
) -> None:
    await add(database, "a")
    async with working(worker_of(database, clock)):
        await until(last_error, database)
    assert await undone(database) == 1


async def test_a_killed_workers_job_is_taken_up_when_its_lease_ends(
    database: Database, clock: Clock
) -> None:
    seen: list[int] = []

    async def act(job: Job) -> None:
        seen.append(job.attempts)

    await add(database, "a")
    async with database.write() as connection:
        await jobs.claim(connection, now=NOW, lease=LEASE, token="killed", most=1)
    async with working(worker_of(database, clock, test=act)):
        await asyncio.sleep(0.05)
        assert seen == []
        wake(database, clock, seconds=LEASE.total_seconds() + 0.001)
        await until_done(database)
    assert seen == [2]


async def test_a_long_job_keeps_its_lease(
    database: Database, database_url: str, clock: Clock
) -> None:
    """A second process never starts it again while the first one lives."""
    started, may_end = asyncio.Event(), asyncio.Event()
    runs = 0

    async def act(_job: Job) -> None:
        nonlocal runs
        runs += 1
        started.set()
        await may_end.wait()

    async def renewed(store: Database) -> bool:
        async with store.read() as connection:
            lease_until = await connection.scalar(sa.select(table.c.lease_until))
        return bool(lease_until == clock() + LEASE)

    other = Database(database_url)
    await add(database, "long")
    async with working(worker_of(database, clock, test=act)):
        await started.wait()
        async with working(worker_of(other, clock, test=act)):
            for _ in range(8):
                wake(database, clock, seconds=5)
                await until(renewed, database)
                other.jobs_added.set()
                await asyncio.sleep(0.05)
            may_end.set()
            await until_done(database)
    await other.close()
    assert runs == 1


def test_pauses_grow_to_a_limit() -> None:
    for attempts in range(1, 100):
        longest = min(600, 0.5 * 2**attempts)
        pause = pause_after(attempts).total_seconds()
        assert longest / 2 <= pause <= longest
