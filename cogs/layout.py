"""Components V2, put together the same way on every screen."""

from collections.abc import Sequence

import discord
from discord import ui

from bot.domain.errors import LinkRefused
from cogs.words import allowed_link

View = ui.LayoutView
Part = ui.Item[View]


def finished(view: View) -> View:
    """Keep discord.py from holding the view in memory: its buttons are found by the router."""
    view.stop()
    return view


def card(*parts: Part, accent: int | None = None) -> View:
    """A screen: one container with a coloured edge."""
    view = View(timeout=None)
    view.add_item(ui.Container(*parts, accent_colour=accent))
    return view


def text(markdown: str) -> ui.TextDisplay[View]:
    """A paragraph of Discord's markdown."""
    return ui.TextDisplay(markdown)


def line() -> ui.Separator[View]:
    """A thin rule between two parts."""
    return ui.Separator()


def row(*items: ui.Button[View] | ui.Select[View]) -> ui.ActionRow[View]:
    """Buttons side by side, or one select."""
    return ui.ActionRow(*items)


def section(markdown: str, accessory: ui.Button[View]) -> ui.Section[View]:
    """A paragraph with a button beside it."""
    return ui.Section(text(markdown), accessory=accessory)


def button(
    label: str,
    custom_id: str,
    *,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
    emoji: str | None = None,
) -> ui.Button[View]:
    """A button that the router finds by its custom_id."""
    return ui.Button(label=label, custom_id=custom_id, style=style, disabled=disabled, emoji=emoji)


def link_button(label: str, url: str, *, hosts: frozenset[str]) -> ui.Button[View]:
    """A button that opens a page; raises LinkRefused for one that is not on `hosts` (S22)."""
    allowed = allowed_link(url, hosts=hosts)
    if allowed is None:
        raise LinkRefused
    return ui.Button(label=label, url=allowed)


def select(
    custom_id: str, placeholder: str, options: Sequence[discord.SelectOption]
) -> ui.Select[View]:
    """One choice out of up to 25."""
    return ui.Select(custom_id=custom_id, placeholder=placeholder, options=list(options[:25]))


def modal(title: str, custom_id: str, *parts: ui.Item[ui.Modal]) -> ui.Modal:
    """A modal; its answers come back under the parts' custom_ids."""
    made = ui.Modal(title=title[:45], custom_id=custom_id, timeout=None)
    for part in parts:
        made.add_item(part)
    return made


def text_field(
    label: str,
    custom_id: str,
    *,
    description: str = "",
    placeholder: str | None = None,
    required: bool = True,
    paragraph: bool = False,
    min_length: int = 0,
    max_length: int = 200,
) -> ui.Label[ui.Modal]:
    """A labelled text input."""
    style = discord.TextStyle.paragraph if paragraph else discord.TextStyle.short
    return _labelled(
        label,
        description,
        ui.TextInput(
            custom_id=custom_id,
            style=style,
            required=required,
            min_length=min_length or None,
            max_length=max_length,
            placeholder=placeholder,
        ),
    )


def radio_field(
    label: str,
    custom_id: str,
    choices: Sequence[tuple[str, str]],
    *,
    description: str = "",
    required: bool = True,
) -> ui.Label[ui.Modal]:
    """A labelled choice of (value, label) pairs: two to ten of them."""
    options = [discord.RadioGroupOption(label=name, value=value) for value, name in choices]
    return _labelled(
        label,
        description,
        ui.RadioGroup(custom_id=custom_id, options=options, required=required),
    )


def select_field(
    label: str,
    custom_id: str,
    choices: Sequence[tuple[str, str]],
    *,
    description: str = "",
    required: bool = True,
    least: int = 1,
    most: int = 1,
) -> ui.Label[ui.Modal]:
    """A labelled list of (value, label) pairs, of which some can be chosen: up to 25."""
    options = [discord.SelectOption(label=name, value=value) for value, name in choices]
    return _labelled(
        label,
        description,
        ui.Select(
            custom_id=custom_id,
            options=options,
            required=required,
            min_values=least if required else 0,
            max_values=most,
        ),
    )


def checkbox_field(
    label: str,
    custom_id: str,
    choices: Sequence[tuple[str, str]],
    *,
    description: str = "",
    required: bool = True,
    least: int = 1,
    most: int = 1,
) -> ui.Label[ui.Modal]:
    """Labelled boxes to tick, of (value, label) pairs: up to ten."""
    options = [discord.CheckboxGroupOption(label=name, value=value) for value, name in choices]
    return _labelled(
        label,
        description,
        ui.CheckboxGroup(
            custom_id=custom_id,
            options=options,
            required=required,
            min_values=least if required else 0,
            max_values=most,
        ),
    )


def file_field(
    label: str,
    custom_id: str,
    *,
    description: str = "",
    required: bool = True,
    least: int = 1,
    most: int = 1,
) -> ui.Label[ui.Modal]:
    """A labelled place for files: up to ten."""
    return _labelled(
        label,
        description,
        ui.FileUpload(
            custom_id=custom_id,
            required=required,
            min_values=least if required else 0,
            max_values=most,
        ),
    )


def _labelled(label: str, description: str, component: ui.Item[ui.Modal]) -> ui.Label[ui.Modal]:
    """A question in a modal: its label, a line of help where there is one, and the answer."""
    return ui.Label(text=label, description=description or None, component=component)
