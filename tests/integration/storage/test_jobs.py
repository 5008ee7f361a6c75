"""The jobs table: each job once, lines in order, leases that end."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.job import Job, NewJob
from storage import jobs
from storage.database import Database
from storage.schema import jobs as table
from tests.integration.storage.samples import NOW

LEASE = timedelta(seconds=15)


async def add(
    database: Database,
    *keys: str,
    line: str | None = None,
    run_at: datetime | None = None,
    now: datetime = NOW,
) -> int:
    async with database.write() as connection:
        return await jobs.add(
            connection, [NewJob("test", key, {"key": key}, line, run_at) for key in keys], now=now
        )


async def claim(
    database: Database, holder: str = "one", *, now: datetime = NOW, most: int = 10
) -> list[Job]:
    async with database.write() as connection:
        return await jobs.claim(connection, now=now, lease=LEASE, token=holder, most=most)


async def finish(
    database: Database, done: Sequence[Job], holder: str = "one", *, now: datetime = NOW
) -> None:
    async with database.write() as connection:
        await jobs.finish(connection, [job.id for job in done], token=holder, now=now)


async def column(database: Database, key: str, name: str) -> object:
    async with database.read() as connection:
        return await connection.scalar(sa.select(table.c[name]).where(table.c.key == key))


def keys(found: Sequence[Job]) -> list[str]:
    return [job.key for job in found]


async def test_a_key_makes_one_job_however_often_it_is_added(database: Database) -> None:
    assert await add(database, "a", "b", "a") == 2
    assert await add(database, "b", "c") == 1
    [job, *_] = claimed = await claim(database)

    assert sorted(keys(claimed)) == ["a", "b", "c"]
    assert (job.kind, job.payload, job.attempts) == ("test", {"key": job.key}, 1)

    await finish(database, claimed)
    assert await add(database, "a") == 0
    assert await claim(database, now=NOW + timedelta(days=1)) == []


async def test_many_are_added_at_once(database: Database) -> None:
    """Databases limit a statement's parameters to 32,766: a burst of events may not hit that."""
    assert await add(database, *(str(number) for number in range(10_000))) == 10_000


async def test_nothing_runs_before_its_time_and_the_longest_waiting_first(
    database: Database,
) -> None:
    await add(database, "later", run_at=NOW + timedelta(hours=1))
    await add(database, "second", run_at=NOW - timedelta(minutes=1))
    await add(database, "first", run_at=NOW - timedelta(minutes=2))

    assert keys(await claim(database, most=1)) == ["first"]
    assert keys(await claim(database)) == ["second"]
    assert await claim(database) == []
    async with database.read() as connection:
        assert await jobs.next_run(connection, now=NOW) == NOW + timedelta(hours=1)
    assert "later" in keys(await claim(database, now=NOW + timedelta(hours=1)))


async def test_a_line_runs_one_after_another_in_the_order_of_adding(database: Database) -> None:
    await add(database, "a1", "a2", line="a")
    await add(database, "b1", line="b")
    await add(database, "a0", line="a", run_at=NOW - timedelta(days=1))

    first = await claim(database)
    assert sorted(keys(first)) == ["a1", "b1"]
    assert await claim(database) == []

    for expected in ("a2", "a0"):
        await finish(database, first)
        first = await claim(database)
        assert keys(first) == [expected]


async def test_a_line_waits_for_a_job_that_is_to_run_again(database: Database) -> None:
    await add(database, "a1", "a2", line="a")
    [head] = await claim(database)
    async with database.write() as connection:
        await jobs.put_back(
            connection,
            head.id,
            token="one",
            run_at=NOW + timedelta(minutes=1),
            error="down",
            now=NOW,
        )

    assert await claim(database) == []
    [again] = await claim(database, now=NOW + timedelta(minutes=1))
    assert (again.key, again.attempts) == ("a1", 2)


async def test_a_lease_keeps_others_away_until_it_ends(database: Database) -> None:
    await add(database, "a")
    assert keys(await claim(database, "killed")) == ["a"]
    assert await claim(database, "other", now=NOW + LEASE) == []

    [taken] = await claim(database, "other", now=NOW + LEASE + timedelta(milliseconds=1))
    assert taken.attempts == 2


async def test_a_renewed_lease_lasts(database: Database) -> None:
    await add(database, "a")
    await add(database, "dropped")
    [held, _] = await claim(database, "alive")
    async with database.write() as connection:
        await jobs.renew(connection, [held.id], token="alive", until=NOW + timedelta(minutes=1))

    assert keys(await claim(database, "other", now=NOW + LEASE * 2)) == ["dropped"]


