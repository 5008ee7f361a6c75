"""GET /transcripts/...: a transcript and its files, at a link that was made for one person."""

from urllib.parse import quote

from aiohttp import web

from bot.domain.errors import MooringError
from bot.domain.files import picture_type
from bot.domain.identifiers import AttachmentId, TicketId, UserId
from bot.domain.ticket_record import KeptFile
from bot.domain.transcript import STAFF_LINK, Copy, LinkClosedError, TranscriptLink, WhyClosed
from bot.services.membership import RolesUnknownError
from bot.services.ticket_files import TicketFileService
from bot.services.transcript_links import TranscriptLinks
from bot.services.transcripts import TranscriptService
from bot.transcripts.closed import closed_page, waiting_page
from bot.transcripts.templates import POLICY

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE_POLICY = f"{POLICY}; frame-ancestors 'none'"
_FILE_POLICY = "default-src 'none'; sandbox"
_LONGEST_SIGNATURE = 64
_HEAD_BYTES = 16


class TranscriptPages:
    """Two routes. A link that we have not made is told nothing about which tickets exist."""

    def __init__(
        self, links: TranscriptLinks, transcripts: TranscriptService, files: TicketFileService
    ) -> None:
        """The services decide who may read what."""
        self._links = links
        self._transcripts = transcripts
        self._files = files

    def add_to(self, application: web.Application) -> None:
        """Add the routes. Asking for their headers alone would count as having read them."""
        add = application.router.add_get
        add("/transcripts/{ticket}", self.show, allow_head=False)
        add("/transcripts/{ticket}/files/{file:[0-9]{1,20}}", self.hand_out, allow_head=False)

    async def show(self, request: web.Request) -> web.Response:
        """The page."""
        try:
            link, signature = _link(request)
            person = await self._links.open(link, signature, reader=_reader(request, signature))
            query = self._links.query_of(link)
            html = await self._transcripts.page(link, person, query=query)
        except RolesUnknownError:
            return _page(waiting_page(), status=503)
        except (LinkClosedError, MooringError, ValueError) as error:
            return _closed(error)
        response = _page(html)
        if link.copy is Copy.STAFF:
            response.set_cookie(
                _cookie(signature),
                self._links.reader_of(link),
                max_age=int(STAFF_LINK.total_seconds()),
                path=self._links.path_of(link),
                secure=True,
                httponly=True,
                samesite="Lax",
            )
        return response

    async def hand_out(self, request: web.Request) -> web.StreamResponse:
        """A file, to be saved: only pictures say what they are."""
        try:
            wanted = AttachmentId(int(request.match_info["file"]))
            link, signature = _link(request)
            shown = _reader(request, signature)
            person = await self._links.require_opened(link, signature, reader=shown)
            file = await self._transcripts.file_at(link, wanted, person)
        except RolesUnknownError:
            return _page(waiting_page(), status=503)
        except (LinkClosedError, MooringError, ValueError) as error:
            return _closed(error)
        return self._download(file)

    def _download(self, file: KeptFile) -> web.StreamResponse:
        path = self._files.path(file)
        if path is None:
            return _closed(LinkClosedError(WhyClosed.NOT_OURS))
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


def _cookie(signature: str) -> str:
    """A name for each link, so that two can be open side by side."""
    return f"transcript_{signature[:16]}"


def _reader(request: web.Request, signature: str) -> str:
    return request.cookies.get(_cookie(signature), "")


def _closed(error: Exception) -> web.Response:
    closed = error if isinstance(error, LinkClosedError) else LinkClosedError(WhyClosed.NOT_OURS)
    return _page(closed_page(closed), status=403)


def _page(html: str, *, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        text=html,
        content_type="text/html",
        headers={**_HEADERS, "Content-Security-Policy": _PAGE_POLICY},
    )
