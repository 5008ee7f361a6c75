"""One gateway session: its sequence, its replay buffer and the socket it is attached to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

from bot.sandbox.discord import intents
from bot.sandbox.discord.wire import Json, encode

REPLAY_EVENTS = 20_000
"""How many events a session keeps for RESUME."""


class Outbox:
    """Frames on their way to one socket, written in order by one task."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self._frames: deque[str] = deque()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._write())

    def send(self, frame: str) -> None:
        """Queue a frame."""
        self._frames.append(frame)
        self._wake.set()

    async def close(self, code: int) -> None:
        """Stop writing and close the socket with a gateway close code."""
        self._task.cancel()
        await self.socket.close(code=code)

    async def _write(self) -> None:
        try:
            while True:
                while self._frames:
                    await self.socket.send_str(self._frames.popleft())
                self._wake.clear()
                await self._wake.wait()
        except ConnectionError:
            # The bot went away; its frames wait in the replay buffer.
            return


class Session:
    """What one IDENTIFY made; it outlives its socket until it can no longer be resumed."""

    def __init__(self, session_id: str, *, intents: int, shard: tuple[int, int]) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.outbox: Outbox | None = None
        self.ready = False
        self.sequence = 0
        self._sent: deque[tuple[int, str]] = deque(maxlen=REPLAY_EVENTS)

    def has_guild(self, guild_id: str) -> bool:
        """Whether the guild belongs to this session's shard."""
        number, count = self.shard
        return (int(guild_id) >> 22) % count == number

    def event(self, name: str, data: object) -> None:
        """Number an event, keep it for RESUME, and send it when a socket is attached."""
        self.sequence += 1
        frame = encode({"op": 0, "s": self.sequence, "t": name, "d": data})
        self._sent.append((self.sequence, frame))
        if self.outbox is not None:
            self.outbox.send(frame)

    def can_replay(self, sequence: int) -> bool:
        """Whether everything after ``sequence`` is still kept."""
        if sequence > self.sequence:
            return False
        return not self._sent or sequence >= self._sent[0][0] - 1

    def replay(self, outbox: Outbox, sequence: int) -> None:
        """Attach a new socket and send what it missed."""
        self.outbox = outbox
        for number, frame in self._sent:
            if number > sequence:
                outbox.send(frame)


def members_chunks(
    session: Session,
    request: Json,
    *,
    members_of: Callable[[str], list[Json] | None],
) -> list[Json]:
    """The GUILD_MEMBERS_CHUNK events that answer op 8, 1,000 members each."""
    guild_id = str(request["guild_id"])
    members = members_of(guild_id)
    if members is None:
        return []
    found, not_found = _select(session, request, members)
    pages = [found[i : i + 1000] for i in range(0, len(found), 1000)] or [[]]
    common: Json = {"guild_id": guild_id, "chunk_count": len(pages)}
    if request.get("nonce") is not None:
        common["nonce"] = request["nonce"]
    if request.get("presences"):
        common["presences"] = []
    chunks = [common | {"chunk_index": i, "members": page} for i, page in enumerate(pages)]
    if not_found:
        chunks[-1]["not_found"] = not_found
    return chunks


def _select(session: Session, request: Json, members: list[Json]) -> tuple[list[Json], list[str]]:
    if "user_ids" in request:
        asked = request["user_ids"]
        ids = [str(i) for i in (asked if isinstance(asked, list) else [asked])]
        by_id = {member["user"]["id"]: member for member in members}
        return [by_id[i] for i in ids if i in by_id], [i for i in ids if i not in by_id]
    query, limit = str(request.get("query") or "").lower(), int(request.get("limit") or 0)
    if not query and not limit and not session.intents & intents.GUILD_MEMBERS:
        return [], []
    found = [m for m in members if _name_starts(m, query)]
    return (found[:limit] if limit else found), []


def _name_starts(member: Json, query: str) -> bool:
    names = (member["user"]["username"], member["user"]["global_name"], member["nick"])
    return any(name is not None and name.lower().startswith(query) for name in names)
