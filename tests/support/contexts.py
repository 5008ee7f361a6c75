"""What services are built from, over a new store and a local provider that answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import new_id, now
from bot.sandbox.scene import CONFIGURATION
from bot.services.context import Clock, Context
from bot.settings import load_configuration
from storage import migrate
from storage.database import Database
from tests.support.shops import Shop


@asynccontextmanager
async def open_context(
    shop: Shop, directory: Path, *, clock: Clock = now
) -> AsyncIterator[Context]:
    """The store is a SQLite file in `directory`."""
    configuration = load_configuration(CONFIGURATION)
    database = Database(f"sqlite+aiosqlite:///{directory / 'mooring.db'}")
    await migrate.upgrade(database)
    try:
        yield Context(
            database,
            {shop.name: shop.provider},
            configuration.to_catalogue(),
            configuration.to_policy(),
            clock,
            new_id,
        )
    finally:
        await database.close()
