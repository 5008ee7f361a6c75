"""What Discord refuses in embeds, and the form in which it stores them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.discord.files import Attachment
from bot.sandbox.discord.forms import Form, Path
from bot.sandbox.discord.wire import Json

MAX_EMBEDS = 10
MAX_TOTAL = 6000

_TEXTS: tuple[tuple[Path, int], ...] = (
    (("title",), 256),
    (("description",), 4096),
    (("footer", "text"), 2048),
    (("author", "name"), 256),
)
_LINKS: tuple[Path, ...] = (
    ("url",),
    ("image", "url"),
    ("thumbnail", "url"),
    ("author", "url"),
    ("author", "icon_url"),
    ("footer", "icon_url"),
)


def check_embeds(form: Form, embeds: list[Json]) -> None:
    """Note everything refused in a message's embeds."""
    form.length(("embeds",), embeds, high=MAX_EMBEDS)
    total = 0
    for index, embed in enumerate(embeds):
        total += _check_embed(form, ("embeds", index), embed)
    if total > MAX_TOTAL:
        form.add(
            ("embeds",),
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {MAX_TOTAL}",
        )


def _check_embed(form: Form, path: Path, embed: Json) -> int:
    total = 0
    for below, high in _TEXTS:
        text = _get(embed, below)
        form.length(path + below, text, high=high)
        total += len(text) if isinstance(text, str) else 0
    for below in _LINKS:
        url = _get(embed, below)
        if isinstance(url, str) and not url.startswith(("http://", "https://", "attachment://")):
            form.add(path + below, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    fields: list[Json] = embed.get("fields") or []
    form.length((*path, "fields"), fields, high=25)
    for index, field in enumerate(fields):
        for key, high in (("name", 256), ("value", 1024)):
            here = (*path, "fields", index, key)
            if form.required(here, field.get(key)):
                form.length(here, field[key], low=1, high=high)
                total += len(field[key])
    return total


def _get(embed: Json, path: Path) -> object:
    node: object = embed
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def stored_embed(embed: Json, attachments: Sequence[Attachment]) -> Json:
    """An embed as the API gives it back: rich, without nulls, uploads by their address."""
    urls = {f"attachment://{a.filename}": a.url for a in attachments}
    stored = {key: value for key, value in embed.items() if value is not None}
    stored["type"] = "rich"
    for key in ("image", "thumbnail"):
        if media := stored.get(key):
            url = urls.get(media["url"], media["url"])
            stored[key] = {"url": url, "proxy_url": url, "width": 0, "height": 0, "flags": 0}
    for key in ("author", "footer"):
        if part := stored.get(key):
            stored[key] = {name: urls.get(text, text) for name, text in part.items() if text}
    if "fields" in stored:
        stored["fields"] = [
            {"name": f["name"], "value": f["value"], "inline": bool(f.get("inline"))}
            for f in stored["fields"]
        ]
    return stored
