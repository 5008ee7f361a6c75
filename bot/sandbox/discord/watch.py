"""Waiting for a change: coroutines that sleep until a condition holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """Wakes everybody who waits on one object whenever that object changes.

    Messages and interactions are watches themselves: benchmarks make tens of thousands of
    them, and each further object lengthens the garbage collector's pauses.
    """

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: tuple[asyncio.Future[None], ...] = ()

    def notify(self) -> None:
        """The object changed: every waiter looks again."""
        if not self._waiters:
            return
        waiters, self._waiters = self._waiters, ()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, probe: Callable[[], T | None], *, seconds: float) -> T:
        """The first result of ``probe`` that is not None.

        Raises:
            TimeoutError: nothing was found within ``seconds``.
        """
        async with asyncio.timeout(seconds):
            while (found := probe()) is None:
                waiter = asyncio.get_running_loop().create_future()
                self._waiters = (*self._waiters, waiter)
                await waiter
            return found
