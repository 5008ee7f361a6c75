"""Fresh databases for tests: a SQLite file, or a database on a real PostgreSQL (15 or newer).

PostgreSQL is the server that `MOORING_TEST_DATABASE_URL` names (its user must be allowed to create
databases), or else a cluster of its own in a temporary folder, which ends with the session.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from storage import migrate
from storage.database import Database
from storage.schema import metadata

MISSING = (
    "PostgreSQL's server is not installed: install `postgresql` (Debian, Homebrew) "
    "or set MOORING_TEST_DATABASE_URL"
)
BACKENDS = ("sqlite", "postgresql")


def _binaries() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version first."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
        reverse=True,
    )
    on_path = shutil.which("initdb")
    found = versions or ([Path(on_path).resolve()] if on_path else [])
    return found[0].parent if found else None


class _Cluster:
    """A server of this session alone. It listens on a socket in its own folder, on no port."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="mooring-pg-", dir="/tmp"))
        # initdb refuses to run as root.
        self._user = _unprivileged_user() if os.getuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://mooring@/postgres?host={self._folder}"

    def _start(self) -> None:
        self._run("initdb", "-D", "data", "-U", "mooring", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = (
            "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
            f"-c max_connections=50 -c unix_socket_directories={self._folder}"
        )
        self._run("pg_ctl", "-D", "data", "-w", "-l", "server.log", "-o", settings, "start")

    @contextmanager
    def kept(self) -> Iterator[str]:
        """The running server's address. It ends with the block, and also when we are killed.

        A shell waits for the end of its input, which comes with our own end, whatever that is.
        """
        end = 'read -r _; "$0" -D data -m immediate stop; cd /; rm -rf "$1"'
        keeper = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", end, self._binaries / "pg_ctl", self._folder],
            cwd=self._folder,
            user=self._user,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C in a terminal is for pytest alone.
            start_new_session=True,
        )
        try:
            self._start()
            yield self.url
        finally:
            keeper.communicate()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603
            [self._binaries / program, *arguments],
            cwd=self._folder,
            user=self._user,
            stdin=subprocess.DEVNULL,
            # The server inherits these; a pipe would keep this call waiting for its end.
            stdout=(self._folder / "output.log").open("ab"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {(self._folder / 'output.log').read_text()}")


def _unprivileged_user() -> str:
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


# Children before their parents, as foreign keys ask.
_EMPTIED = ", ".join(f"'{table.name}'" for table in reversed(metadata.sorted_tables))
# Emptying what has rows costs a tenth of making a database. Triggers guard some of the tables.
_EMPTY = f"""
DO $$
DECLARE
  name text;
  filled boolean;
BEGIN
  FOREACH name IN ARRAY ARRAY[{_EMPTIED}] LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
    IF filled THEN
      EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', name);
      EXECUTE format('DELETE FROM %I', name);
      EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', name);
    END IF;
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', name);
  END LOOP;
END $$
"""  # noqa: S608 - our own tables' names
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# Of the tables and their triggers: a test that drops one spoils the database for others.
_SHAPE = """
SELECT md5(string_agg(thing, ' ' ORDER BY thing)) FROM (
  SELECT 'class ' || oid || relname AS thing FROM pg_class
  WHERE relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT 'trigger ' || oid || tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
) AS things
"""


class PostgreSQL:
    """Hands out databases: empty ones, and one at this version's schema, used over and over."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url).set(drivername="postgresql+asyncpg")
        self._migrated: str | None = None
        self._shape: str | None = None

    async def migrated(self) -> str:
        """The address of a database at this version's schema, without a row. Whoever had it before
        is disconnected."""
        if self._migrated is not None and not await self._emptied(self._migrated):
            await self.drop(self._migrated)
            self._migrated = None
        if self._migrated is None:
            url = await self.create()
            database = Database(url)
            await migrate.upgrade(database)
            await database.close()
            self._shape = await self._execute(_SHAPE, url=url)
            self._migrated = url
        return self._migrated

    async def create(self) -> str:
        """The address of a new database without a schema."""
        name = f"mooring_test_{uuid.uuid4().hex}"
        await self._execute(f"CREATE DATABASE {name}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    async def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        await self._execute(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    async def end(self) -> None:
        """Leave a server that is not ours as it was."""
        if self._migrated is not None:
            await self.drop(self._migrated)

    async def _emptied(self, url: str) -> bool:
        """Whether it could be made as good as new."""
        await self._execute(_END_OTHERS, url=url)
        if await self._execute(_SHAPE, url=url) != self._shape:
            return False
        await self._execute(_EMPTY, url=url)
        return True

    async def _execute(self, statement: str, *, url: str | None = None) -> str | None:
        """The first value that the statement gives."""
        engine = create_async_engine(url or self._url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            result = await connection.exec_driver_sql(statement)
            value: str | None = result.scalars().first() if result.returns_rows else None
        await engine.dispose()
        return value


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The server; skips the test where there is none."""
    if given := os.environ.get("MOORING_TEST_DATABASE_URL"):
        server = PostgreSQL(given)
        yield server
        asyncio.run(server.end())
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip(MISSING)
    with _Cluster(binaries).kept() as url:
        yield PostgreSQL(url)


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file of this version's schema, to be copied: making one takes as long as
    many a test."""
    path = tmp_path_factory.mktemp("store") / "mooring.db"

    async def migrated() -> None:
        made = Database(f"sqlite+aiosqlite:///{path}")
        await migrate.upgrade(made)
        await made.close()

    asyncio.run(migrated())
    return path


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each database."""
    return str(request.param)


@pytest.fixture
async def database_url(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, migrated_store: Path
) -> AsyncIterator[str]:
    """A database of this test's own, at this version's schema."""
    if backend == "sqlite":
        path = tmp_path / "mooring.db"
        shutil.copy(migrated_store, path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    yield await server.migrated()


@pytest.fixture
async def empty_database(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Database]:
    """A database without a schema."""
    if backend == "sqlite":
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
        yield database
        await database.close()
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    database = Database(await server.create())
    yield database
    await database.close()
    await server.drop(database.url.render_as_string(hide_password=False))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's database, open."""
    opened = Database(database_url)
    yield opened
    await opened.close()
