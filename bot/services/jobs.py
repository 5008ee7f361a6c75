"""The worker: claims jobs with a lease, runs their handlers, marks them done afterwards.

A job runs at least once. kill -9 at any point leaves its lease to run out, and then it runs again:
so every handler finds out from the store what is already done.
"""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from types import MappingProxyType

import prometheus_client
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import ProviderUnavailableError
from bot.domain.job import Job
from bot.services.context import Clock
from storage import jobs
from storage.database import Database

Handler = Callable[[Job], Awaitable[None]]

# How long a killed process keeps others from its jobs. A living one renews in time.
LEASE = timedelta(seconds=9)
RENEW_EVERY = timedelta(seconds=3)
TIMEOUT_SECONDS = 60
CONCURRENCY = 16
# Other processes on the same PostgreSQL add jobs without waking this one.
POLL_SECONDS = 1.0
LONGEST_PAUSE = timedelta(minutes=10)

# Whether nobody waits for what runs here: its requests make way for those of others.
CAN_WAIT: ContextVar[bool] = ContextVar("can_wait", default=False)

_log = structlog.get_logger(__name__)
_runs = prometheus_client.Counter("mooring_job_runs_total", "Runs of jobs", ["kind", "outcome"])
_seconds = prometheus_client.Histogram(
    "mooring_job_seconds", "Time that a run of a job took", ["kind"]
)


class TryAgainError(Exception):
    """A handler cannot finish yet, and that is no defect. The job waits and runs again."""

    def __init__(self, why: str, *, after: timedelta | None = None) -> None:
        """`after` None means the usual growing pause."""
        super().__init__(why)
        self.after = after


def pause_after(attempts: int) -> timedelta:
    """How long to wait after that many runs: doubling from half a second, jittered, capped."""
    longest = min(LONGEST_PAUSE, timedelta(seconds=0.5 * 2 ** min(attempts, 20)))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, protects nothing


class JobHandlers:
    """What carries out each kind of job."""

    def __init__(self) -> None:
        """Empty."""
        self._handlers: dict[str, Handler] = {}
        self._in_discord: set[str] = set()
        self._can_wait: set[str] = set()

    def add(
        self, kind: str, handler: Handler, *, in_discord: bool = False, can_wait: bool = False
    ) -> None:
        """One handler for each kind. `in_discord` ones wait until the gateway is ready.

        Those that `can_wait` make way in Discord: nobody looks at a screen until they are done.
        """
        if kind in self._handlers:
            raise ValueError(f"two handlers for jobs of kind {kind}")
        self._handlers[kind] = handler
        if in_discord:
            self._in_discord.add(kind)
        if can_wait:
            self._can_wait.add(kind)

    def __getitem__(self, kind: str) -> Handler:
        """Raises KeyError for a kind that nobody carries out."""
        return self._handlers[kind]

    @property
    def in_discord(self) -> frozenset[str]:
        """Those that act in Discord."""
        return frozenset(self._in_discord)

    def can_wait(self, kind: str) -> bool:
        """Whether nobody waits for jobs of this kind."""
        return kind in self._can_wait


async def take_over(database: Database, *, now: datetime) -> None:
    """Go on at once where killed processes were: only for a process that knows them to be gone."""
    async with database.write() as connection:
        taken = await jobs.expire_leases(connection, now=now)
    if taken:
        _log.info("jobs_taken_over", jobs=taken)


