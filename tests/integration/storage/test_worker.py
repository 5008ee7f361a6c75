"""The worker: what is carried out when, how much at once, and in which order."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.job import Job
from bot.services import jobs as service
from bot.services.jobs import CAN_WAIT, LEASE, JobHandlers, Worker
from storage import jobs
from storage.database import Database
from tests.integration.storage.samples import NOW, Clock
from tests.integration.storage.working import (
    Act,
    add,
    one_left,
    two_left,
    until,
    until_done,
    worker_of,
    working,
)


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


@pytest.mark.parametrize("backend", ["postgresql"])  # SQLite serves one process
async def test_two_processes_share_without_doubling(database: Database, database_url: str) -> None:
    seen = [Counter[str](), Counter[str]()]
    both = asyncio.Event()

    def counting(mine: Counter[str]) -> Act:
        async def act(job: Job) -> None:
            mine[job.key] += 1
            if all(seen):
                both.set()
            async with asyncio.timeout(20):
                await both.wait()
            await asyncio.sleep(0.005)

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

    assert set((seen[0] + seen[1]).values()) == {1}
    assert (seen[0] + seen[1]).total() == 200


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


async def test_a_job_knows_whether_anybody_waits_for_it(database: Database, clock: Clock) -> None:
    known: dict[str, bool] = {}

    async def look(job: Job) -> None:
        known[job.kind] = CAN_WAIT.get()

    handlers = JobHandlers()
    handlers.add("patient", look, can_wait=True)
    handlers.add("urgent", look)
    worker = Worker(database, handlers, clock=clock, is_discord_ready=lambda: True)
    async with working(worker):
        await add(database, "one", kind="patient")
        await add(database, "another", kind="urgent")
        await until_done(database)

    assert known == {"patient": True, "urgent": False}
