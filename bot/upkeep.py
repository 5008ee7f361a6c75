"""What the command line does with the store alone: its schema, and the audit log."""

from collections.abc import Callable

from bot.services.audit_log import Verification, exported, verify
from bot.settings import Environment
from storage import migrate
from storage.database import Database


async def verify_audit(environment: Environment, *, kept_head: str | None) -> Verification:
    """Recompute the audit log's chain; nothing is written."""
    database = Database(environment.database_url.get_secret_value())
    try:
        return await verify(database, kept_head=kept_head)
    finally:
        await database.close()


async def export_audit(environment: Environment, write: Callable[[str], object]) -> None:
    """Every row of the audit log as JSON, oldest first."""
    database = Database(environment.database_url.get_secret_value())
    try:
        async for line in exported(database):
            write(line)
    finally:
        await database.close()


async def migrate_database(environment: Environment) -> None:
    """Bring the database to this version's schema."""
    database = Database(environment.database_url.get_secret_value())
    try:
        await migrate.upgrade(database)
    finally:
        await database.close()
