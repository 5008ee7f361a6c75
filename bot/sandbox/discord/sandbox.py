"""DiscordSandbox: a local Discord in one object."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable

from aiohttp import web

from bot.sandbox.discord import permissions
from bot.sandbox.discord.backend import Backend
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.commands import Commands
from bot.sandbox.discord.gateway import Gateway
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.interaction_desk import InteractionDesk
from bot.sandbox.discord.nonces import Nonces
from bot.sandbox.discord.persona import Persona
from bot.sandbox.discord.ratelimits import RateLimits
from bot.sandbox.discord.requestlog import RequestLog, gateway_exchange
from bot.sandbox.discord.server import API, MAX_BODY, Observer, Server
from bot.sandbox.discord.snowflakes import Snowflakes
from bot.sandbox.discord.users import (
    MEMBERS_LIMITED,
    MESSAGE_CONTENT_LIMITED,
    PRESENCE_LIMITED,
    Application,
    User,
)
from bot.sandbox.discord.watch import Watch
from bot.sandbox.discord.wire import Json
from bot.sandbox.discord.world import Listener, World
from bot.sandbox.faults import Faults


class DiscordSandbox:
    """A local Discord: REST, gateway and CDN on one port, and the people who use it.

    Args:
        clock: Unix time in seconds; stamps ids and messages and ages tokens and links.
        bot_name: the name of the bot's account and application.
        rate_limits: whether limits are enforced; their headers are sent either way.
        message_content_intent: whether the privileged intent is switched on.
        members_intent: the same for Server Members.
        presences_intent: the same for Presences.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        bot_name: str = "Mooring",
        rate_limits: bool = True,
        message_content_intent: bool = True,
        members_intent: bool = True,
        presences_intent: bool = False,
    ) -> None:
        ids = Snowflakes(clock)
        flags = (
            (MESSAGE_CONTENT_LIMITED if message_content_intent else 0)
            | (MEMBERS_LIMITED if members_intent else 0)
            | (PRESENCE_LIMITED if presences_intent else 0)
        )
        self.application = _application(ids, bot_name, flags)
        self.faults = Faults()
        self.requests = RequestLog()
        self.observers: list[Observer] = []
        self._gateway = Gateway(ticker=time.monotonic)
        self._world = World(
            clock=clock, ids=ids, application=self.application, gateway=self._gateway
        )
        self._gateway.world = self._world
        self._gateway.on_ready = self._changed
        self._commands = Commands(self.application.id, ids.next, on_sync=self._changed)
        self._interactions = InteractionDesk(self._world)
        backend = Backend(
            world=self._world,
            commands=self._commands,
            interactions=self._interactions,
            gateway=self._gateway,
            limits=RateLimits(enforced=rate_limits),
            nonces=Nonces(clock),
        )
        self._server = Server(
            backend, faults=self.faults, log=self.requests, observers=self.observers
        )
        self._gateway.tap = self._tap
        self._personas: dict[str, Persona] = {}
        self._watch = Watch()
        self._runner: web.ServerRunner | None = None
        self._base_url = ""

    # The server

    @property
    def response_seconds(self) -> float:
        """How long an interaction waits for its first answer: three seconds, as in Discord.

        A machine that is busy with other things takes longer, and no test is about that.
        """
        return self._interactions.response_seconds

    @response_seconds.setter
    def response_seconds(self, seconds: float) -> None:
        self._interactions.response_seconds = seconds

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.application.token

    @property
    def api_url(self) -> str:
        """The base of the REST API, for ``DISCORD_API_URL``."""
        return f"{self._base_url}{API}"

    @property
    def gateway_url(self) -> str:
        """The gateway's address, as READY and /gateway/bot give it."""
        return self._gateway.url

    @property
    def cdn_url(self) -> str:
        """The base of attachment and avatar addresses."""
        return f"{self._base_url}/cdn"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes any free one."""
        server = web.Server(self._server.handle, request_factory=_request, access_log=None)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self._base_url = f"http://{host}:{bound}"
        self._gateway.url = f"ws://{host}:{bound}/gateway"
        self._world.files.base_url = self._base_url

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        await self._gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # The bot's connection

    @property
    def bot_connected(self) -> bool:
        """Whether the bot has a READY session with an open socket."""
        return self._gateway.connected

    async def wait_for_bot(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - the public name
        """Wait until the bot is READY and has synced its commands at least once.

        Raises:
            TimeoutError: it was not within ``timeout`` seconds.
        """
        await self._watch.until(
            lambda: True if self.bot_connected and self._commands.syncs else None,
            seconds=timeout,
        )

    async def drop_gateway(
        self, *, code: int = 4000, resumable: bool = True, hold_events: float = 0.0
    ) -> None:
        """Close every session's socket with a close code.

        What happens until the bot is back is kept for RESUME, unless ``resumable`` is False:
        then RESUME is refused. ``hold_events`` is how many seconds a new connection waits for
        its HELLO, so that events pile up.
        """
        await self._gateway.drop(code=code, resumable=resumable, hold_events=hold_events)
        await asyncio.sleep(0)

    def let_gateway_back(self) -> None:
        """End the wait that `hold_events` has begun."""
        self._gateway.let_in()

    def _changed(self) -> None:
        self._watch.notify()

    def _tap(self, name: str, data: Json) -> None:
        if self.observers:
            exchange = gateway_exchange(name, data)
            for observer in self.observers:
                observer(exchange)

    # The world

    def add_user(self, username: str, display_name: str) -> User:
        """A new person, in no guild yet."""
        return self._world.add_user(username, display_name)

    def add_guild(
        self, name: str, *, owner: User, bot_permissions: int = permissions.BOT_DEFAULT
    ) -> Guild:
        """A new guild with its owner and the bot, whose managed role has ``bot_permissions``."""
        guild = Guild(self._world, name, owner)
        self._world.guilds[guild.id] = guild
        guild.add_member(owner)
        guild.add_member(self._world.bot)
        role = guild.add_role(
            self.application.name, permissions=bot_permissions, bot_id=self._world.bot.id
        )
        guild.give_role(self._world.bot, role)
        guild.announce_creation()
        return guild

    @property
    def guilds(self) -> list[Guild]:
        """All guilds."""
        return list(self._world.guilds.values())

    def channel(self, channel_id: str) -> Channel | None:
        """A channel, thread or DM by id."""
        return self._world.channels.get(channel_id)

    def persona(self, user: User) -> Persona:
        """A person's client; the same one for the same user."""
        if user.id not in self._personas:
            self._personas[user.id] = Persona(self._world, self._commands, self._interactions, user)
        return self._personas[user.id]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have every change that people can see reported; returns the way to stop it."""
        return self._world.subscribe(listener)


def _application(ids: Snowflakes, name: str, flags: int) -> Application:
    return Application(
        id=ids.next(),
        name=name,
        bot=User(ids.next(), name, name, bot=True),
        owner=User(ids.next(), "developer", "Developer"),
        token=f"{secrets.token_hex(12)}.sandbox.{secrets.token_hex(16)}",
        flags=flags,
    )


def _request(*args: object) -> web.BaseRequest:
    """A request that may be as large as Discord's uploads; aiohttp's own limit is 1 MiB."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(*args, loop, client_max_size=MAX_BODY)  # type: ignore[arg-type,misc]
