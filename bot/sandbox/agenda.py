"""What is due when: the timers of the billing engine."""

import heapq
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """``action`` is to be looked at for ``object_id`` at ``at`` (seconds since the epoch). Entries
    are never withdrawn: whoever handles one checks that the object still means it."""

    at: int
    sequence: int
    action: str
    object_id: str


class Agenda:
    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._sequence = count()

    def add(self, at: int, action: str, object_id: str) -> None:
        heapq.heappush(self._heap, Due(at, next(self._sequence), action, object_id))

    def next_at(self) -> int | None:
        return self._heap[0].at if self._heap else None

    def pop(self, until: float) -> Due | None:
        """The earliest entry due at ``until``, removed; None when nothing is."""
        if self._heap and self._heap[0].at <= until:
            return heapq.heappop(self._heap)
        return None
