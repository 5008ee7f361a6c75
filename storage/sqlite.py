"""SQLite through aiosqlite, with as few visits to another thread as possible.

A visit costs many times what a statement does: SQLite lets go of the interpreter's lock at every
row, and has to win it back from a busy event loop each time, for up to 5 ms. With aiosqlite's own
cursors /balance took 36 switches between threads. So statements run in the loop's own thread; what
can wait for another process or for the disk, the start and the end of a transaction, does not.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# SQLite answers "database is locked" when another process holds the write lock for longer.
BUSY_TIMEOUT_MS = 10_000
_BEGIN = "BEGIN IMMEDIATE"


class _Connection(aiosqlite.Connection):
    """Hands out cursors that do everything at once."""

    def cursor(self) -> "_Cursor":  # type: ignore[override]
        """A cursor for one statement."""
        return _Cursor(self)

    async def begin(self) -> None:
        """Take the write lock, which another process may hold: in the connection's thread."""
        await self._execute(self._conn.execute, _BEGIN)  # type: ignore[no-untyped-call]


class _Cursor:
    """The part of a cursor that SQLAlchemy's adapter uses; rows come along with the execution."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "_Cursor":
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Execute a statement and fetch its rows."""
        if statement == _BEGIN:
            await self._connection.begin()
        else:
            self._take(self._connection._conn.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Execute a statement that has no rows once for each set of parameters."""
        self._take(self._connection._conn.executemany(statement, parameters))

    def _take(self, cursor: sqlite3.Cursor) -> None:
        self._rows = cursor.fetchall()
        self.description = cursor.description
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        cursor.close()

    async def fetchall(self) -> list[Any]:
        """The rows."""
        return self._rows

    async def close(self) -> None:
        """Closed since it was executed."""


def _connect(database: str, **options: Any) -> _Connection:
    connection = _Connection(partial(sqlite3.connect, database, **options), iter_chunk_size=1)
    # As SQLAlchemy does: a connection that was not closed must not keep the process alive.
    connection._thread.daemon = True
    return connection


def create_sqlite_engine(url: sa.URL, *, read_only: bool) -> AsyncEngine:
    """One connection: its transactions start with BEGIN IMMEDIATE, or it can only read."""
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_reset_on_return=None if read_only else "rollback",
        isolation_level="AUTOCOMMIT" if read_only else None,
        skip_autocommit_rollback=read_only,
        connect_args={"async_creator_fn": _connect},
        # Errors are logged, and parameters are addresses, screens' tokens, people's words.
        hide_parameters=True,
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
            connection.exec_driver_sql(_BEGIN)

    return engine
