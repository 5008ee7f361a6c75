"""An event loop that ends its process with kill -9 at a given step."""

import asyncio
import contextvars
import os
import signal
from collections.abc import Callable
from typing import TypeVarTuple

_Ts = TypeVarTuple("_Ts")


class MortalLoop(asyncio.SelectorEventLoop):
    """Counts each time that something goes on after having waited, and dies at one of them.

    It counts from when `dies_at` is given.
    """

    dies_at: int | None = None
    steps = 0

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        return super().call_soon(self._step, callback, *args, context=context)

    def call_soon_threadsafe(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        return super().call_soon_threadsafe(self._step, callback, *args, context=context)

    def _step(self, callback: Callable[[*_Ts], object], *args: *_Ts) -> None:
        if self.dies_at is not None:
            self.steps += 1
            if self.steps == self.dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
        callback(*args)
