"""Discord ids: 42 bits of milliseconds since 2015, 10 of process, 12 of sequence."""

from __future__ import annotations

from collections.abc import Callable

EPOCH = 1_420_070_400_000
_PROCESS = 1 << 12
_SEQUENCES = 1 << 12


class Snowflakes:
    """Makes ids that never repeat and always grow, whatever the clock does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._millisecond = 0
        self._sequence = 0

    def next(self) -> str:
        """A new id, in the decimal form in which ids travel."""
        now = int(self._clock() * 1000) - EPOCH
        if now > self._millisecond:
            self._millisecond, self._sequence = now, 0
        else:
            self._sequence += 1
            if self._sequence == _SEQUENCES:
                self._millisecond, self._sequence = self._millisecond + 1, 0
        return str(self._millisecond << 22 | _PROCESS | self._sequence)


def created_at(snowflake: str) -> float:
    """Unix time in seconds at which an id was made."""
    return ((int(snowflake) >> 22) + EPOCH) / 1000
