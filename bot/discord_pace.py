"""Discord takes 50 requests a second from a bot, and bans one that does not listen.

Requests wait here for their turn instead of being refused there, in the order in which they come.
Those for which nobody waits come after all others, and leave half of the turns to what comes next.
discord.py itself knows the limits of each route only.
"""

import asyncio
from collections import deque
from types import SimpleNamespace

import aiohttp
from discord.http import Route

from bot.services.jobs import CAN_WAIT

# One less in a little more than a second: requests overtake each other on their way.
MOST = 49
SECONDS = 1.04
# Answers to interactions, and their edits, do not count.
_FREE = ("/interactions/", "/webhooks/")


class DiscordPace:
    """The turns of one process."""

    def __init__(self, *, most: int = MOST, seconds: float = SECONDS) -> None:
        """At most so many in any stretch of so many seconds."""
        self._most = most
        self._seconds = seconds
        self._taken: deque[float] = deque()
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, *, can_wait: bool = False) -> None:
        """Return when it is one's turn; whoever `can_wait` comes after all who cannot."""
        waiter = asyncio.get_running_loop().create_future()
        (self._patient if can_wait else self._urgent).append(waiter)
        self._give()
        await waiter

    def _give(self) -> None:
        """Give the turns that are free, and come back for the next one."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        while len(self._taken) < self._most and (waiter := self._next()) is not None:
            waiter.set_result(None)
            self._taken.append(now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._urgent or self._patient:
            self._timer = loop.call_at(self._taken[0] + self._seconds, self._give)

    def _next(self) -> asyncio.Future[None] | None:
        queues = [self._urgent]
        if len(self._taken) < self._most // 2:
            queues.append(self._patient)
        for waiting in queues:
            while waiting:
                waiter = waiting.popleft()
                if not waiter.done():  # Else its request was given up meanwhile.
                    return waiter
        return None


def paced(pace: DiscordPace) -> aiohttp.TraceConfig:
    """Has every request that counts wait for its turn, just before it is sent."""

    async def before(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        url = str(request.url)
        if url.startswith(Route.BASE) and not url.removeprefix(Route.BASE).startswith(_FREE):
            await pace.turn(can_wait=CAN_WAIT.get())

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(before)
    return trace
