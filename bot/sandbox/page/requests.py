"""What the page's server accepts: local requests with a JSON body, and how it refuses others."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.sandbox.discord.wire import Json

PAGE_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
DOCUMENT_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""For documents that others wrote (mails, transcripts): styles and inline pictures only."""


class Refused(Exception):
    """A request that is answered with an error: ``code`` for the page, ``message`` for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def answer(body: Json, *, status: int = 200) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


async def read_json(request: web.Request) -> Json:
    """The JSON object of a POST.

    Raises:
        Refused: the body is not a JSON object.
    """
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(400, "not_json", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Refused(400, "not_json", "The body is not a JSON object.")
    return body


def text(body: Json, key: str) -> str:
    """A required string of a request's body.

    Raises:
        Refused: it is missing or no string.
    """
    value = body.get(key)
    if not isinstance(value, str):
        raise Refused(400, "bad_request", f"{key} must be a string.")
    return value


def local_only(port: Callable[[], int]) -> Middleware:
    """The middleware that keeps other sites out.

    The Host check stops DNS rebinding; the content type stops a cross-site form, because a browser
    asks first (and is refused) before it sends JSON to another origin.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        hosts = {f"127.0.0.1:{port()}", f"localhost:{port()}"}
        origin = request.headers.get("Origin")
        if request.host not in hosts:
            return _refusal(
                Refused(403, "wrong_host", "This server answers only on its own address.")
            )
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            return _refusal(Refused(403, "wrong_origin", "Requests from other sites are refused."))
        if request.method == "POST" and request.content_type != "application/json":
            return _refusal(Refused(415, "not_json", "Send application/json."))
        try:
            return await handler(request)
        except Refused as refused:
            return _refusal(refused)

    return middleware


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the page's policy, unless it brought a stricter one."""
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers.setdefault("Cache-Control", "no-cache")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"


def _refusal(refused: Refused) -> web.Response:
    return answer({"error": refused.code, "message": refused.message}, status=refused.status)
