"""Connections and transactions on SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

# SQLite answers "database is locked" when another process holds the write lock for longer.
BUSY_TIMEOUT_MS = 10_000
SQLITE_READERS = 4
POSTGRESQL_CONNECTIONS = 10
_JOBS_ADDED = "mooring_jobs_added"


def note_jobs_added(connection: AsyncConnection) -> None:
    """Have the worker woken once the transaction on `connection` has committed."""
    connection.info[_JOBS_ADDED] = True


class Database:
    """The store's connections.

    SQLite has one writer at a time: writers queue here for one held connection, in order, instead
    of colliding on the file's lock. Readers have connections of their own that cannot write.
    """

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's, with the driver `sqlite+aiosqlite` or `postgresql+asyncpg`."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.jobs_added = asyncio.Event()
        self._writer_turn = asyncio.Lock()
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, pool_size=1, read_only=False)
            self._reader = _sqlite_engine(self.url, pool_size=SQLITE_READERS, read_only=True)
        else:
            self._writer = create_async_engine(
                self.url, pool_size=POSTGRESQL_CONNECTIONS, max_overflow=0, pool_pre_ping=True
            )
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close every connection; work in hand must have ended."""
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        No network call belongs inside: on SQLite every other writer waits.
        """
        if self.is_sqlite:
            async with self._writer_turn, self._writer.begin() as connection:
                yield connection
                added = connection.info.pop(_JOBS_ADDED, False)
        else:
            async with self._writer.begin() as connection:
                yield connection
                added = connection.info.pop(_JOBS_ADDED, False)
        if added:
            self.jobs_added.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; each statement sees what was committed before it."""
        async with self._reader.connect() as connection:
            yield connection


def _sqlite_engine(url: sa.URL, *, pool_size: int, read_only: bool) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_reset_on_return=None if read_only else "rollback",
        isolation_level="AUTOCOMMIT" if read_only else None,
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        if not read_only:
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()
        # The driver's own late BEGIN would start as a reader and lose contended updates.
        connection.isolation_level = None

    if not read_only:

        @sa.event.listens_for(engine.sync_engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