class Worker:
    """Runs the jobs of one process."""

    def __init__(
        self,
        database: Database,
        handlers: JobHandlers,
        *,
        clock: Clock,
        is_discord_ready: Callable[[], bool],
        at_most: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Until `is_discord_ready`, jobs that act there stay where they are; all others run.

        `at_most` limits how many of a kind run side by side here, so that a flood of one kind
        leaves room for what people wait for.
        """
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._is_discord_ready = is_discord_ready
        self._token = secrets.token_hex(8)
        self._at_most = at_most
        self._running: dict[int, asyncio.Task[None]] = {}
        self._running_of: Counter[str] = Counter()
        self._finished: list[int] = []
        self._renewed_at = clock()
        self._stopping = False

    async def run(self) -> None:
        """Work until `stop`; then finish what is in hand.

        A database that is away for a while is waited for: nothing is claimed or lost meanwhile.
        """
        while not self._stopping:
            self._database.jobs_added.clear()
            try:
                await self._turn()
                await self._wait_for_work()
            except (SQLAlchemyError, OSError) as error:
                _log.error("store_unreachable", error=type(error).__name__)
                await asyncio.sleep(POLL_SECONDS)
        if self._running:
            # Within the lease: what takes longer is taken up by the next process.
            await asyncio.wait(self._running.values(), timeout=LEASE.total_seconds() / 2)
        for task in self._running.values():
            task.cancel()
        async with self._database.write() as connection:
            await jobs.finish(connection, self._finished, token=self._token, now=self._clock())
            await jobs.release(connection, token=self._token)

    def stop(self) -> None:
        """Claim nothing more; `run` returns once the jobs in hand have ended."""
        self._stopping = True
        self._database.jobs_added.set()

    def wake(self) -> None:
        """Look for jobs now: something that they waited for is there."""
        self._database.jobs_added.set()

    async def _turn(self) -> None:
        """One transaction: mark what has ended, renew what runs, claim what is due."""
        now, finished = self._clock(), tuple(self._finished)
        async with self._database.write() as connection:
            if finished:
                await jobs.finish(connection, finished, token=self._token, now=now)
            if self._running and now - self._renewed_at >= RENEW_EVERY:
                held = tuple(self._running)
                await jobs.renew(connection, held, token=self._token, until=now + LEASE)
                self._renewed_at = now
            claimed = await self._claim(connection, now)
        del self._finished[: len(finished)]
        for job in claimed:
            self._running_of[job.kind] += 1
            task = asyncio.create_task(self._carry_out(job), name=f"job {job.kind}")
            self._running[job.id] = task

    async def _claim(self, connection: AsyncConnection, now: datetime) -> list[Job]:
        """Fill the free places: those of limited kinds, and those of all others."""
        limited = sum(self._running_of[kind] for kind in self._at_most)
        places: list[tuple[str | None, int]] = [
            (kind, most - self._running_of[kind]) for kind, most in self._at_most.items()
        ]
        places.append((None, CONCURRENCY - (len(self._running) - limited)))
        waiting = set() if self._is_discord_ready() else set(self._handlers.in_discord)
        left = waiting | set(self._at_most)
        claimed: list[Job] = []
        for kind, free in places:
            if free > 0 and kind not in waiting:
                claimed += await jobs.claim(
                    connection,
                    now=now,
                    lease=LEASE,
                    token=self._token,
                    most=free,
                    kind=kind,
                    except_kinds=tuple(left),
                )
        return claimed

    async def _wait_for_work(self) -> None:
        now = self._clock()
        async with self._database.read() as connection:
            due = await jobs.next_run(connection, now=now)
        # A lease that a killed process left runs out without anybody being told.
        seconds = POLL_SECONDS if not self._database.is_sqlite else RENEW_EVERY.total_seconds()
        if due is not None:
            seconds = min(seconds, max(0.005, (due - now).total_seconds()))
        try:
            async with asyncio.timeout(seconds):
                await self._database.jobs_added.wait()
        except TimeoutError:
            return

    async def _carry_out(self, job: Job) -> None:
        outcome = "done"
        CAN_WAIT.set(self._handlers.can_wait(job.kind))  # In this job's task alone.
        with _seconds.labels(job.kind).time():
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._handlers[job.kind](job)
                self._finished.append(job.id)
            except Exception as error:  # noqa: BLE001 - the boundary of every job
                outcome = "failed"
                await self._put_back(job, error)
            finally:
                del self._running[job.id]
                self._running_of[job.kind] -= 1
                self._database.jobs_added.set()
        _runs.labels(job.kind, outcome).inc()

    async def _put_back(self, job: Job, error: Exception) -> None:
        after = error.after if isinstance(error, TryAgainError) else None
        run_at = self._clock() + (after or pause_after(job.attempts))
        expected = isinstance(error, TryAgainError | ProviderUnavailableError | TimeoutError)
        _log.log(
            30 if expected else 40,
            "job_failed",
            kind=job.kind,
            key=job.key,
            attempts=job.attempts,
            run_again_at=run_at.isoformat(),
            exc_info=None if expected else error,
            error=type(error).__name__,
            why=str(error)[:200] if expected else None,
        )
        try:
            async with self._database.write() as connection:
                await jobs.put_back(
                    connection,
                    job.id,
                    token=self._token,
                    run_at=run_at,
                    error=f"{type(error).__name__}: {error}"[:500],
                    now=self._clock(),
                )
        except (SQLAlchemyError, OSError) as unreachable:
            # Nobody renews the lease any more, so the job runs again when it has run out.
            _log.error("store_unreachable", error=type(unreachable).__name__)
