"""Files of the sandbox's CDN under the page's own address, shown inertly."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator, Callable

import aiohttp
from aiohttp import web

from bot.sandbox.page.requests import DOCUMENT_POLICY, Refused


def shown_type(filename: str) -> str:
    """By the file's name: bots upload nearly everything as application/octet-stream."""
    kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


class Attachments:
    """Fetches attachments by their signed paths.

    A browser would download them from the CDN; here a transcript opens in a tab, so its answer
    carries a policy under which a page that somebody wrote can run nothing.
    """

    def __init__(self, cdn_url: Callable[[], str]) -> None:
        self._cdn_url = cdn_url
        self._session: aiohttp.ClientSession | None = None

    def add_to(self, app: web.Application) -> None:
        """Serve ``/cdn/attachments/...`` for as long as the application runs."""
        app.router.add_get("/cdn/attachments/{channel}/{attachment}/{name}", self._fetch)
        app.cleanup_ctx.append(self._connected)

    async def _connected(self, _app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as self._session:
            yield

    async def _fetch(self, request: web.Request) -> web.Response:
        assert self._session is not None  # noqa: S101 - requests come only while it runs
        path = request.rel_url.raw_path.removeprefix("/cdn")
        url = f"{self._cdn_url()}{path}?{request.rel_url.raw_query_string}"
        async with self._session.get(url, allow_redirects=False) as found:
            if found.status != 200:
                raise Refused(404, "no_such_file", "This file is gone, or its link has expired.")
            return web.Response(
                body=await found.read(),
                headers={
                    "Content-Type": shown_type(request.match_info["name"]),
                    "Content-Security-Policy": DOCUMENT_POLICY,
                },
            )
