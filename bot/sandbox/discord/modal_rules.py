"""What Discord refuses in a modal."""

from __future__ import annotations

from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord.component_rules import (
    check_options,
    check_select,
    check_text_display,
    check_totals,
)
from bot.sandbox.discord.forms import Form, Path
from bot.sandbox.discord.wire import Json

MAX_TOP_LEVEL = 5
MAX_INPUT = 4000


def check_modal(data: Json) -> None:
    """Refuse (50035) a modal that Discord would not show."""
    form = Form()
    for key, high in (("title", 45), ("custom_id", 100)):
        if form.required((key,), data.get(key)):
            form.length((key,), data[key], low=1, high=high)
    components: list[Json] = data.get("components") or []
    form.length(("components",), components, low=1, high=MAX_TOP_LEVEL)
    for index, component in enumerate(components):
        _top_level(form, ("components", index), component)
    check_totals(form, components)
    form.finish()


def _top_level(form: Form, path: Path, component: Json) -> None:
    kind = component.get("type")
    if kind == ct.LABEL:
        _label(form, path, component)
    elif kind == ct.TEXT_DISPLAY:
        check_text_display(form, path, component)
    elif kind == ct.ACTION_ROW:
        parts: list[Json] = component.get("components") or []
        form.length((*path, "components"), parts, low=1, high=1)
        for index, part in enumerate(parts):
            _input(form, (*path, "components", index), part, {ct.TEXT_INPUT})
            form.required((*path, "components", index, "label"), part.get("label"))
    else:
        _wrong_type(form, path, ct.IN_MODAL)


def _label(form: Form, path: Path, label: Json) -> None:
    if form.required((*path, "label"), label.get("label")):
        form.length((*path, "label"), label["label"], low=1, high=45)
    form.length((*path, "description"), label.get("description"), low=1, high=100)
    part = label.get("component")
    if form.required((*path, "component"), part) and isinstance(part, dict):
        _input(form, (*path, "component"), part, ct.IN_LABEL)
        if part.get("type") == ct.TEXT_INPUT and part.get("label"):
            form.add(
                (*path, "component", "label"),
                "TEXT_INPUT_LABEL_NOT_ALLOWED",
                "A text input inside a label has no label of its own",
            )


def _input(form: Form, path: Path, part: Json, allowed: set[int] | frozenset[int]) -> None:
    kind = part.get("type")
    if kind not in allowed:
        _wrong_type(form, path, allowed)
        return
    if form.required((*path, "custom_id"), part.get("custom_id")):
        form.length((*path, "custom_id"), part["custom_id"], low=1, high=100)
    if kind == ct.TEXT_INPUT:
        _text_input(form, path, part)
    elif kind in ct.SELECTS:
        check_select(form, path, part)
    elif kind == ct.RADIO_GROUP:
        check_options(form, path, part, low=2, high=10)
        _at_most_one_default(form, path, part)
    elif kind == ct.CHECKBOX_GROUP:
        check_options(form, path, part, low=1, high=10)


def _text_input(form: Form, path: Path, part: Json) -> None:
    form.length((*path, "label"), part.get("label"), low=1, high=45)
    form.length((*path, "placeholder"), part.get("placeholder"), high=100)
    low, high = part.get("min_length") or 0, part.get("max_length") or MAX_INPUT
    if not 0 <= low <= MAX_INPUT:
        form.add((*path, "min_length"), "NUMBER_TYPE_RANGE", "Must be between 0 and 4000.")
    if not 1 <= high <= MAX_INPUT:
        form.add((*path, "max_length"), "NUMBER_TYPE_RANGE", "Must be between 1 and 4000.")
    if low > high:
        form.add((*path, "min_length"), "TEXT_INPUT_RANGE", "min_length exceeds max_length")
    form.length((*path, "value"), part.get("value"), high=high)
    if part.get("style") not in (1, 2):
        form.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")


def _at_most_one_default(form: Form, path: Path, group: Json) -> None:
    if sum(bool(option.get("default")) for option in group.get("options") or []) > 1:
        form.add((*path, "options"), "RADIO_GROUP_DEFAULTS", "Only one option can be the default")


def _wrong_type(form: Form, path: Path, allowed: set[int] | frozenset[int]) -> None:
    choices = ", ".join(str(choice) for choice in sorted(allowed))
    form.add((*path, "type"), "BASE_TYPE_CHOICES", f"Value must be one of {{{choices}}}.")
