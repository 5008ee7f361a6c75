"""How fast one account's API may be asked."""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class Pace:
    """So many requests a second on average, of which some may come at once.

    Whoever asks alone never waits; a long run of requests is spread, and nobody waits for the whole
    of it, because turns are given in the order in which they are asked for.
    """

    def __init__(self, *, per_second: float, at_once: int) -> None:
        """`at_once` after a rest."""
        self._gap = 1 / per_second
        self._ahead = at_once * self._gap
        self._next = float("-inf")

    def take(self, now: float) -> float:
        """Take the next turn; how many seconds it is away. `now` is any clock that goes on."""
        turn = max(self._next, now - self._ahead + self._gap)
        self._next = turn + self._gap
        return max(0.0, turn - now)

    def hold(self, now: float, seconds: float) -> None:
        """No turn before this time is over."""
        self._next = max(self._next, now + seconds)

    async def wait(self) -> None:
        """Until it is one's turn."""
        seconds = self.take(asyncio.get_running_loop().time())
        if seconds:
            await asyncio.sleep(seconds)


def seconds_of(retry_after: str | None, *, now: datetime, longest: float) -> float:
    """What a Retry-After header asks for, as seconds or as a date; 0 where it says nothing."""
    written = (retry_after or "").strip()
    try:
        if written.isascii() and written.isdigit():
            seconds = float(written)
        else:
            moment = parsedate_to_datetime(written)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = (aware - now).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), longest)
