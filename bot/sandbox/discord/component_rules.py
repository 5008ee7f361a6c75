"""What Discord refuses in message components, legacy and Components V2."""

from __future__ import annotations

from collections.abc import Callable, Collection

from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord.forms import Form, Path
from bot.sandbox.discord.wire import Json

MAX_COMPONENTS = 40
MAX_TEXT = 4000
MAX_LEGACY_ROWS = 5
ROW_WIDTH = 5

Check = Callable[[Form, Path, Json], None]


def check_message_components(form: Form, components: list[Json], *, v2: bool) -> None:
    """Note everything refused in a message's components."""
    path: Path = ("components",)
    if not v2:
        form.length(path, components, high=MAX_LEGACY_ROWS)
    allowed = ct.TOP_LEVEL_V2 if v2 else ct.TOP_LEVEL_LEGACY
    for index, component in enumerate(components):
        _check(form, (*path, index), component, allowed)
    check_totals(form, components)


def check_totals(form: Form, components: list[Json]) -> None:
    """Limits over a whole tree: its size, its text, and custom_ids that repeat."""
    seen: set[str] = set()
    count = text = 0
    for path, component in ct.walk(components, ("components",)):
        count += 1
        if component.get("type") == ct.TEXT_DISPLAY:
            text += len(str(component.get("content", "")))
        custom_id = component.get("custom_id")
        if custom_id is None:
            continue
        if custom_id in seen:
            form.add(
                (*path, "custom_id"),
                "COMPONENT_CUSTOM_ID_DUPLICATED",
                "Component custom id cannot be duplicated",
            )
        seen.add(custom_id)
    if count > MAX_COMPONENTS:
        form.add(
            ("components",),
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"The total number of components cannot exceed {MAX_COMPONENTS}",
        )
    if text > MAX_TEXT:
        form.add(
            ("components",),
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"The total size of displayable text exceeds {MAX_TEXT}",
        )


def _check(form: Form, path: Path, component: Json, allowed: Collection[int]) -> None:
    kind = component.get("type")
    if not isinstance(kind, int) or kind not in allowed:
        choices = ", ".join(str(choice) for choice in sorted(allowed))
        form.add((*path, "type"), "BASE_TYPE_CHOICES", f"Value must be one of {{{choices}}}.")
        return
    CHECKS[kind](form, path, component)


def _action_row(form: Form, path: Path, row: Json) -> None:
    parts: list[Json] = row.get("components") or []
    form.length((*path, "components"), parts, low=1, high=ROW_WIDTH)
    selects = [part for part in parts if part.get("type") in ct.SELECTS]
    if selects and len(parts) > 1:
        form.add(
            (*path, "components"),
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )
    for index, part in enumerate(parts):
        _check(form, (*path, "components", index), part, ct.SELECTS | {ct.BUTTON})


def _button(form: Form, path: Path, button: Json) -> None:
    form.length((*path, "label"), button.get("label"), high=80)
    form.length((*path, "custom_id"), button.get("custom_id"), low=1, high=100)
    style, custom_id, url = button.get("style"), button.get("custom_id"), button.get("url")
    if not isinstance(style, int) or not 1 <= style <= ct.PREMIUM_STYLE:
        form.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
        return
    if style == ct.LINK_STYLE:
        if custom_id is not None:
            form.add(
                path,
                "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                "A custom id and url cannot both be specified",
            )
        if form.required((*path, "url"), url):
            form.length((*path, "url"), url, low=1, high=512)
            if not str(url).startswith(("http://", "https://", "discord://")):
                form.add((*path, "url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be http(s).")
    elif style != ct.PREMIUM_STYLE:
        form.required((*path, "custom_id"), custom_id)
        if url is not None:
            form.add((*path, "url"), "BUTTON_COMPONENT_URL_INVALID", "Only a link has a url")
    if style != ct.PREMIUM_STYLE and not button.get("label") and not button.get("emoji"):
        form.add(path, "BUTTON_COMPONENT_LABEL_REQUIRED", "A label or an emoji is required")


def check_select(form: Form, path: Path, select: Json) -> None:
    """Rules that hold for a select in a message and in a modal alike."""
    if form.required((*path, "custom_id"), select.get("custom_id")):
        form.length((*path, "custom_id"), select.get("custom_id"), low=1, high=100)
    form.length((*path, "placeholder"), select.get("placeholder"), high=150)
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if low is not None and high is not None and low > high:
        form.add((*path, "min_values"), "SELECT_COMPONENT_RANGE", "min_values exceeds max_values")
    if select["type"] == ct.STRING_SELECT:
        check_options(form, path, select, low=1, high=25)


def check_options(form: Form, path: Path, group: Json, *, low: int, high: int) -> None:
    """Rules for the options of a select, a radio group or a checkbox group."""
    options: list[Json] = group.get("options") or []
    form.length((*path, "options"), options, low=low, high=high)
    seen: set[str] = set()
    for index, option in enumerate(options):
        here = (*path, "options", index)
        for key in ("label", "value"):
            if form.required((*here, key), option.get(key)):
                form.length((*here, key), option[key], low=1, high=100)
        form.length((*here, "description"), option.get("description"), high=100)
        value = option.get("value")
        if value in seen:
            form.add(
                (*here, "value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        seen.add(str(value))


def _section(form: Form, path: Path, section: Json) -> None:
    parts: list[Json] = section.get("components") or []
    form.length((*path, "components"), parts, low=1, high=3)
    for index, part in enumerate(parts):
        _check(form, (*path, "components", index), part, {ct.TEXT_DISPLAY})
    if form.required((*path, "accessory"), section.get("accessory")):
        _check(form, (*path, "accessory"), section["accessory"], {ct.BUTTON, ct.THUMBNAIL})


def check_text_display(form: Form, path: Path, display: Json) -> None:
    """A text display has 1 to 4000 characters."""
    if form.required((*path, "content"), display.get("content")):
        form.length((*path, "content"), display["content"], low=1, high=MAX_TEXT)


def _gallery(form: Form, path: Path, gallery: Json) -> None:
    form.length((*path, "items"), gallery.get("items") or [], low=1, high=10)


def _file(form: Form, path: Path, file: Json) -> None:
    url = (file.get("file") or {}).get("url", "")
    if not url.startswith("attachment://"):
        form.add(
            (*path, "file", "url"),
            "URL_TYPE_INVALID_SCHEME",
            'Scheme must be one of ("attachment",).',
        )


def _container(form: Form, path: Path, container: Json) -> None:
    parts: list[Json] = container.get("components") or []
    form.length((*path, "components"), parts, low=1, high=MAX_COMPONENTS)
    for index, part in enumerate(parts):
        _check(form, (*path, "components", index), part, ct.IN_CONTAINER)


def _anything(form: Form, path: Path, component: Json) -> None:
    """Types without rules of their own."""


CHECKS: dict[int, Check] = {
    ct.ACTION_ROW: _action_row,
    ct.BUTTON: _button,
    **dict.fromkeys(ct.SELECTS, check_select),
    ct.SECTION: _section,
    ct.TEXT_DISPLAY: check_text_display,
    ct.THUMBNAIL: _anything,
    ct.MEDIA_GALLERY: _gallery,
    ct.FILE: _file,
    ct.SEPARATOR: _anything,
    ct.CONTAINER: _container,
}
