"""Component type numbers, the fields each type may have, and a walk over a component tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.sandbox.discord.forms import Path
from bot.sandbox.discord.wire import Json

ACTION_ROW = 1
BUTTON = 2
STRING_SELECT = 3
TEXT_INPUT = 4
USER_SELECT = 5
ROLE_SELECT = 6
MENTIONABLE_SELECT = 7
CHANNEL_SELECT = 8
SECTION = 9
TEXT_DISPLAY = 10
THUMBNAIL = 11
MEDIA_GALLERY = 12
FILE = 13
SEPARATOR = 14
CONTAINER = 17
LABEL = 18
FILE_UPLOAD = 19
RADIO_GROUP = 21
CHECKBOX_GROUP = 22
CHECKBOX = 23

LINK_STYLE = 5
PREMIUM_STYLE = 6

SELECTS = frozenset({STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT})
TOP_LEVEL_LEGACY = frozenset({ACTION_ROW})
IN_CONTAINER = frozenset({ACTION_ROW, SECTION, TEXT_DISPLAY, MEDIA_GALLERY, FILE, SEPARATOR})
TOP_LEVEL_V2 = IN_CONTAINER | {CONTAINER}
IN_MODAL = frozenset({ACTION_ROW, LABEL, TEXT_DISPLAY})
IN_LABEL = SELECTS | {TEXT_INPUT, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX}
MODAL_INPUTS = IN_LABEL


def children(component: Json) -> Iterator[tuple[Path, Json]]:
    """The direct parts of a component, each with its path below the component."""
    for index, child in enumerate(component.get("components") or ()):
        yield ("components", index), child
    for key in ("accessory", "component"):
        if isinstance(component.get(key), dict):
            yield (key,), component[key]


def walk(components: Sequence[Json], path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Every component of a tree, parents first, with its path."""
    for index, component in enumerate(components):
        yield from _descend(component, (*path, index))


def _descend(component: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    yield path, component
    for below, child in children(component):
        yield from _descend(child, path + below)
