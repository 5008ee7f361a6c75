"""Connections and transactions on SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.sqlite import create_sqlite_engine

POSTGRESQL_CONNECTIONS = 10
# A statement that takes longer waits for a server that is gone without having said so.
POSTGRESQL_SECONDS = 30
_JOBS_ADDED = "mooring_jobs_added"


def note_jobs_added(connection: AsyncConnection) -> None:
    """Have the worker woken once the transaction on `connection` has committed."""
    connection.info[_JOBS_ADDED] = True


class Database:
    """The store's connections.

    SQLite has one writer at a time: writers queue here for one held connection, in order, instead
    of colliding on the file's lock. Readers share a connection that cannot write: each statement
    is over before anybody else has a turn (see `storage.sqlite`), and taking a connection from a
    pool costs as much again as reading an account.
    """

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's, with the driver `sqlite+aiosqlite` or `postgresql+asyncpg`."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.jobs_added = asyncio.Event()
        self._writer_turn = asyncio.Lock()
        self._opening_reader = asyncio.Lock()
        self._sqlite_reader: AsyncConnection | None = None
        if self.is_sqlite:
            self._writer = create_sqlite_engine(self.url, read_only=False)
            self._reader = create_sqlite_engine(self.url, read_only=True)
        else:
            self._writer = create_async_engine(
                self.url,
                pool_size=POSTGRESQL_CONNECTIONS,
                max_overflow=0,
                pool_pre_ping=True,
                # Errors are logged, and parameters are addresses, screens' tokens, people's words.
                hide_parameters=True,
                connect_args={"command_timeout": POSTGRESQL_SECONDS},
            )
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close every connection; work in hand must have ended."""
        if self._sqlite_reader is not None:
            await self._sqlite_reader.close()
            self._sqlite_reader = None
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        No network call belongs inside: on SQLite every other writer waits.
        """
        turn = self._writer_turn if self.is_sqlite else nullcontext()
        async with turn, self._writer.begin() as connection:
            # A transaction that was rolled back leaves its note on the pooled connection.
            connection.info.pop(_JOBS_ADDED, None)
            yield connection
            added = connection.info.pop(_JOBS_ADDED, False)
        if added:
            self.jobs_added.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; each statement sees what was committed before it."""
        if not self.is_sqlite:
            async with self._reader.connect() as connection:
                yield connection
            return
        connection = self._sqlite_reader or await self._open_sqlite_reader()
        try:
            yield connection
        except DBAPIError:
            # One that was lost is opened again after this.
            await connection.rollback()
            raise

    async def _open_sqlite_reader(self) -> AsyncConnection:
        async with self._opening_reader:
            if self._sqlite_reader is None:
                self._sqlite_reader = await self._reader.connect()
            return self._sqlite_reader
