"""Bad luck at an exact moment: kill -9 while a request of the bot is under way."""

import os
import re
import signal

from bot.sandbox.discord import Exchange
from bot.sandbox.faults import FaultHandle
from tests.scenario.outside import eventually
from tests.scenario.stage import Stage

# A killed process's jobs are free again after their lease of 15 s.
RECOVERY_SECONDS = 40


class DiscordStrike:
    """kill -9 when the bot asks Discord for something for the first time from now on.

    `after_work`: Discord has done it and its answer is lost with the process. Otherwise the
    request itself is lost.
    """

    def __init__(self, stage: Stage, method: str, path: str, *, after_work: bool) -> None:
        self._stage = stage
        self._method, self._path = method, re.compile(path)
        self._struck = False
        self._lost_request: FaultHandle | None = None
        if after_work:
            stage.scene.discord.observers.append(self._look)
        else:
            self._lost_request = stage.scene.discord.faults.add(
                method=method, path=path, latency=1.0, drop=True, times=1
            )

    def _look(self, exchange: Exchange) -> None:
        """Called between the work and the answer."""
        fits = exchange.method == self._method and self._path.search(exchange.path)
        if fits and not self._struck:
            self._struck = True
            os.kill(self._stage.bot.pid, signal.SIGKILL)

    async def restart(self) -> None:
        """Wait for the moment, and start a new process after it."""
        if self._lost_request is not None:
            lost = self._lost_request
            await eventually(lambda: lost.struck)
        else:
            await eventually(lambda: self._struck)
            self._stage.scene.discord.observers.remove(self._look)
        await self._stage.kill_and_restart()
