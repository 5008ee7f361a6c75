"""GET /transcripts/...: a transcript and its files, for whoever holds a signed link."""

from urllib.parse import quote

from aiohttp import web

from bot.domain.errors import MooringError
from bot.domain.files import picture_type
from bot.domain.identifiers import AttachmentId, TicketId, UserId
from bot.domain.transcript import Copy, TranscriptLink
from bot.services.ticket_files import TicketFileService
from bot.services.transcripts import TranscriptService
from bot.transcripts.page import POLICY

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE_POLICY = f"{POLICY}; frame-ancestors 'none'"
_FILE_POLICY = "default-src 'none'; sandbox"
_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>No longer open</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<h1>This link does not open</h1>
<p>It has expired, or it is not for you any more.</p>
<p>In Discord, <b>/ticket transcript</b> gives you a new one.</p></html>
"""
_LONGEST_SIGNATURE = 64
_HEAD_BYTES = 16


class TranscriptPages:
    """Two routes. Every refusal looks the same: it tells nobody which tickets exist."""

    def __init__(self, transcripts: TranscriptService, files: TicketFileService) -> None:
        """The services decide who may read what."""
        self._transcripts = transcripts
        self._files = files

    def add_to(self, application: web.Application) -> None:
        """Add the routes."""
        application.router.add_get("/transcripts/{ticket}", self.show)
        application.router.add_get("/transcripts/{ticket}/files/{file:[0-9]{1,20}}", self.hand_out)

    async def show(self, request: web.Request) -> web.Response:
        """The page."""
        try:
            html = await self._transcripts.page(*_link(request))
        except (MooringError, ValueError):
            return _refused()
        return web.Response(
            text=html,
            content_type="text/html",
            headers={**_HEADERS, "Content-Security-Policy": _PAGE_POLICY},
        )

    async def hand_out(self, request: web.Request) -> web.StreamResponse:
        """A file, to be saved: only pictures say what they are."""
        try:
            wanted = AttachmentId(int(request.match_info["file"]))
            file = await self._transcripts.file_at(*_link(request), wanted)
        except (MooringError, ValueError):
            return _refused()
        path = self._files.path(file)
        if path is None:
            return _refused()
        with path.open("rb") as opened:
            known = picture_type(file.filename, opened.read(_HEAD_BYTES))
        # RFC 8187: letters of every language in a header of ASCII, and no sign that ends it.
        name = quote(file.filename, safe="")
        return web.FileResponse(
            path,
            headers={
                **_HEADERS,
                "Content-Security-Policy": _FILE_POLICY,
                "Content-Type": known or "application/octet-stream",
                "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            },
        )


def _link(request: web.Request) -> tuple[TranscriptLink, str]:
    """What the address says; raises ValueError where it says it in no form of ours."""
    query = request.query
    link = TranscriptLink(
        TicketId(request.match_info["ticket"]),
        UserId(int(query.get("for", ""))),
        Copy(query.get("copy", "")),
        int(query.get("expires", "")),
    )
    return link, query.get("signature", "")[:_LONGEST_SIGNATURE]


def _refused() -> web.Response:
    return web.Response(
        status=403,
        text=_REFUSED,
        content_type="text/html",
        headers={**_HEADERS, "Content-Security-Policy": "default-src 'none'"},
    )
