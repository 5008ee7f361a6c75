"""The jobs table: everything that has to happen after a commit, at least once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.job import Job, NewJob
from storage.columns import Timestamp
from storage.database import note_jobs_added
from storage.purge import purge_some
from storage.schema import jobs
from storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits. `oldest` is when the longest waiting due job should have run.

    `failing_since` is when the job that fails longest first failed, `promise_failing_since` the
    same of the kinds that people wait for.
    """

    due: int
    oldest: datetime | None
    failing: int
    failing_since: datetime | None
    promise_failing_since: datetime | None


async def add(connection: AsyncConnection, new: Sequence[NewJob], *, now: datetime) -> int:
    """Add the jobs whose keys are new; returns how many were."""
    rows = [
        {
            "kind": job.kind,
            "key": job.key,
            "line": job.line,
            "payload": dict(job.payload),
            "run_at": job.run_at or now,
        }
        for job in new
    ]
    added = await insert_new(connection, jobs, rows, unique=["key"])
    note_jobs_added(connection)
    return added


_waiting = jobs.alias("waiting")
_DUE = (
    sa.select(jobs.c.id)
    .where(
        jobs.c.done_at.is_(None),
        jobs.c.run_at <= sa.bindparam("now"),
        sa.or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < sa.bindparam("now")),
        sa.or_(
            jobs.c.line.is_(None),
            ~sa.exists().where(
                _waiting.c.line == jobs.c.line,
                _waiting.c.done_at.is_(None),
                _waiting.c.id < jobs.c.id,
            ),
        ),
    )
    .order_by(jobs.c.run_at, jobs.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)


def _claim(which: sa.ColumnElement[bool]) -> sa.Executable:
    # Looked for once: below a join, PostgreSQL may look again for each row, and find others then,
    # because those that it has locked are skipped.
    due = _DUE.where(which).cte("due")
    return (
        sa.update(jobs)
        .where(jobs.c.id.in_(sa.select(due.c.id)))
        .values(
            attempts=jobs.c.attempts + 1,
            lease_until=sa.bindparam("until"),
            lease_token=sa.bindparam("token"),
        )
        .returning(jobs.c.id, jobs.c.kind, jobs.c.key, jobs.c.payload, jobs.c.attempts)
    )


_CLAIM_ONE_KIND = _claim(jobs.c.kind == sa.bindparam("of_kind"))
_CLAIM_OTHERS = _claim(jobs.c.kind.not_in(sa.bindparam("except_kinds", expanding=True)))


async def claim(
    connection: AsyncConnection,
    *,
    now: datetime,
    lease: timedelta,
    token: str,
    most: int,
    kind: str | None = None,
    except_kinds: Sequence[str] = (),
) -> list[Job]:
    """Lease up to `most` due jobs, at most one of each line, longest waiting first.

    `kind` takes jobs of one kind alone; otherwise those of `except_kinds` are left.
    """
    given = {"now": now, "until": now + lease, "token": token, "most": most}
    if kind is not None:
        rows = await connection.execute(_CLAIM_ONE_KIND, {**given, "of_kind": kind})
    else:
        left = list(except_kinds)
        rows = await connection.execute(_CLAIM_OTHERS, {**given, "except_kinds": left})
    return sorted(
        (Job(row.id, row.kind, row.key, row.payload, row.attempts) for row in rows),
        key=lambda job: job.id,
    )


def _over(now: datetime) -> Mapping[str, Any]:
    """A done job keeps its key, which protects against doing it twice.

    Its payload goes: it may hold what somebody wrote, which nobody would look for here when it is
    to be forgotten.
    """
    return {
        "done_at": now,
        "payload": {},
        "lease_until": None,
        "lease_token": None,
        "last_error": None,
        "failing_since": None,
    }


async def finish(
    connection: AsyncConnection, ids: Sequence[int], *, token: str, now: datetime
) -> None:
    """Mark jobs done, unless their lease has gone to another worker."""
    await connection.execute(
        sa.update(jobs).where(jobs.c.id.in_(ids), jobs.c.lease_token == token).values(_over(now))
    )
    # A finished job may have been the head of a line.
    note_jobs_added(connection)


