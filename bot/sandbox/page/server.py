"""The demo page's server: static files, what a page reads, and the life of both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import web

from bot.sandbox.backend import Backend
from bot.sandbox.creem import CreemSandbox
from bot.sandbox.discord import DiscordSandbox
from bot.sandbox.mail import MailSink
from bot.sandbox.page.accounts import CreemAccount, StripeAccount
from bot.sandbox.page.acts import Acts
from bot.sandbox.page.attachments import Attachments
from bot.sandbox.page.cast import Cast, PagePersona
from bot.sandbox.page.command_names import CommandNames
from bot.sandbox.page.outbox import Outbox
from bot.sandbox.page.provider import Provider
from bot.sandbox.page.requests import (
    add_headers,
    answer,
    local_only,
)
from bot.sandbox.page.streams import Streams
from bot.sandbox.page.world_view import WorldView
from bot.sandbox.stripe import StripeSandbox

STATIC = Path(__file__).parent / "static"
MAX_UPLOAD = 16 * 1024 * 1024
"""Bytes of a request: Discord's 10 MiB for a file, written as base64."""
WATCH_SECONDS = 0.5
"""How often the bot's health and the provider are looked at; neither reports by itself."""


class DemoPage:
    """A browser client for the sandbox, with one address: a persona is chosen by ``?as=``.

    Args:
        discord, stripe, creem, mail: the running sandbox.
        personas: who one can be; the first is the default.
        bot_alive: whether the bot works, asked twice a second, never raises; without it the
            gateway's connection tells.
        backend: the vendor's own, which reports usage when a lever is pulled.
    """

    def __init__(
        self,
        *,
        discord: DiscordSandbox,
        stripe: StripeSandbox,
        creem: CreemSandbox,
        mail: MailSink,
        personas: Sequence[PagePersona],
        bot_alive: Callable[[], Awaitable[bool]] | None = None,
        backend: Backend | None = None,
    ) -> None:
        self._discord = discord
        self._mail = mail
        self._cast = Cast(discord, personas)
        self._names = CommandNames()
        self._streams = Streams(self._names)
        self._acts = Acts(self._cast, self._names)
        self._accounts = (StripeAccount(stripe), CreemAccount(creem))
        self._provider = Provider(self._accounts, backend)
        self._bot_alive = bot_alive
        self._port = 0
        self._stopping = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self._port}/"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        app = web.Application(
            middlewares=[local_only(lambda: self._port)], client_max_size=MAX_UPLOAD
        )
        app.on_response_prepare.append(add_headers)
        outbox = Outbox(self._mail, self._accounts)
        for routes in (
            self._routes(),
            self._acts.routes(),
            self._provider.routes(),
            outbox.routes(),
        ):
            app.add_routes(routes)
        Attachments(lambda: self._discord.cdn_url).add_to(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._stopping.push_async_callback(runner.cleanup)
        self._stopping.callback(self._streams.close)
        await web.TCPSite(runner, host, port).start()
        self._port = runner.addresses[0][1]
        self._stopping.callback(self._discord.subscribe(self._streams.report))
        self._stopping.callback(self._mail.subscribe(lambda _: self._streams.refresh("mail")))
        watching = asyncio.create_task(self._watch(), name="demo page watch")
        self._stopping.push_async_callback(_end, watching)

    async def stop(self) -> None:
        """Close every stream and stop listening."""
        await self._stopping.aclose()

    def _routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", self._index),
            web.static("/static", STATIC),
            web.get("/api/state", self._state),
            web.get("/api/messages", self._messages),
            web.get("/api/commands", self._commands),
            web.get("/api/events", self._events),
        ]

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _state(self, request: web.Request) -> web.Response:
        viewer = self._cast.find(request.query.get("as"))
        view = WorldView(self._discord, self._cast, self._accounts)
        return answer(view.state(viewer, bot_alive=await self._is_alive()))

    async def _messages(self, request: web.Request) -> web.Response:
        viewer = self._cast.find(request.query.get("as"))
        channel = self._cast.channel(viewer, request.query.get("channel", ""))
        messages = self._cast.actor(viewer).messages(channel)
        return answer(
            {"messages": [self._names.labelled(message.payload()) for message in messages]}
        )

    async def _commands(self, request: web.Request) -> web.Response:
        viewer = self._cast.find(request.query.get("as"))
        channel = self._cast.channel(viewer, request.query.get("channel", ""))
        return answer({"commands": self._cast.actor(viewer).commands(channel)})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        viewer = self._cast.find(request.query.get("as"))
        return await self._streams.serve(request, viewer.user.id)

    async def _is_alive(self) -> bool:
        return await self._bot_alive() if self._bot_alive else self._discord.bot_connected

    async def _watch(self) -> None:
        seen = alive = None
        while True:
            if alive != (alive := await self._is_alive()):
                self._streams.refresh("world")
            if seen != (seen := self._provider.revision()):
                self._streams.refresh("provider")
            await asyncio.sleep(WATCH_SECONDS)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
