"""The page: who sees what, which pictures are in it, and its policy for browsers."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from bot.domain.files import may_be_picture, picture_type, readable_size
from bot.domain.identifiers import MessageId
from bot.domain.ticket_record import KeptFile, RecordedMessage, TicketRecord
from bot.domain.transcript import Copy
from bot.transcripts.markdown import link_to, render, unturned

_EXCERPT = 120
_STYLE = (Path(__file__).parent / "style.css").read_text().strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(f"\n{_STYLE}\n".encode()).digest()).decode()
# Nothing is loaded from anywhere, nothing runs, nothing is sent. Also sent as a header.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)

_environment = Environment(
    loader=PackageLoader("bot.transcripts", ""),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _time(moment: datetime) -> str:
    return f"{moment:%d %B %Y, %H:%M} UTC"


def _link_label(label: str, url: str) -> Markup:
    shown = escape(unturned(label))
    return link_to(url, shown) if url else shown


_environment.filters.update(
    time=_time, size=readable_size, name=unturned, link_label=_link_label, markdown=render
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the bytes of files are, and how many of them the page may carry.

    `link` gives the address that hands a file out, in a page that is read from Mooring itself.
    """

    path: Callable[[KeptFile], Path | None]
    picture_bytes: int
    link: Callable[[KeptFile], str] | None = None


def render_page(
    record: TicketRecord,
    *,
    copy: Copy,
    topic: str,
    labels: Mapping[str, str],
    sources: Sources,
) -> str:
    """The file's text. `labels` are the questions of the topic, by the ids of their answers."""
    is_staff = copy is Copy.STAFF
    messages = [each for each in record.messages if is_staff or each.for_member]
    by_id: dict[MessageId, RecordedMessage] = {each.message_id: each for each in messages}
    return _environment.get_template("page.html").render(
        ticket=record.ticket,
        is_cut=record.is_cut,
        messages=messages,
        by_id=by_id,
        is_staff=is_staff,
        topic=topic,
        labels=labels,
        names=_names(messages),
        pictures=_pictures(messages, sources),
        sources=sources,
        policy=Markup(POLICY),  # noqa: S704 - a constant
        style=Markup(_STYLE),  # noqa: S704 - our own file
        excerpt=_excerpt,
    )


def _names(messages: list[RecordedMessage]) -> dict[str, str]:
    """Of everybody who wrote or was mentioned."""
    names: dict[str, str] = {}
    for message in messages:
        names.update((message.rich or {}).get("names", {}))
        names[str(message.author_id)] = f"@{message.author_name}"
    return names


def _pictures(messages: list[RecordedMessage], sources: Sources) -> dict[int, str]:
    """Pictures as parts of the page, the first ones first, until there is no more room."""
    found: dict[int, str] = {}
    left = sources.picture_bytes
    for file in (file for message in messages for file in message.files):
        path = sources.path(file) if may_be_picture(file.filename) and file.size <= left else None
        if path is None:
            continue
        data = path.read_bytes()
        content_type = picture_type(file.filename, data)
        if content_type is not None:
            left -= len(data)
            found[file.id] = f"data:{content_type};base64,{base64.b64encode(data).decode()}"
    return found


def _excerpt(text: str) -> str:
    """The beginning of what somebody answered."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _EXCERPT else f"{flat[: _EXCERPT - 1]}…"
