"""The worker: every job is carried out, at least once, whatever happens to the process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.billing.provider import ProviderUnavailableError
from bot.domain.job import Job, NewJob
from bot.services import jobs as service
from bot.services.jobs import LEASE, JobHandlers, TryAgainError, Worker, pause_after
from storage import jobs
from storage.database import Database
from storage.schema import jobs as table
from tests.integration.storage.samples import NOW, Clock

Act = Callable[[Job], Awaitable[None]]


def worker_of(
    database: Database,
    clock: Callable[[], datetime],
    at_most: dict[str, int] | None = None,
    **handlers: Act,
) -> Worker:
    """One that need not wait for Discord."""
    registered = JobHandlers()
    for kind, handler in handlers.items():
        registered.add(kind, handler)
    return Worker(
        database, registered, clock=clock, is_discord_ready=lambda: True, at_most=at_most or {}
    )


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    """A running worker, stopped in order at the end."""
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        worker.stop()
        async with asyncio.timeout(20):
            await task


async def add(database: Database, *keys: str, kind: str = "test", line: str | None = None) -> None:
    async with database.write() as connection:
        await jobs.add(connection, [NewJob(kind, key, {}, line) for key in keys], now=NOW)


async def undone(database: Database) -> int:
    statement = sa.select(sa.func.count()).where(table.c.done_at.is_(None))
    async with database.read() as connection:
        return int(await connection.scalar(statement) or 0)


async def until(condition: Callable[[Database], Awaitable[object]], database: Database) -> None:
    """Wait for what the store will say."""
    async with asyncio.timeout(20):
        while True:
            if await condition(database):
                return
            await asyncio.sleep(0.01)


async def nothing_left(database: Database) -> bool:
    return await undone(database) == 0


async def one_left(database: Database) -> bool:
    return await undone(database) == 1


async def two_left(database: Database) -> bool:
    return await undone(database) == 2


async def until_done(database: Database) -> None:
    await until(nothing_left, database)


async def last_error(database: Database) -> str | None:
    async with database.read() as connection:
        found: str | None = await connection.scalar(sa.select(table.c.last_error))
    return found


def wake(database: Database, clock: Clock, **later: float) -> None:
    """Time passes, and the worker looks again."""
    clock.advance(**later)
    database.jobs_added.set()


async def test_jobs_run_as_soon_as_they_are_committed(database: Database, clock: Clock) -> None:
    seen: list[str] = []

    async def act(job: Job) -> None:
        seen.append(job.key)

    async with working(worker_of(database, clock, test=act)):
        await add(database, "a")
        await until_done(database)
        await add(database, "b", "c")
        await until_done(database)

    assert sorted(seen) == ["a", "b", "c"]


async def test_more_jobs_than_it_carries_out_at_once(database: Database, clock: Clock) -> None:
    running, most, seen = 0, 0, Counter[str]()

    async def act(job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        seen[job.key] += 1
        running -= 1

    await add(database, *(f"job {number}" for number in range(60)))
    async with working(worker_of(database, clock, test=act)):
        await until_done(database)

    assert most == service.CONCURRENCY
    assert seen == {f"job {number}": 1 for number in range(60)}


async def test_a_flood_of_one_kind_leaves_room_for_what_people_wait_for(
    database: Database, clock: Clock
) -> None:
    may_end, flooding = asyncio.Event(), 0
    most, done = 0, asyncio.Event()

    async def slow(job: Job) -> None:
        nonlocal flooding, most
        flooding += 1
        most = max(most, flooding)
        await may_end.wait()
        flooding -= 1

    async def act(job: Job) -> None:
        done.set()

    await add(database, *(f"event {number}" for number in range(40)), kind="flood")
    worker = worker_of(database, clock, {"flood": 3}, flood=slow, test=act)
    async with working(worker):
        await add(database, "a member waits")
        async with asyncio.timeout(10):
            await done.wait()
        assert (flooding, most) == (3, 3)
        may_end.set()
        await until_done(database)


async def test_a_line_never_overlaps_and_keeps_its_order(database: Database, clock: Clock) -> None:
    seen: list[str] = []

    async def act(job: Job) -> None:
        seen.append(f"start {job.key}")
        await asyncio.sleep(0.01)
        seen.append(f"end {job.key}")

    await add(database, "a", "b", "c", line="mia")
    async with working(worker_of(database, clock, test=act)):
        await until_done(database)

    assert seen == [f"{step} {key}" for key in "abc" for step in ("start", "end")]


async def test_stop_finishes_what_is_in_hand_and_takes_nothing_new(
    database: Database, clock: Clock
) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def act(job: Job) -> None:
        started.set()
        await may_end.wait()
        ended.append(job.key)

    worker = worker_of(database, clock, test=act)
    await add(database, "in hand")
    async with working(worker) as task:
        await started.wait()
        worker.stop()
        await add(database, "new")
        await asyncio.sleep(0.05)
        assert not task.done()
        may_end.set()
        await task

    assert ended == ["in hand"]
    async with database.write() as connection:
        [left] = await jobs.claim(connection, now=NOW, lease=LEASE, token="next", most=9)
    assert left.key == "new"


async def test_what_outlasts_the_stop_is_free_for_the_next_process_at_once(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LEASE", timedelta(seconds=0.1))
    started = asyncio.Event()

    async def hang(_job: Job) -> None:
        started.set()
        await asyncio.Event().wait()

    await add(database, "a")
    async with working(worker_of(database, clock, test=hang)):
        await started.wait()

    async with database.write() as connection:
        [free] = await jobs.claim(connection, now=NOW, lease=LEASE, token="next", most=9)
    assert (free.key, free.attempts) == ("a", 1)


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

    other = Database(database_url)
    await add(database, "long")
    async with working(worker_of(database, clock, test=act)):
        await started.wait()
        async with working(worker_of(other, clock, test=act)):
            for _ in range(8):
                wake(database, clock, seconds=5)
                await asyncio.sleep(0.05)
                other.jobs_added.set()
                await asyncio.sleep(0.05)
            may_end.set()
            await until_done(database)
    await other.close()
    assert runs == 1


@pytest.mark.parametrize("backend", ["postgresql"])  # SQLite serves one process
async def test_two_processes_share_without_doubling(database: Database, database_url: str) -> None:
    seen = [Counter[str](), Counter[str]()]

    def counting(mine: Counter[str]) -> Act:
        async def act(job: Job) -> None:
            await asyncio.sleep(0.005)
            mine[job.key] += 1

        return act

    def now() -> datetime:
        return datetime.now(UTC)

    other = Database(database_url)
    for number in range(20):
        await add(database, *(f"job {number} {each}" for each in range(10)))
    first = worker_of(database, now, test=counting(seen[0]))
    second = worker_of(other, now, test=counting(seen[1]))
    async with working(first), working(second):
        await until_done(database)
    await other.close()

    assert all(mine for mine in seen)
    assert set((seen[0] + seen[1]).values()) == {1}
    assert (seen[0] + seen[1]).total() == 200


def test_pauses_grow_to_a_limit() -> None:
    for attempts in range(1, 100):
        longest = min(600, 0.5 * 2**attempts)
        pause = pause_after(attempts).total_seconds()
        assert longest / 2 <= pause <= longest


async def test_what_acts_in_discord_waits_until_it_is_ready(
    database: Database, clock: Clock
) -> None:
    seen: list[str] = []
    is_ready = False

    async def act(job: Job) -> None:
        seen.append(job.key)

    handlers = JobHandlers()
    handlers.add("message", act, in_discord=True)
    handlers.add("money", act)
    worker = Worker(database, handlers, clock=clock, is_discord_ready=lambda: is_ready)
    async with working(worker):
        await add(database, "tell", kind="message")
        await add(database, "pay", kind="money")
        await until(one_left, database)
        assert seen == ["pay"]
        is_ready = True
        worker.wake()
        await until_done(database)

    assert seen == ["pay", "tell"]


async def test_a_limited_kind_that_acts_in_discord_waits_too(
    database: Database, clock: Clock
) -> None:
    seen: list[str] = []

    async def act(job: Job) -> None:
        seen.append(job.key)

    handlers = JobHandlers()
    handlers.add("role", act, in_discord=True)
    handlers.add("money", act)
    is_ready = False
    worker = Worker(
        database, handlers, clock=clock, is_discord_ready=lambda: is_ready, at_most={"role": 1}
    )
    async with working(worker):
        await add(database, "give", "take", kind="role")
        await add(database, "pay", kind="money")
        await until(two_left, database)
        assert seen == ["pay"]
        is_ready = True
        worker.wake()
        await until_done(database)

    assert sorted(seen) == ["give", "pay", "take"]


def test_two_handlers_for_one_kind_are_a_defect() -> None:
    async def act(_job: Job) -> None: ...

    handlers = JobHandlers()
    handlers.add("test", act)
    with pytest.raises(ValueError, match="two handlers for jobs of kind test"):
        handlers.add("test", act)
