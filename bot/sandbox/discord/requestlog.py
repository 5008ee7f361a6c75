"""The record of every REST request the bot made."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from bot.sandbox.discord.wire import Json

KEPT = 100_000
"""Entries kept, so that a demo that runs for days does not grow without bound."""


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """One request.

    Attributes:
        at: when it was answered, by the sandbox's clock.
        route: the path's template; None when the sandbox does not know it.
        status: what the bot was told; 0 when the connection was dropped instead.
        raw: the JSON as it came (the ``payload_json`` of a multipart body).
    """

    at: float
    method: str
    path: str
    route: str | None
    status: int
    raw: bytes

    @property
    def body(self) -> Any:
        """The decoded JSON body; None when there was none."""
        return json.loads(self.raw) if self.raw else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One REST exchange, or one gateway event sent to the bot, for whoever checks the wire.

    A gateway event has the method ``"GATEWAY"``, its name as ``path``, status 0 and its data
    as ``response``.
    """

    method: str
    path: str
    route: str | None
    query: dict[str, str]
    request: object
    multipart: bool
    status: int
    response: object


class RequestLog:
    """Requests in the order in which they were answered."""

    def __init__(self) -> None:
        self.entries: deque[RequestEntry] = deque(maxlen=KEPT)

    def add(self, entry: RequestEntry) -> None:
        """Record a request."""
        self.entries.append(entry)

    def count(self, method: str | None = None, route: str | None = None) -> int:
        """How many requests had this method and this route template."""
        return sum(
            (method is None or entry.method == method) and (route is None or entry.route == route)
            for entry in self.entries
        )

    @property
    def unknown(self) -> list[RequestEntry]:
        """The requests for paths that the sandbox does not know."""
        return [entry for entry in self.entries if entry.route is None]

    def clear(self) -> None:
        """Forget everything."""
        self.entries.clear()


def gateway_exchange(name: str, data: Json) -> Exchange:
    """A gateway event as an exchange."""
    return Exchange("GATEWAY", name, None, {}, None, False, 0, data)
