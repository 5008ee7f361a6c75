"""The HTTP side of the API: authentication, faults, dispatch, errors."""

import hmac
import json

from aiohttp import web

from bot.sandbox.creem import clockwork
from bot.sandbox.creem.resources import ROUTES
from bot.sandbox.creem.routing import Call, Router
from bot.sandbox.creem.wire import CreemError, Json
from bot.sandbox.creem.world import World
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.request_log import LoggedRequest, RequestLog


class ApiServer:
    """Answers ``/v1/...``. A fault strikes before the work, with ``after_work`` only after it.

    Documented: no endpoint here has an idempotency key, so whatever is sent twice happens twice.
    """

    def __init__(self, world: World, *, api_key: str, faults: Faults) -> None:
        self.requests = RequestLog()
        self._world = world
        self._api_key = api_key
        self._faults = faults
        self._router = Router(ROUTES)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        entry = LoggedRequest(
            self._world.clock.now(),
            request.method,
            request.path,
            {},
            request.headers.get("Idempotency-Key"),
        )
        self.requests.entries.append(entry)
        try:
            self._authenticate(request)
            entry.params = await _parameters(request)
        except CreemError as error:
            return self._respond(entry, error.status, self._body(error))
        fault = self._faults.take(request.method, request.path)
        if fault and not fault.after_work:
            await fault.delay()
            if fault.replaces_answer:
                return self._strike(request, entry, fault)
        status, body = self._work(entry)
        if fault and fault.after_work:
            await fault.delay()
            if fault.replaces_answer:
                return self._strike(request, entry, fault)
        return self._respond(entry, status, body)

    def _authenticate(self, request: web.Request) -> None:
        given = request.headers.get("x-api-key", "")
        if not hmac.compare_digest(given.encode(), self._api_key.encode()):
            raise CreemError(status=403)

    def _work(self, asked: LoggedRequest) -> tuple[int, Json]:
        clockwork.catch_up(self._world)
        try:
            route, object_id = self._router.match(asked.method, asked.path)
            params = route.params.read(asked.params)
            return 200, route.handle(Call(self._world, object_id, params))
        except CreemError as error:
            return error.status, self._body(error)

    def _strike(
        self, request: web.Request, entry: LoggedRequest, fault: Fault
    ) -> web.StreamResponse:
        if fault.drop:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        error = CreemError("The sandbox was told to fail", status=fault.status or 500)
        return self._respond(entry, error.status, self._body(error))

    def _body(self, error: CreemError) -> Json:
        return error.body(at=self._world.clock.now())

    @staticmethod
    def _respond(entry: LoggedRequest, status: int, body: Json) -> web.Response:
        entry.status = status
        return web.json_response(body, status=status)


async def _parameters(request: web.Request) -> Json:
    """The query of a GET, the JSON body of anything else. Raises CreemError for another body."""
    if request.method == "GET":
        return dict(request.query)
    raw = await request.read()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise CreemError("The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise CreemError("The body must be an object")
    return body
