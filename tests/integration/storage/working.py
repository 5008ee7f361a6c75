"""A running worker, and waiting for what it does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import sqlalchemy as sa

from bot.domain.job import Job, NewJob
from bot.services.jobs import JobHandlers, Worker
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
