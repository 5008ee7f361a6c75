"""What a local API was asked, for assertions."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class LoggedRequest:
    """``at`` is sandbox time; ``params`` are decoded as sent, before validation; ``status`` is None
    while the request runs, and stays so when the connection was dropped."""

    at: float
    method: str
    path: str
    params: dict[str, Any]
    idempotency_key: str | None
    status: int | None = None
    replayed: bool = False


class RequestLog:
    def __init__(self) -> None:
        self.entries: list[LoggedRequest] = []

    def count(self, method: str | None = None, path: str = "") -> int:
        """How many requests had the method (any by default) and a path in which ``path`` is
        found."""
        return sum(
            method in (None, entry.method) and re.search(path, entry.path) is not None
            for entry in self.entries
        )

    def clear(self) -> None:
        self.entries.clear()