async def test_who_lost_the_lease_changes_nothing_any_more(database: Database) -> None:
    await add(database, "a")
    late = await claim(database, "late")
    await claim(database, "other", now=NOW + LEASE * 2)

    await finish(database, late, "late")
    async with database.write() as connection:
        await jobs.put_back(connection, late[0].id, token="late", run_at=NOW, error="late", now=NOW)
        await jobs.release(connection, token="late")
        await jobs.renew(connection, [late[0].id], token="late", until=NOW + timedelta(days=1))

    assert await column(database, "a", "done_at") is None
    assert await column(database, "a", "lease_token") == "other"
    assert await column(database, "a", "lease_until") == NOW + LEASE * 3


async def test_release_gives_back_at_once_and_counts_no_attempt(database: Database) -> None:
    await add(database, "a", "b")
    done = await claim(database, "stopping", most=1)
    await claim(database, "stopping", most=1)
    await finish(database, done, "stopping")
    async with database.write() as connection:
        await jobs.release(connection, token="stopping")

    [again] = await claim(database, "next")
    assert again.attempts == 1
    assert again.key != done[0].key


async def test_what_the_killed_had_in_hand_is_claimed_at_once_and_still_counts_as_in_hand(
    database: Database,
) -> None:
    await add(database, "a", line="mia")
    await claim(database, "killed")

    async with database.write() as connection:
        expired = await jobs.expire_leases(connection, now=NOW)
        withdrawn = await jobs.withdraw(connection, kind="test", line="mia", now=NOW)

    assert (expired, withdrawn) == (1, 0)
    assert keys(await claim(database, "next")) == ["a"]


async def test_an_error_is_kept_until_the_job_is_done(database: Database) -> None:
    await add(database, "a")
    [job] = await claim(database)
    async with database.write() as connection:
        await jobs.put_back(
            connection, job.id, token="one", run_at=NOW, error="ValueError: x", now=NOW
        )
    assert await column(database, "a", "last_error") == "ValueError: x"

    await finish(database, await claim(database))
    assert await column(database, "a", "last_error") is None


async def test_hurry_brings_forward_what_waits_and_nothing_else(database: Database) -> None:
    await add(database, "paused", "other", run_at=NOW + timedelta(hours=1))
    async with database.write() as connection:
        await jobs.hurry(connection, "paused", now=NOW)

    assert keys(await claim(database)) == ["paused"]


async def test_the_backlog(database: Database) -> None:
    async with database.read() as connection:
        assert await jobs.backlog(connection, now=NOW) == jobs.Backlog(0, None, 0, None, None)
        assert await jobs.next_run(connection, now=NOW) is None
    await add(database, "late", run_at=NOW - timedelta(minutes=5))
    await add(database, "due")
    await add(database, "future", run_at=NOW + timedelta(minutes=5))

    async with database.read() as connection:
        waiting = await jobs.backlog(connection, now=NOW)
    assert waiting == jobs.Backlog(2, NOW - timedelta(minutes=5), 0, None, None)


async def fail(database: Database, *, now: datetime) -> None:
    """Claim all that is due, and put it back for an hour later."""
    for job in await claim(database, now=now):
        async with database.write() as connection:
            await jobs.put_back(
                connection,
                job.id,
                token="one",
                run_at=now + timedelta(hours=1),
                error="refused",
                now=now,
            )


async def test_what_fails_is_counted_while_it_pauses_and_from_its_first_failure(
    database: Database,
) -> None:
    await add(database, "a")
    await fail(database, now=NOW)
    again = NOW + timedelta(hours=1)
    await fail(database, now=again)
    async with database.write() as connection:
        await jobs.add(connection, [NewJob("promise", "b", {})], now=again)
    await fail(database, now=again)

    async with database.read() as connection:
        found = await jobs.backlog(connection, now=again, promised=["promise"])
    assert found == jobs.Backlog(0, None, 2, NOW, again)

    later = again + timedelta(hours=1)
    await finish(database, await claim(database, now=later), now=later)
    async with database.read() as connection:
        found = await jobs.backlog(connection, now=later, promised=["promise"])
    assert found == jobs.Backlog(0, None, 0, None, None)


async def test_nothing_of_what_somebody_wrote_outlives_the_job_that_carried_it(
    database: Database,
) -> None:
    """A note of the team is in the payload of the job that posts it; the key stays."""
    await add(database, "posted", run_at=NOW - timedelta(minutes=1))
    await finish(database, await claim(database))
    await add(database, "called off", line="mia")
    await add(database, "superseded", "waiting")
    async with database.write() as connection:
        await jobs.withdraw(connection, kind="test", line="mia", now=NOW)
        last = await jobs.last_id(connection)
        await jobs.supersede(
            connection, kind="test", key_prefixes=["superseded"], up_to=last, now=NOW
        )

    for over in ("posted", "called off", "superseded"):
        assert await column(database, over, "payload") == {}
        assert await add(database, over) == 0
    assert await column(database, "waiting", "payload") == {"key": "waiting"}


