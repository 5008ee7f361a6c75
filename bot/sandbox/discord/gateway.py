"""The WebSocket gateway: HELLO, IDENTIFY, RESUME, heartbeats, member chunks and events."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import suppress

from aiohttp import WSMsgType, web

from bot.sandbox.discord import intents
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.guild_payloads import guild_create
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.sessions import Outbox, Session, members_chunks
from bot.sandbox.discord.wire import Json, encode
from bot.sandbox.discord.world import World

HEARTBEAT_MS = 41_250

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, MEMBERS = 1, 2, 3, 4, 6, 8
RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 9, 10, 11

EventTap = Callable[[str, Json], None]


class Gateway:
    """Every session of the bot. ``tap`` is called with each event that goes out."""

    def __init__(self, *, ticker: Callable[[], float]) -> None:
        self._ticker = ticker
        self._sessions: dict[str, Session] = {}
        self._held_until = 0.0
        self._let_in = asyncio.Event()
        self.tap: EventTap | None = None
        self.on_ready: Callable[[], None] = lambda: None
        self.url = ""
        self.world: World | None = None
        """Set by the sandbox once the world that sends events here exists."""

    @property
    def connected(self) -> bool:
        """Whether a session is READY (or resumed) and has its socket."""
        return any(s.ready and s.outbox is not None for s in self._sessions.values())

    # Events out

    def dispatch(
        self, name: str, data: Json, *, guild: Guild | None = None, channel: Channel | None = None
    ) -> None:
        """Send an event to the sessions whose intents, shard and permissions allow it."""
        if not self._sessions or intents.hidden(name, guild, channel):
            return
        in_guild = guild is not None
        for session in self._sessions.values():
            if not session.ready or not intents.wanted(name, session.intents, in_guild=in_guild):
                continue
            if session.has_guild(guild.id) if guild is not None else session.shard[0] == 0:
                self._send(session, name, self._visible(session, name, data, in_guild=in_guild))

    def _visible(self, session: Session, name: str, data: Json, *, in_guild: bool) -> Json:
        message = name in ("MESSAGE_CREATE", "MESSAGE_UPDATE")
        if not message or not in_guild or session.intents & intents.MESSAGE_CONTENT:
            return data
        return intents.without_content(data, self._world.bot.id)

    def _send(self, session: Session, name: str, data: Json) -> None:
        if self.tap is not None:
            self.tap(name, data)
        session.event(name, data)

    @property
    def _world(self) -> World:
        if self.world is None:
            raise RuntimeError("the gateway has no world yet")
        return self.world

    # Connections in

    async def drop(self, *, code: int, resumable: bool, hold_events: float) -> None:
        """Close every socket; sessions stay resumable unless told otherwise."""
        self._held_until = self._ticker() + hold_events
        self._let_in.clear()
        outboxes = [s.outbox for s in self._sessions.values() if s.outbox is not None]
        for session in self._sessions.values():
            session.outbox = None
        if not resumable:
            self._sessions.clear()
        await asyncio.gather(*(outbox.close(code) for outbox in outboxes))

    def let_in(self) -> None:
        """Hold new connections no longer."""
        self._held_until = 0.0
        self._let_in.set()

    async def connect(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Serve one WebSocket until it closes."""
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        while (wait := self._held_until - self._ticker()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._let_in.wait()
        outbox = Outbox(socket)
        outbox.send(
            encode({"op": HELLO, "s": None, "t": None, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        )
        session: Session | None = None
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                session = await self._receive(outbox, session, json.loads(frame.data))
        finally:
            await outbox.close(1000)
            if session is not None and session.outbox is outbox:
                session.outbox = None
                if socket.close_code in (1000, 1001):
                    # A clean close by the client ends the session; others can be resumed.
                    self._sessions.pop(session.id, None)
        return socket

    async def _receive(
        self, outbox: Outbox, session: Session | None, frame: Json
    ) -> Session | None:
        op, data = frame.get("op"), frame.get("d")
        if op == HEARTBEAT:
            outbox.send(encode({"op": HEARTBEAT_ACK}))
        elif op == IDENTIFY:
            return await self._identify(outbox, data or {})
        elif op == RESUME:
            return self._resume(outbox, data or {})
        elif op == MEMBERS and session is not None:
            for chunk in members_chunks(session, data or {}, members_of=self._members_of):
                self._send(session, "GUILD_MEMBERS_CHUNK", chunk)
        elif op not in (PRESENCE, VOICE):
            await outbox.close(4001 if session is not None else 4003)
        return session

    def _members_of(self, guild_id: str) -> list[Json] | None:
        guild = self._world.guilds.get(guild_id)
        return None if guild is None else [member.payload() for member in guild.members]

    async def _identify(self, outbox: Outbox, data: Json) -> Session | None:
        application = self._world.application
        if data.get("token", "").removeprefix("Bot ") != application.token:
            await outbox.close(4004)
            return None
        wanted = int(data.get("intents", 0))
        if intents.disallowed(wanted, application):
            await outbox.close(4014)
            return None
        number, count = data.get("shard") or (0, 1)
        session = Session(secrets.token_hex(16), intents=wanted, shard=(number, count))
        session.outbox = outbox
        self._forget_shard(session)
        self._sessions[session.id] = session
        self._greet(session)
        return session

    def _forget_shard(self, session: Session) -> None:
        """A new IDENTIFY of a shard takes the place of its sessions that lost their socket."""
        stale = [s for s in self._sessions.values() if s.shard == session.shard and not s.outbox]
        for old in stale:
            del self._sessions[old.id]

    def _greet(self, session: Session) -> None:
        world = self._world
        guilds = [g for g in world.guilds.values() if session.has_guild(g.id)]
        ready: Json = {
            "v": 10,
            "user": world.bot.payload() | {"email": None, "verified": True, "mfa_enabled": True},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": list(session.shard),
            "application": {"id": world.application.id, "flags": world.application.flags},
            "session_type": "normal",
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "presences": [],
            "guild_join_requests": [],
            "_trace": ["sandbox"],
        }
        self._send(session, "READY", ready)
        session.ready = True
        if session.intents & intents.GUILDS:
            everybody = bool(session.intents & intents.GUILD_PRESENCES)
            for guild in guilds:
                self._send(session, "GUILD_CREATE", guild_create(guild, all_members=everybody))
        self.on_ready()

    def _resume(self, outbox: Outbox, data: Json) -> Session | None:
        session = self._sessions.get(str(data.get("session_id")))
        sequence = int(data.get("seq") or 0)
        if session is None or not session.can_replay(sequence):
            outbox.send(encode({"op": INVALID_SESSION, "d": False}))
            return None
        session.replay(outbox, sequence)
        self._send(session, "RESUMED", {"_trace": ["sandbox"]})
        self.on_ready()
        return session

    async def close(self) -> None:
        """Close every socket for good."""
        await self.drop(code=1001, resumable=False, hold_events=0.0)
