"""What holds at every payment provider: each test runs at each of them."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.identifiers import CREEM, STRIPE
from tests.support.shops import Shop, open_shop


@pytest.fixture(params=[STRIPE, CREEM])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    async with open_shop(request.param) as opened:
        yield opened
