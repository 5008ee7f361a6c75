"""The page: who sees what, and which pictures are in it."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from markupsafe import Markup, escape

from bot.domain.files import may_be_picture, picture_type, readable_size
from bot.domain.identifiers import MessageId
from bot.domain.ticket_record import KeptFile, RecordedMessage, TicketRecord
from bot.domain.transcript import Copy
from bot.transcripts.excerpt import excerpt
from bot.transcripts.markdown import link_to, render, unturned
from bot.transcripts.templates import environment


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _time(moment: datetime) -> str:
    return f"{_day(moment)}, {moment:%H:%M}"


def _time_beside(moment: datetime, other: datetime) -> str:
    """The day is said where it is another one."""
    return f"{moment:%H:%M}" if _day(moment) == _day(other) else _time(moment)


def _link_label(label: str, url: str) -> Markup:
    shown = escape(unturned(label))
    return link_to(url, shown) if url else shown


environment.filters.update(
    day=_day,
    time=_time,
    time_beside=_time_beside,
    size=readable_size,
    name=unturned,
    link_label=_link_label,
    markdown=render,
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
    messages = [each for each in record.messages if _stands_in(each, copy)]
    by_id: dict[MessageId, RecordedMessage] = {each.message_id: each for each in messages}
    return environment.get_template("page.html").render(
        ticket=record.ticket,
        is_cut=record.is_cut,
        left_out=record.left_out,
        messages=messages,
        by_id=by_id,
        is_staff=copy is not Copy.MEMBER,
        has_notes=copy is Copy.STAFF,
        topic=topic,
        labels=labels,
        names=_names(messages),
        pictures=_pictures(messages, sources),
        sources=sources,
        excerpt=excerpt,
    )


def _stands_in(message: RecordedMessage, copy: Copy) -> bool:
    if copy is Copy.MEMBER:
        return message.for_member
    return copy is Copy.STAFF or not message.internal


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
