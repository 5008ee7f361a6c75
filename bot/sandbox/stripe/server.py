"""The HTTP side of the API: authentication, faults, idempotency, dispatch, errors."""

import base64
import binascii
import hmac
import json
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.faults import Fault, Faults
from bot.sandbox.request_log import LoggedRequest, RequestLog
from bot.sandbox.stripe import clockwork
from bot.sandbox.stripe.expand import expanded
from bot.sandbox.stripe.idempotency import IdempotencyKeys, Saved
from bot.sandbox.stripe.resources import ROUTES
from bot.sandbox.stripe.restrictions import Restrictions
from bot.sandbox.stripe.routing import Call, Router
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import (
    API_VERSION,
    Form,
    Json,
    StripeError,
    ValidationError,
    decode_form,
)
from bot.sandbox.stripe.world import Origin, World


@dataclass(frozen=True, slots=True)
class _Request:
    id: str
    method: str
    path: str
    form: Form
    key: str | None


class ApiServer:
    """Answers ``/v1/...``. A fault strikes before the work, and its answer is then not saved under
    the idempotency key, unless it says ``saved``; with ``after_work`` the work is done first: a
    status answered then is saved and replayed (as a 500 of Stripe's is), a dropped answer leaves
    the true one saved."""

    def __init__(self, world: World, *, api_key: str, faults: Faults) -> None:
        self.requests = RequestLog()
        self.restrictions = Restrictions()
        self._world = world
        self._api_key = api_key
        self._faults = faults
        self._keys = IdempotencyKeys()
        self._router = Router(ROUTES)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form: Form = {}
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        entry = LoggedRequest(self._world.clock.now(), request.method, request.path, form, key)
        self.requests.entries.append(entry)
        request_id = new_id("req", 14)
        try:
            self._authenticate(request)
            self.restrictions.check(request.method, request.path)
            text = (
                await request.text() if request.can_read_body else request.rel_url.raw_query_string
            )
            form = entry.params = decode_form(text)
            asked = _Request(request_id, request.method, request.path, form, key)
            saved = self._keys.begin(key, _fingerprint(asked)) if key else None
        except StripeError as error:
            entry.status = error.status
            return self._respond(request_id, error.status, error.body(request_id))
        if saved is not None:
            entry.status, entry.replayed = saved.status, True
            return self._respond(request_id, saved.status, saved.body, key=key, replayed=True)
        return await self._carry_out(request, asked, entry)

    async def _carry_out(
        self, request: web.Request, asked: _Request, entry: LoggedRequest
    ) -> web.StreamResponse:
        fault = self._faults.take(asked.method, asked.path)
        try:
            if fault and not fault.after_work:
                await fault.delay()
                if fault.replaces_answer:
                    if asked.key and fault.saved and fault.status is not None:
                        refused = Saved(fault.status, _fault_body(fault.status, asked.id))
                        self._keys.finish(asked.key, refused)
                    return self._strike(request, asked, fault, entry)
            status, body, save = self._work(asked)
            if fault and fault.after_work and fault.status is not None:
                status, body = fault.status, _fault_body(fault.status, asked.id)
            if asked.key and save:
                self._keys.finish(asked.key, Saved(status, body))
        finally:
            if asked.key:
                self._keys.abandon_unfinished(asked.key)
        if fault and fault.after_work:
            await fault.delay()
            if fault.drop:
                return self._strike(request, asked, fault, entry)
        entry.status = status
        return self._respond(asked.id, status, body, key=asked.key)

    def _work(self, asked: _Request) -> tuple[int, Json, bool]:
        """Status, body, and whether they are to be saved under the idempotency key."""
        clockwork.catch_up(self._world)
        try:
            with self._world.caused_by(Origin(asked.id, asked.key)):
                return 200, self._dispatch(asked), True
        except StripeError as error:
            save = not isinstance(error, ValidationError)
            return error.status, error.body(asked.id), save

    def _dispatch(self, asked: _Request) -> Json:
        route, path = self._router.match(asked.method, asked.path)
        params = route.params.parse(asked.form, "")
        paths = params.pop("expand", [])
        answer = route.handle(Call(self._world, path, params, asked.path))
        return expanded(self._world, answer, paths)

    def _strike(
        self, request: web.Request, asked: _Request, fault: Fault, entry: LoggedRequest
    ) -> web.StreamResponse:
        if fault.drop:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        entry.status = fault.status
        return self._respond(asked.id, entry.status or 500, _fault_body(entry.status, asked.id))

    def _authenticate(self, request: web.Request) -> None:
        given = _api_key(request.headers.get("Authorization", ""))
        if not given:
            raise StripeError(
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY').",
                status=401,
            )
        if not hmac.compare_digest(given.encode(), self._api_key.encode()):
            masked = f"{given[:8]}{'*' * 12}{given[-4:]}" if len(given) > 12 else "*" * len(given)
            raise StripeError(f"Invalid API Key provided: {masked}", status=401)
        version = request.headers.get("Stripe-Version", API_VERSION)
        if version != API_VERSION:
            raise StripeError(
                f"Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION} only."
            )

    def _respond(
        self,
        request_id: str,
        status: int,
        body: Json,
        *,
        key: str | None = None,
        replayed: bool = False,
    ) -> web.Response:
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        if key:
            headers["Idempotency-Key"] = key
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
        if status == 429:
            headers["Retry-After"] = "1"
        text = json.dumps(body)
        return web.Response(
            status=status, text=text, headers=headers, content_type="application/json"
        )


def _api_key(authorization: str) -> str:
    """The key of a Bearer or a Basic header (there it is the user name)."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return credentials.strip() if scheme.lower() == "bearer" else ""


def _fingerprint(asked: _Request) -> str:
    return json.dumps([asked.method, asked.path, asked.form], sort_keys=True)


def _fault_body(status: int | None, request_id: str) -> Json:
    if status == 429:
        error = StripeError(
            "Request rate limit exceeded. Learn more about rate limits here "
            "https://stripe.com/docs/rate-limits.",
            code="rate_limit",
        )
    elif status is not None and status < 500:
        error = StripeError("The sandbox was told to refuse this request.")
    else:
        error = StripeError(
            "An unknown error occurred. Please let us know at support@stripe.com.", kind="api_error"
        )
    return error.body(request_id)