async def test_purge_forgets_only_what_was_done_long_ago(database: Database) -> None:
    await add(database, "old", "young", "waiting")
    claimed = {job.key: job for job in await claim(database)}
    await finish(database, [claimed["old"]], now=NOW - timedelta(days=91))
    await finish(database, [claimed["young"]])

    async with database.write() as connection:
        assert await jobs.purge(connection, before=NOW - timedelta(days=90)) == 1

    assert await add(database, "old", "young", "waiting") == 1


async def test_a_worker_is_woken_by_a_commit_and_not_by_a_rollback(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await jobs.add(connection, [NewJob("test", "lost", {})], now=NOW)
            raise RuntimeError
    async with database.write():
        pass
    assert not database.jobs_added.is_set()

    async with database.write() as connection:
        await jobs.add(connection, [NewJob("test", "kept", {})], now=NOW)
        assert not database.jobs_added.is_set()
    assert database.jobs_added.is_set()


async def test_workers_that_claim_together_share_without_doubling(
    database: Database, database_url: str
) -> None:
    """On PostgreSQL none waits for the other: locked rows are skipped."""
    await add(database, *(f"job {number}" for number in range(60)))
    other = Database(database_url)
    try:
        batches = await asyncio.gather(
            *(claim(each, f"{place}", most=7) for place, each in enumerate([database, other] * 4))
        )
    finally:
        await other.close()

    found = [job.key for batch in batches for job in batch]
    assert len(found) == len(set(found)) == 8 * 7
    assert [len(batch) for batch in batches] == [7] * 8


@pytest.mark.parametrize("backend", ["postgresql"])  # SQLite has one writer at a time
async def test_postgresql_skips_rows_that_another_transaction_holds(
    database: Database, database_url: str
) -> None:
    await add(database, "a", "b")
    other = Database(database_url)
    try:
        async with database.write() as slow:
            [held] = await jobs.claim(slow, now=NOW, lease=LEASE, token="slow", most=1)
            async with asyncio.timeout(5):
                [free] = await claim(other, "quick")
    finally:
        await other.close()

    assert {held.key, free.key} == {"a", "b"}


async def test_a_claim_takes_no_more_than_it_may_from_a_large_table(database: Database) -> None:
    """A planner that ran the subquery once per row would lock more than `most`."""
    await add(database, *(f"job {number}" for number in range(3_000)))
    async with database.write() as connection:
        await connection.execute(sa.text("ANALYZE"))

    assert len(await claim(database, most=5)) == 5
    leased = sa.select(sa.func.count()).where(table.c.lease_token.is_not(None))
    async with database.read() as connection:
        assert await connection.scalar(leased) == 5


@pytest.mark.parametrize("backend", ["postgresql"])  # SQLite skips no locked rows
@pytest.mark.parametrize("kind", ["test", None])
async def test_a_claim_takes_no_more_than_it_may_however_it_is_planned(
    database: Database, kind: str | None
) -> None:
    """PostgreSQL joins in loops where it knows little of a table, and each loop looks anew."""
    await add(database, *(f"job {number}" for number in range(40)))
    async with database.write() as connection:
        for setting in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            await connection.execute(sa.text(f"SET LOCAL enable_{setting} = off"))
        claimed = await jobs.claim(connection, now=NOW, lease=LEASE, token="one", most=3, kind=kind)

    assert len(claimed) == 3


async def test_what_waits_can_be_called_off_and_what_runs_cannot(database: Database) -> None:
    await add(database, "runs", line="mia")
    await claim(database)
    await add(database, "waits", line="mia")
    async with database.write() as connection:
        assert await jobs.in_hand(connection, kind="test", line="mia")
        assert not await jobs.in_hand(connection, kind="test", line="noor")
        assert await jobs.withdraw(connection, kind="test", line="mia", now=NOW) == 1

    assert await column(database, "runs", "done_at") is None
    assert await column(database, "waits", "done_at") == NOW


async def test_waiting_jobs_that_another_has_done_as_well_are_marked_done(
    database: Database,
) -> None:
    await add(database, "event:in_1:a", "event:in_1:b", "event:in_12:c", "event:in_2:d")
    [held] = await claim(database, most=1)
    async with database.read() as connection:
        known = await jobs.last_id(connection)
    await add(database, "event:in_1:later")

    async with database.write() as connection:
        done = await jobs.supersede(
            connection, kind="test", key_prefixes=["event:in_1:"], up_to=known, now=NOW
        )

    assert held.key == "event:in_1:a"
    assert done == 1
    left = await claim(database, "two")
    assert [job.key for job in left] == ["event:in_12:c", "event:in_2:d", "event:in_1:later"]
