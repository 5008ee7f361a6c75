"""Components as the API gives them back: numbered, with defaults filled in, without nulls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count

from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord.files import Attachment
from bot.sandbox.discord.wire import Json

_DEFAULTS: dict[int, Json] = {
    ct.BUTTON: {"disabled": False},
    **{kind: {"min_values": 1, "max_values": 1, "disabled": False} for kind in ct.SELECTS},
    ct.SEPARATOR: {"divider": True, "spacing": 1},
    ct.CONTAINER: {"accent_color": None, "spoiler": False},
    ct.FILE: {"spoiler": False},
    ct.THUMBNAIL: {"description": None, "spoiler": False},
    ct.TEXT_INPUT: {"required": True, "min_length": 0, "max_length": 4000},
    ct.FILE_UPLOAD: {"required": True, "min_values": 1, "max_values": 1},
    ct.RADIO_GROUP: {"required": True},
    ct.CHECKBOX_GROUP: {"required": True},
    ct.CHECKBOX: {"default": False},
}


def stored_components(
    components: list[Json],
    attachments: Sequence[Attachment] = (),
    *,
    new_id: Callable[[], str],
) -> list[Json]:
    """The stored form of a tree; missing ``id`` numbers are given out in reading order."""
    if not components:
        return []
    taken = {c["id"] for _, c in ct.walk(components) if c.get("id")}
    free = (number for number in count(1) if number not in taken)
    store = _Store({f"attachment://{a.filename}": a for a in attachments}, free, new_id)
    return [store.component(component) for component in components]


def _emoji(emoji: Json) -> Json:
    """One of Unicode's has a name only."""
    return {key: value for key, value in emoji.items() if value is not None}


def _option(option: Json) -> Json:
    stored = {key: value for key, value in option.items() if value is not None}
    return stored | ({"emoji": _emoji(stored["emoji"])} if "emoji" in stored else {})


class _Store:
    """Turns the components of one message into their stored form."""

    def __init__(
        self, uploads: dict[str, Attachment], free: Iterator[int], new_id: Callable[[], str]
    ) -> None:
        self._uploads = uploads
        self._free = free
        self._new_id = new_id

    def component(self, component: Json) -> Json:
        """One component with everything in it."""
        kind = component["type"]
        stored = dict(_DEFAULTS.get(kind, {}))
        stored |= {key: value for key, value in component.items() if value is not None}
        stored["id"] = component.get("id") or next(self._free)
        if "emoji" in stored:
            stored["emoji"] = _emoji(stored["emoji"])
        if "options" in stored:
            stored["options"] = [_option(option) for option in stored["options"]]
        if "components" in stored:
            stored["components"] = [self.component(child) for child in stored["components"]]
        for key in ("accessory", "component"):
            if key in stored:
                stored[key] = self.component(stored[key])
        if kind == ct.FILE:
            upload = self._uploads.get(stored["file"]["url"])
            stored["name"] = upload.filename if upload else None
            stored["size"] = len(upload.data) if upload else None
            stored["file"] = self._media(stored["file"])
        elif kind == ct.THUMBNAIL:
            stored["media"] = self._media(stored["media"])
        elif kind == ct.MEDIA_GALLERY:
            stored["items"] = [
                {"description": None, "spoiler": False}
                | item
                | {"media": self._media(item["media"])}
                for item in stored["items"]
            ]
        return stored

    def _media(self, item: Json) -> Json:
        upload = self._uploads.get(item["url"])
        url = upload.url if upload else item["url"]
        unfurled: Json = {
            "id": self._new_id(),
            "url": url,
            "proxy_url": url,
            "width": 0,
            "height": 0,
            "content_type": upload.content_type if upload else None,
        }
        if upload:
            unfurled["attachment_id"] = upload.id
        return unfurled
