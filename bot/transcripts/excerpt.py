"""One line that tells a message from others, for those that answer it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from bot.domain.ticket_record import RecordedMessage
from bot.transcripts.markdown import Names, render

LONGEST = 120
# Between what stands on lines of its own there is no space.
_BLOCK = re.compile(r"</?(?:div|pre|blockquote)\b")


def excerpt(message: RecordedMessage, names: Names) -> str:
    """The beginning of what it says, as people read it; or else of what came with it."""
    for written in _texts(message):
        html = _BLOCK.sub(r" \g<0>", str(render(written, names)))
        said = Markup(html).striptags()  # noqa: S704 - what is left is text again
        if said:
            return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
    return "a message"


def _texts(message: RecordedMessage) -> Iterator[str]:
    rich = message.rich or {}
    if "components" in rich:
        yield from _in_components(rich["components"])
    yield message.content
    for embed in rich.get("embeds", ()):
        yield embed.get("title", "")
        yield embed.get("text", "")
    for part in ("poll", "forwarded", "stickers"):
        yield from rich.get(part, ())
    yield from (file.filename for file in message.files)


def _in_components(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        yield part.get("text", "")
        yield from _in_components(part.get("box", ()))
