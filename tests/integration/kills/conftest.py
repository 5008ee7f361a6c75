"""A provider whose customers are refunded and cancelled by processes that die."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.identifiers import CREEM, STRIPE
from tests.integration.kills.ordeal import Ordeal
from tests.support.shops import open_shop


@pytest.fixture(params=[STRIPE, CREEM])
async def ordeal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ordeal]:
    async with open_shop(request.param) as shop:
        ordeal = Ordeal(shop, tmp_path / "mooring.db")
        await ordeal.prepare()
        yield ordeal
