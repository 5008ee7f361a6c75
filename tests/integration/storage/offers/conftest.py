"""Mia is linked and pays for Pro."""

import pytest

from bot.services.context import Context
from storage import (
    subscriptions,
)
from tests.integration.storage.samples import (
    NOW,
    SUBSCRIPTION,
    add_customer,
)


@pytest.fixture
async def mia(context: Context) -> Context:
    """Mia is linked and pays for Pro."""
    await add_customer(context.database)
    async with context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
    return context
