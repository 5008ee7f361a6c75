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


class PostgreSQL:
    """Hands out databases at this version's schema, copied from one that was migrated once."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url).set(drivername="postgresql+asyncpg")
        self._template = f"mooring_template_{uuid.uuid4().hex}"
        self._has_template = False

    async def create(self, *, migrated: bool = True) -> str:
        """The address of a new database."""
        name = f"mooring_test_{uuid.uuid4().hex}"
        if migrated and not self._has_template:
            await self._execute(f"CREATE DATABASE {self._template}")
            template = Database(self._address(self._template))
            await migrate.upgrade(template)
            await template.close()
            self._has_template = True
        copied = f" TEMPLATE {self._template} STRATEGY FILE_COPY" if migrated else ""
        await self._execute(f"CREATE DATABASE {name}{copied}")
        return self._address(name)

    async def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        await self._execute(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    async def drop_template(self) -> None:
        """Leave a server that is not ours as it was."""
        if self._has_template:
            await self._execute(f"DROP DATABASE {self._template} WITH (FORCE)")

    def _address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    async def _execute(self, statement: str) -> None:
        engine = create_async_engine(self._url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(sa.text(statement))
        await engine.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The server; skips the test where there is none."""
    if given := os.environ.get("MOORING_TEST_DATABASE_URL"):
        server = PostgreSQL(given)
        yield server
        asyncio.run(server.drop_template())
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
    url = await server.create()
    yield url
    await server.drop(url)


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
    database = Database(await server.create(migrated=False))
    yield database
    await database.close()
    await server.drop(database.url.render_as_string(hide_password=False))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's database, open."""
    opened = Database(database_url)
    yield opened
    await opened.close()
