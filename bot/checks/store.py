"""The database: reachable, and at this version's schema."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.checks.findings import Finding, doubtful, fine, wrong
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId
from storage import guilds, migrate
from storage.database import Database

UNREACHABLE = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class Store:
    """`guilds` are the servers' stored settings, None where they cannot be known."""

    findings: tuple[Finding, ...]
    guilds: Mapping[GuildId, GuildSettings] | None


async def check_store(database_url: SecretStr) -> Store:
    """Look without changing anything: a missing SQLite file is not created."""
    url = make_url(database_url.get_secret_value())
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return Store((_missing_file(Path(url.database)),), {})
    database = Database(database_url.get_secret_value())
    try:
        if not await migrate.is_current(database):
            return Store(
                (
                    doubtful(
                        "The database is not at this version's schema. `mooring run` updates it "
                        "at its start; `mooring migrate` does it now."
                    ),
                ),
                None,
            )
        async with database.read() as connection:
            stored = await guilds.load_all(connection)
    except UNREACHABLE as error:
        return Store((_unreachable(url.get_backend_name(), error),), None)
    finally:
        await database.close()
    return Store((fine("The database is there and up to date."),), stored)


def _missing_file(path: Path) -> Finding:
    directory = next(each for each in path.absolute().parents if each.exists())
    if not os.access(directory, os.W_OK):
        return wrong(
            f"The database {path} cannot be created: this user may not write to {directory}. "
            "Change DATABASE_URL or the directory's owner."
        )
    return fine(f"The database {path} does not exist yet; `mooring run` creates it.")


def _unreachable(backend: str, error: Exception) -> Finding:
    """By the error's kind only: its text can repeat the address, and that holds the password."""
    if backend == "sqlite":
        advice = "Is the file in DATABASE_URL a SQLite database that this user may open?"
    else:
        advice = "Is the server running, and are user, password and database in DATABASE_URL right?"
    return wrong(f"The database cannot be used ({type(error).__name__}). {advice}")
