"""Bringing a database to the schema of this version."""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

# The newest migration. A start that finds nothing to do is over before Alembic would be imported.
HEAD = "0001"

# Any constant: processes that start together on one PostgreSQL migrate one after another.
_LOCK = 7_130_002
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see HEAD

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _version(connection: sa.Connection) -> str | None:
    """The last migration that this database has seen; None for an empty one."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.scalar(sa.select(_VERSION.c.version_num))
    return found


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    if _version(connection) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - see HEAD

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def upgrade(database: Database) -> None:
    """Apply every migration that is missing, in one transaction."""
    async with database.write() as connection:
        await connection.run_sync(_upgrade)


async def is_current(database: Database) -> bool:
    """Whether nothing is missing."""
    async with database.read() as connection:
        return await connection.run_sync(_version) == HEAD
