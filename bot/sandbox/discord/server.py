"""The HTTP side: takes requests apart, lets faults and limits act, answers and records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from bot.sandbox.discord.backend import Backend
from bot.sandbox.discord.cdn import serve_file
from bot.sandbox.discord.files import File
from bot.sandbox.discord.ratelimits import too_many
from bot.sandbox.discord.requestlog import Exchange, RequestEntry, RequestLog
from bot.sandbox.discord.rest import ROUTER
from bot.sandbox.discord.rest.router import Call, Reply, Route
from bot.sandbox.discord.wire import ApiError, encode, not_found
from bot.sandbox.faults import Fault, Faults

API = "/api/v10"
MAX_BODY = 30 * 1024 * 1024

Observer = Callable[[Exchange], None]


@dataclass(slots=True)
class _Request:
    """A request taken apart."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str
    raw: bytes = b""
    body: object = None
    files: list[File] = field(default_factory=list)
    multipart: bool = False
    route: Route | None = None
    params: dict[str, str] = field(default_factory=dict)


class Server:
    """Answers every HTTP request of the bot."""

    def __init__(
        self,
        backend: Backend,
        *,
        faults: Faults,
        log: RequestLog,
        observers: list[Observer],
    ) -> None:
        self._backend = backend
        self._faults = faults
        self._log = log
        self._observers = observers

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        if path.startswith(API):
            return await self._api(request, path[len(API) :])
        if path.rstrip("/") == "/gateway":
            return await self._backend.gateway.connect(request)
        if path.startswith("/cdn/"):
            return await self._cdn(request)
        return web.Response(status=404)

    async def _cdn(self, request: web.BaseRequest) -> web.StreamResponse:
        fault = self._faults.take(request.method, request.path)
        if fault is not None:
            await fault.delay()
        if fault is not None and fault.replaces_answer:
            return web.Response(status=fault.status or 500)
        return serve_file(self._backend.world.files, request)

    async def _api(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        asked = _Request(
            method=request.method,
            path=path,
            query=dict(request.rel_url.query),
            authorization=request.headers.get("Authorization", ""),
        )
        found = ROUTER.find(asked.method, path)
        if found is not None:
            asked.route, params = found
            asked.params = {name: unquote(value) for name, value in params.items()}
        try:
            await _read_body(request, asked)
        except ValueError:
            asked.route = None
            error = ApiError(400, 50109, "The request body contains invalid JSON.")
            return self._finish(asked, Reply(400, error.body()), {})
        fault = self._faults.take(asked.method, path)
        if fault is None:
            return self._finish(asked, *self._work(asked))
        done = self._work(asked) if fault.after_work else None
        await fault.delay()
        if fault.replaces_answer:
            return self._fail(request, asked, fault)
        return self._finish(asked, *(done or self._work(asked)))

    def _fail(self, request: web.BaseRequest, asked: _Request, fault: Fault) -> web.Response:
        """Answer with a fault."""
        if fault.drop:
            self._record(asked, 0, None)
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        status = fault.status or 500
        error = ApiError(status, 0, f"{status}: injected fault")
        if status == 429:
            error = too_many(fault.latency or 0.5, scope="shared")
        return self._finish(asked, Reply(status, error.body()), error.headers)

    def _work(self, asked: _Request) -> tuple[Reply, dict[str, str]]:
        headers: dict[str, str] = {}
        try:
            route = asked.route
            if route is None:
                raise not_found()
            if not route.public:
                self._authorize(asked)
            headers = self._backend.limits.spend(asked.method, route.template, asked.params)
            reply = route.handler(self._call(asked))
        except ApiError as error:
            return Reply(error.status, error.body()), headers | error.headers
        return reply, headers

    def _call(self, asked: _Request) -> Call:
        body = asked.body
        return Call(
            backend=self._backend,
            params=asked.params,
            query=asked.query,
            body=body if isinstance(body, dict) else {},
            entries=body if isinstance(body, list) else None,
            files=asked.files,
        )

    def _authorize(self, asked: _Request) -> None:
        if asked.authorization != f"Bot {self._backend.world.application.token}":
            raise ApiError(401, 0, "401: Unauthorized")

    def _finish(self, asked: _Request, reply: Reply, headers: dict[str, str]) -> web.Response:
        self._record(asked, reply.status, reply.body)
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        return web.Response(
            status=reply.status,
            body=encode(reply.body).encode(),
            headers=headers,
            content_type="application/json",
        )

    def _record(self, asked: _Request, status: int, response: object) -> None:
        template = asked.route.template if asked.route else None
        self._log.add(
            RequestEntry(
                self._backend.world.clock(),
                asked.method,
                asked.path,
                template,
                status,
                asked.raw,
            )
        )
        if not self._observers:
            return
        exchange = Exchange(
            asked.method,
            asked.path,
            template,
            asked.query,
            asked.body,
            asked.multipart,
            status,
            response,
        )
        for observer in self._observers:
            observer(exchange)


async def _read_body(request: web.BaseRequest, asked: _Request) -> None:
    """Read JSON, or multipart with ``payload_json`` and ``files[n]``.

    Raises:
        ValueError: the JSON is malformed.
    """
    if not request.can_read_body:
        return
    if not request.content_type.startswith("multipart/"):
        asked.raw = await request.read()
        asked.body = json.loads(asked.raw) if asked.raw else None
        return
    asked.multipart = True
    uploads: list[tuple[int, File]] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read())
        if part.name == "payload_json":
            asked.raw, asked.body = data, json.loads(data)
        elif part.name is not None and part.name.startswith("files["):
            index = int(part.name[len("files[") : -1])
            content_type = part.headers.get("Content-Type")
            uploads.append((index, File(part.filename or "unknown", data, content_type)))
    asked.files = [file for _, file in sorted(uploads, key=lambda upload: upload[0])]
