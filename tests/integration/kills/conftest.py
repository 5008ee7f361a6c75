"""A provider, and a support desk, that are served by processes that die."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.identifiers import CREEM, STRIPE
from bot.sandbox.scene import Scene
from tests.integration.kills.desk_ordeal import DeskOrdeal
from tests.integration.kills.ordeal import Ordeal
from tests.scenario.stage import Stage
from tests.support.databases import migrated_store
from tests.support.shops import open_shop

__all__ = ["desk", "migrated_store", "ordeal"]

# A topic of the scene whose tickets are channels, and one whose tickets are private threads.
IN_CHANNELS, IN_THREADS = "help", "leaving"


@pytest.fixture(params=[STRIPE, CREEM])
async def ordeal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ordeal]:
    async with open_shop(request.param) as shop:
        ordeal = Ordeal(shop, tmp_path / "mooring.db")
        await ordeal.prepare()
        yield ordeal


@pytest.fixture(params=[IN_CHANNELS, IN_THREADS])
async def desk(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_store: Path
) -> AsyncIterator[DeskOrdeal]:
    scene = Scene(rate_limits=False)
    # No death is about how busy the machine is that runs it.
    scene.discord.response_seconds = 20.0
    await scene.start()
    shutil.copy(migrated_store, tmp_path / "mooring.db")
    desk = DeskOrdeal(request.param)
    stage = Stage(scene, scene.bot(tmp_path, launch=desk.launch))
    try:
        await stage.bot.start()
        await scene.set_up()
        await desk.begin(stage)
        yield desk
    finally:
        await stage.bot.kill()
        await scene.stop()
    errors = [line for line in stage.errors_logged() if not stage.expects(line)]
    assert not errors, "\n".join(errors)
