"""Messages and modals as a reader sees them: texts, buttons, selects and fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord.wire import Json

if TYPE_CHECKING:
    from bot.sandbox.discord.interactions import Interaction


@dataclass(frozen=True, slots=True)
class Button:
    """A button; ``style`` 1 primary, 2 secondary, 3 success, 4 danger, 5 link."""

    label: str | None
    custom_id: str | None
    style: int
    disabled: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a select, a radio group or a checkbox group."""

    label: str
    value: str
    description: str | None
    default: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A select menu; ``type`` is its component type (3 string, 5 user, 6 role, 8 channel)."""

    type: int
    custom_id: str
    placeholder: str | None
    options: tuple[Option, ...]
    min_values: int
    max_values: int
    disabled: bool


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a modal, under its label.

    ``value`` is what it is filled with at first; ``min_length`` and ``max_length`` belong to
    text inputs, ``min_values`` and ``max_values`` to everything with several values.
    """

    type: int
    id: int
    custom_id: str
    label: str
    description: str | None
    required: bool
    style: int | None
    placeholder: str | None
    value: str | None
    options: tuple[Option, ...]
    min_length: int
    max_length: int
    min_values: int
    max_values: int


class Modal:
    """A modal that the bot opened for one person."""

    def __init__(self, data: Json, *, components: Sequence[Json], opener: Interaction) -> None:
        self.title: str = data["title"]
        self.custom_id: str = data["custom_id"]
        self.components = components
        self.opener = opener
        """The interaction whose response it is."""
        self.fields = tuple(_fields(components))

    @property
    def text(self) -> str:
        """The texts between the fields."""
        return "\n".join(texts(self.components))

    def field(self, key: str) -> Field:
        """The field with this label or custom_id.

        Raises:
            KeyError: there is none.
        """
        for field in self.fields:
            if key in (field.label, field.custom_id):
                return field
        raise KeyError(f"no field {key!r}; there are {[f.label for f in self.fields]}")

    def payload(self) -> Json:
        """The modal as JSON: title, custom_id and components."""
        return {"title": self.title, "custom_id": self.custom_id, "components": self.components}


def texts(components: Sequence[Json]) -> Iterator[str]:
    """The texts of TextDisplays, in reading order."""
    for _, component in ct.walk(components):
        if component["type"] == ct.TEXT_DISPLAY:
            yield component["content"]


def embed_texts(embed: Json) -> Iterator[str]:
    """The texts of an embed, in reading order."""
    yield (embed.get("author") or {}).get("name", "")
    yield embed.get("title", "")
    yield embed.get("description", "")
    for field in embed.get("fields", ()):
        yield field["name"]
        yield field["value"]
    yield (embed.get("footer") or {}).get("text", "")


def buttons(components: Sequence[Json]) -> list[Button]:
    """The buttons of a message, in reading order."""
    return [
        Button(
            c.get("label"), c.get("custom_id"), c["style"], c.get("disabled", False), c.get("url")
        )
        for _, c in ct.walk(components)
        if c["type"] == ct.BUTTON
    ]


def selects(components: Sequence[Json]) -> list[Select]:
    """The selects of a message, in reading order."""
    return [
        Select(
            type=c["type"],
            custom_id=c["custom_id"],
            placeholder=c.get("placeholder"),
            options=_options(c),
            min_values=c["min_values"],
            max_values=c["max_values"],
            disabled=c.get("disabled", False),
        )
        for _, c in ct.walk(components)
        if c["type"] in ct.SELECTS
    ]


def _options(component: Json) -> tuple[Option, ...]:
    return tuple(
        Option(o["label"], o["value"], o.get("description"), bool(o.get("default")))
        for o in component.get("options", ())
    )


def _fields(components: Sequence[Json]) -> Iterator[Field]:
    for component in components:
        if component["type"] == ct.LABEL:
            part, label = component["component"], component["label"]
            yield _field(part, label, component.get("description"))
        elif component["type"] == ct.ACTION_ROW:
            for part in component["components"]:
                yield _field(part, part.get("label", ""), None)


def _field(part: Json, label: str, description: str | None) -> Field:
    options = _options(part)
    many = len(options) if part["type"] == ct.CHECKBOX_GROUP else 1
    return Field(
        type=part["type"],
        id=part["id"],
        custom_id=part["custom_id"],
        label=label,
        description=description,
        required=part.get("required", part["type"] != ct.CHECKBOX),
        style=part.get("style"),
        placeholder=part.get("placeholder"),
        value=part.get("value"),
        options=options,
        min_length=part.get("min_length", 0),
        max_length=part.get("max_length", 4000),
        min_values=part.get("min_values", 1),
        max_values=part.get("max_values", many),
    )