async def renew(
    connection: AsyncConnection, ids: Sequence[int], *, token: str, until: datetime
) -> None:
    """Keep the leases of the jobs that a worker still carries out."""
    await connection.execute(
        sa.update(jobs)
        .where(jobs.c.id.in_(ids), jobs.c.lease_token == token, jobs.c.done_at.is_(None))
        .values(lease_until=until)
    )


async def put_back(
    connection: AsyncConnection,
    job_id: int,
    *,
    token: str,
    run_at: datetime,
    error: str,
    now: datetime,
) -> None:
    """Give the lease back after a failure, to be run again at `run_at`."""
    await connection.execute(
        sa.update(jobs)
        .where(jobs.c.id == job_id, jobs.c.lease_token == token)
        .values(
            run_at=run_at,
            lease_until=None,
            lease_token=None,
            last_error=error,
            failing_since=sa.func.coalesce(jobs.c.failing_since, sa.literal(now, Timestamp)),
        )
    )


async def release(connection: AsyncConnection, *, token: str) -> None:
    """Give back every lease of a worker that stops, to be run again at once."""
    await connection.execute(
        sa.update(jobs)
        .where(jobs.c.lease_token == token, jobs.c.done_at.is_(None))
        .values(lease_until=None, lease_token=None, attempts=jobs.c.attempts - 1)
    )


async def expire_leases(connection: AsyncConnection, *, now: datetime) -> int:
    """Let every lease run out at once, and say how many: whoever had them is known to be gone.

    They stay on their jobs, as those of the killed do: what was in hand may have been half done.
    """
    result = await connection.execute(
        sa.update(jobs)
        .where(jobs.c.lease_until >= now, jobs.c.done_at.is_(None))
        .values(lease_until=now - timedelta(milliseconds=1))
    )
    return int(result.rowcount)


async def hurry(connection: AsyncConnection, key: str, *, now: datetime) -> None:
    """Run a waiting job now instead of at the end of its pause."""
    await connection.execute(
        sa.update(jobs)
        .where(jobs.c.key == key, jobs.c.done_at.is_(None), jobs.c.run_at > now)
        .values(run_at=now)
    )
    note_jobs_added(connection)


async def bring_forward(
    connection: AsyncConnection, *, kind: str, key_prefix: str, now: datetime
) -> None:
    """What waits for a later time is due now."""
    await connection.execute(
        sa.update(jobs)
        .where(*_waiting_of(kind, key_prefix), jobs.c.run_at > now)
        .values(run_at=now)
    )
    note_jobs_added(connection)


async def is_any_waiting(connection: AsyncConnection, *, kind: str, key_prefix: str) -> bool:
    """Whether a job of this kind, whose key begins so, is not done."""
    statement = sa.select(jobs.c.id).where(*_waiting_of(kind, key_prefix)).limit(1)
    return await connection.scalar(statement) is not None


def _waiting_of(kind: str, key_prefix: str) -> tuple[sa.ColumnElement[bool], ...]:
    # As a range, so that the index of keys serves; no key has a character after "~".
    begins_so = jobs.c.key.between(
        sa.literal(key_prefix, sa.Text()), sa.literal(f"{key_prefix}~", sa.Text())
    )
    return jobs.c.kind == kind, begins_so, jobs.c.done_at.is_(None)


async def forget(connection: AsyncConnection, job_id: int) -> None:
    """Leave no trace of a job that had nothing to do: its key is free again."""
    await connection.execute(sa.delete(jobs).where(jobs.c.id == job_id))


async def free(connection: AsyncConnection, keys: Collection[str]) -> None:
    """The same of jobs that nobody wants any more, done or not."""
    if keys:
        await connection.execute(sa.delete(jobs).where(jobs.c.key.in_(keys)))


async def withdraw(
    connection: AsyncConnection,
    *,
    kind: str,
    line: str,
    now: datetime,
    up_to: int | None = None,
) -> int:
    """Call off the waiting jobs of a kind in a line; one that is being carried out goes on.

    `up_to` spares those that are newer than the job with that id.
    """
    result = await connection.execute(
        sa.update(jobs)
        .where(
            jobs.c.line == line,
            jobs.c.kind == kind,
            jobs.c.done_at.is_(None),
            jobs.c.lease_until.is_(None),
            sa.true() if up_to is None else jobs.c.id <= up_to,
        )
        .values(_over(now))
    )
    note_jobs_added(connection)
    return int(result.rowcount)


