"""The production process over local servers: every scenario starts here."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.scene import Scene
from tests.scenario.stage import Stage
from tests.support import preloaded
from tests.support.databases import migrated_store
from tests.support.discord_description import DescriptionChecker, description_path

__all__ = ["migrated_store", "stage"]


@pytest.fixture
async def stage(tmp_path: Path, migrated_store: Path) -> AsyncIterator[Stage]:
    """A server where an administrator has run /setup; nobody has linked anything yet.

    Where Discord's API description is at hand, every request of the bot and every answer of the
    sandbox is held against it. A defect in the bot's log fails the scenario.
    """
    scene = Scene()
    # No scenario is about how busy the machine is that runs it.
    scene.discord.response_seconds = 20.0
    found = description_path()
    checker = DescriptionChecker(found) if found else None
    if checker is not None:
        scene.discord.observers.append(checker)
    await scene.start()
    shutil.copy(migrated_store, tmp_path / "mooring.db")
    bot = scene.bot(tmp_path, launch=preloaded.launch)
    stage = Stage(scene, bot)
    try:
        await bot.start()
        await scene.set_up()
        yield stage
    finally:
        await bot.kill()
        await scene.stop()
    if checker is not None:
        checker.assert_clean()
    errors = [line for line in stage.errors_logged() if not stage.expects(line)]
    assert not errors, "\n".join(errors)
