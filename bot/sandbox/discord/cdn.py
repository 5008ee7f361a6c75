"""Serves uploaded files by their signed addresses, and a plain picture for every avatar."""

from __future__ import annotations

import base64

from aiohttp import web

from bot.sandbox.discord.files import FileStore

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
_ATTACHMENT_PARTS = 4


def serve_file(store: FileStore, request: web.BaseRequest) -> web.Response:
    """Answer a request below /cdn/."""
    parts = request.path.removeprefix("/cdn/").split("/")
    if parts[0] == "attachments" and len(parts) == _ATTACHMENT_PARTS:
        found = store.open(parts[1], parts[2], dict(request.query))
        if found is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(
            body=found.data,
            headers={
                "Content-Type": found.content_type,
                "Content-Disposition": f'attachment; filename="{found.filename}"',
                "X-Content-Type-Options": "nosniff",
            },
        )
    if parts[0] in ("avatars", "embed", "icons"):
        return web.Response(body=_PIXEL, content_type="image/png")
    return web.Response(status=404)