async def in_hand(connection: AsyncConnection, *, kind: str, line: str) -> bool:
    """Whether a job of this kind in the line is being carried out."""
    found = await connection.scalar(
        sa.select(jobs.c.id).where(
            jobs.c.line == line,
            jobs.c.kind == kind,
            jobs.c.done_at.is_(None),
            jobs.c.lease_until.is_not(None),
        )
    )
    return found is not None


async def count_lines(connection: AsyncConnection, *, kind: str, lines: Sequence[str]) -> int:
    """In how many of these lines a job of this kind is not done."""
    found = await connection.scalar(
        sa.select(sa.func.count(jobs.c.line.distinct())).where(
            jobs.c.line.in_(lines), jobs.c.kind == kind, jobs.c.done_at.is_(None)
        )
    )
    return int(found or 0)


async def last_id(connection: AsyncConnection) -> int:
    """The newest job's; 0 when none was ever added."""
    return await connection.scalar(sa.select(sa.func.coalesce(sa.func.max(jobs.c.id), 0))) or 0


async def supersede(
    connection: AsyncConnection,
    *,
    kind: str,
    key_prefixes: Sequence[str],
    up_to: int,
    now: datetime,
) -> int:
    """Mark done what another job has done as well: waiting jobs no newer than `up_to`."""
    if not key_prefixes:
        return 0
    result = await connection.execute(
        sa.update(jobs)
        .where(
            jobs.c.kind == kind,
            jobs.c.id <= up_to,
            jobs.c.done_at.is_(None),
            jobs.c.lease_until.is_(None),
            # As ranges, so that the index of keys serves; no key has a character after "~".
            sa.or_(
                *(
                    jobs.c.key.between(
                        sa.literal(prefix, sa.Text()), sa.literal(f"{prefix}~", sa.Text())
                    )
                    for prefix in key_prefixes
                )
            ),
        )
        .values(_over(now))
    )
    note_jobs_added(connection)
    return int(result.rowcount)


async def exists(connection: AsyncConnection, key: str) -> bool:
    """Whether a job with this key was ever added."""
    return await connection.scalar(sa.select(jobs.c.id).where(jobs.c.key == key)) is not None


async def is_waiting(connection: AsyncConnection, key: str) -> bool:
    """Whether the job with this key is not done."""
    statement = sa.select(jobs.c.id).where(jobs.c.key == key, jobs.c.done_at.is_(None))
    return await connection.scalar(statement) is not None


async def known(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Those of the keys with which a job was ever added."""
    return set(await connection.scalars(sa.select(jobs.c.key).where(jobs.c.key.in_(keys))))


async def next_run(connection: AsyncConnection, *, now: datetime) -> datetime | None:
    """When the next job falls due after `now`; None when nothing waits for its time."""
    statement = sa.select(sa.func.min(jobs.c.run_at)).where(
        jobs.c.done_at.is_(None), jobs.c.run_at > now
    )
    earliest: datetime | None = await connection.scalar(statement)
    return earliest


async def backlog(
    connection: AsyncConnection, *, now: datetime, promised: Sequence[str] = ()
) -> Backlog:
    """How much is due and not done, and how much has failed, whenever it runs again.

    `promised` are the kinds that carry out what a person has confirmed.
    """
    due = (
        await connection.execute(
            sa.select(sa.func.count(), sa.func.min(jobs.c.run_at)).where(
                jobs.c.done_at.is_(None), jobs.c.run_at <= now
            )
        )
    ).one()
    since = jobs.c.failing_since
    failing = (
        await connection.execute(
            sa.select(
                sa.func.count(),
                sa.func.min(since),
                sa.func.min(sa.case((jobs.c.kind.in_(promised), since))),
            ).where(jobs.c.done_at.is_(None), since.is_not(None))
        )
    ).one()
    return Backlog(due[0], due[1], failing[0], failing[1], failing[2])


async def purge(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget a portion of the jobs done before that time; their keys are free."""
    return await purge_some(connection, jobs, jobs.c.done_at < before)
