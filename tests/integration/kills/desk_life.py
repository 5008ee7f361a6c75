"""One life of the whole bot, which dies while it serves somebody at the support desk.

It is `mooring run` in a fork of its own, with a loop that counts and less patience.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord

from bot import app
from bot.client import MooringClient
from bot.logs import configure_logs
from bot.settings import load_settings
from cogs import messenger
from tests.integration.kills.mortal_loop import MortalLoop

# Production waits for half a second after each server for the next one; here is only one.
LAST_SERVER_SECONDS = 0.02
# For a first answer that is still on its way: here it is there, or its process was killed.
WAITS_FOR_ANSWER = (0.01,)


@dataclass(frozen=True, slots=True)
class Death:
    """When it comes, from the first press of a button or end of a modal with this verb.

    At a step of the event loop, or after some seconds.
    """

    verb: str
    step: int | None = None
    seconds: float | None = None


def live(death: Death | None) -> None:
    """Serve until killed."""
    messenger.WAITS_FOR_ANSWER = WAITS_FOR_ANSWER  # type: ignore[assignment]
    environment, configuration = load_settings()
    configure_logs()
    loop = MortalLoop()
    mortality, add_features = _Mortality(loop, death), MooringClient.add_features

    async def add_more(client: MooringClient) -> None:
        await add_features(client)
        client._connection.guild_ready_timeout = LAST_SERVER_SECONDS
        client.add_listener(mortality.on_interaction)

    MooringClient.add_features = add_more  # type: ignore[method-assign,assignment]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(app.run(environment, configuration))


class _Mortality:
    """Listens for what the death is to come from."""

    def __init__(self, loop: MortalLoop, death: Death | None) -> None:
        self._loop = loop
        self._death = death

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        data: Mapping[str, Any] = interaction.data or {}
        death = self._death
        if death is None or f":{death.verb}:" not in str(data.get("custom_id", "")):
            return
        self._death = None
        self._loop.dies_at = death.step
        if death.seconds is not None:
            killing = (os.getpid(), signal.SIGKILL)
            threading.Timer(death.seconds, os.kill, killing).start()
