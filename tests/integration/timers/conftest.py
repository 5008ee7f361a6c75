"""A world for each test: the local Stripe, a store, and Mia, linked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import migrate
from storage.database import Database
from tests.integration.storage.samples import MIA, Clock, service_context
from tests.integration.timers.world import World, link
from tests.support.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


@pytest.fixture
async def world(tmp_path: Path, shop: Shop) -> AsyncIterator[World]:
    database, clock = Database(f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"), Clock()
    await migrate.upgrade(database)
    async with service_context(database, clock, api_url=shop.stripe.api_url) as context:
        made = World(shop, database, context, clock, shop.mia, shop.pro)
        made.set_clock()
        await made.sync()
        await link(made, MIA)
        yield made
    await database.close()
