"""The sandbox's clock: real time plus an offset, so that a test or the demo can live a year in a
second."""

import time
from collections.abc import Callable


class SandboxClock:
    """Seconds since the Unix epoch, movable forwards only.

    ``source`` is the clock underneath; ``offset`` is how far this one is ahead of it, in seconds.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.offset = 0.0

    def now(self) -> float:
        return self._source() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock ahead. Raises ValueError for a step backwards: billing never runs in
        reverse."""
        if seconds < 0:
            raise ValueError(f"the sandbox clock only moves forwards, not by {seconds} s")
        self.offset += seconds
