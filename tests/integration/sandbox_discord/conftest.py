"""A running sandbox whose wire is checked, and its stage."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.discord import DiscordSandbox
from tests.integration.sandbox_discord.stage import Stage, SteppedClock, build
from tests.support.discord_description import DescriptionChecker, description_path


@pytest.fixture
def clock() -> SteppedClock:
    """The sandbox's clock, which a test can put ahead."""
    return SteppedClock(time.time)


@pytest.fixture
async def stage(clock: SteppedClock) -> AsyncIterator[Stage]:
    """A started sandbox; its wire is held against the description where there is a copy."""
    sandbox = DiscordSandbox(clock=clock)
    # Few tests are about how busy the machine is that runs them.
    sandbox.response_seconds = 20.0
    await sandbox.start()
    path = description_path()
    checker = DescriptionChecker(path) if path else None
    if checker is not None:
        sandbox.observers.append(checker)
    built = build(sandbox, clock)
    yield built
    await built.disconnect()
    await sandbox.stop()
    if checker is not None:
        checker.assert_clean()
    assert not sandbox.requests.unknown
