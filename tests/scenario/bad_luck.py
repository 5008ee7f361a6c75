"""Bad luck at an exact moment: kill -9 while a request of the bot is under way."""

import asyncio
import os
import re
import signal
from collections.abc import Callable
from typing import TypeVar

from bot.sandbox.discord import Exchange
from bot.sandbox.faults import FaultHandle
from tests.scenario.stage import Stage

T = TypeVar("T")

# A killed process's jobs are free again after their lease of 9 s.
RECOVERY_SECONDS = 40


async def until(probe: Callable[[], T | None], *, seconds: float = 10) -> T:
    """The first result of `probe` that is neither None nor empty; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not (found := probe()):  # noqa: ASYNC110 - nothing tells when a file has changed
            await asyncio.sleep(0.02)
    return found


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
                method=method, path=path, hold=True, drop=True, times=1
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
            await until(lambda: lost.struck)
            await self._stage.bot.kill()
            lost.remove()
        else:
            await until(lambda: self._struck)
            await self._stage.bot.kill()
            self._stage.scene.discord.observers.remove(self._look)
        await self._stage.bot.start()


class StripeStrike:
    """kill -9 while the bot waits for Stripe's answer to the next request of this kind.

    `after_work`: Stripe has done it and its answer is lost with the process. Otherwise the
    request itself is lost.
    """

    def __init__(self, stage: Stage, method: str, path: str, *, after_work: bool) -> None:
        self._stage = stage
        self._fault = stage.scene.stripe.faults.add(
            method=method, path=path, hold=True, drop=True, times=1, after_work=after_work
        )

    async def kill(self) -> None:
        """Wait for the moment."""
        await until(lambda: self._fault.struck)
        await self._stage.bot.kill()
        self._fault.remove()

    async def restart(self) -> None:
        """Wait for the moment, and start a new process after it."""
        await self.kill()
        await self._stage.bot.start()
