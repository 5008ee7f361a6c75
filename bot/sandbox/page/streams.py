"""The event streams: tells each open page what changed for its persona (server-sent events).

A browser keeps six connections to one host, so about five tabs can follow the demo at once.
"""

from __future__ import annotations

import asyncio
from collections import deque

from aiohttp import web

from bot.sandbox.discord import WorldEvent
from bot.sandbox.discord.wire import Json, encode
from bot.sandbox.page.command_names import CommandNames

KEEP_ALIVE_SECONDS = 15.0
"""A comment this often, so that a vanished browser is noticed."""


class Stream:
    """What waits to be sent to one page. A refresh that already waits is not queued twice."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self._waiting: deque[tuple[str, Json]] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def push(self, name: str, data: Json | None = None) -> None:
        """Queue an event; without data it only asks the page to fetch something anew."""
        if data is None and any(waiting == name for waiting, _ in self._waiting):
            return
        self._waiting.append((name, data or {}))
        self._wake.set()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._wake.set()

    async def send_to(self, response: web.StreamResponse) -> None:
        """Write events until the page leaves or the stream is closed."""
        while not self._closed:
            while self._waiting:
                name, data = self._waiting.popleft()
                await response.write(f"event: {name}\ndata: {encode(data)}\n\n".encode())
            self._wake.clear()
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                await response.write(b": still here\n\n")


class Streams:
    """All open streams."""

    def __init__(self, names: CommandNames) -> None:
        self._open: set[Stream] = set()
        self._names = names

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for stream in tuple(self._open):
            stream.close()

    def refresh(self, name: str) -> None:
        """Ask every page to fetch something anew."""
        for stream in self._open:
            stream.push(name)

    def report(self, event: WorldEvent) -> None:
        """Pass on a change in Discord to those who can see it."""
        if event.kind in ("modal_shown", "interaction_failed"):
            # The page that caused it learns this from the answer to its own request.
            return
        if not event.kind.startswith("message_"):
            self.refresh("world")
            return
        for stream in self._open:
            if event.user_ids is None or stream.user_id in event.user_ids:
                stream.push(*self._message_event(event))

    def _message_event(self, event: WorldEvent) -> tuple[str, Json]:
        if event.kind == "message_deleted":
            return "message-gone", {"channel_id": event.channel_id, "id": event.payload["id"]}
        message = self._names.labelled(event.payload)
        return "message", {"channel_id": event.channel_id, "message": message}

    async def serve(self, request: web.Request, user_id: str) -> web.StreamResponse:
        """Answer a request with the events for this person until it goes away."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        stream = Stream(user_id)
        self._open.add(stream)
        try:
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            await stream.send_to(response)
        except ConnectionResetError:
            pass
        finally:
            self._open.discard(stream)
        return response
