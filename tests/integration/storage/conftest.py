"""Every test here runs on a SQLite file and on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from bot.services.context import Context
from storage.database import Database
from tests.integration.storage.samples import Clock, service_context
from tests.support.databases import (
    backend,
    database,
    database_url,
    empty_database,
    migrated_store,
    postgresql,
)

__all__ = ["backend", "database", "database_url", "empty_database", "migrated_store", "postgresql"]


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until the test moves it."""
    return Clock()


@pytest.fixture
async def context(database: Database, clock: Clock) -> AsyncIterator[Context]:
    """For services that ask no provider."""
    async with service_context(database, clock) as built:
        yield built
