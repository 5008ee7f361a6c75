"""A panel as people see it, and as its maker does."""

from collections.abc import Sequence

import discord

from bot.domain.identifiers import PanelId
from bot.domain.panel import Panel, PanelLayout
from bot.domain.topic import Topic, without
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import (
    Part,
    View,
    button,
    card,
    line,
    modal,
    radio_field,
    row,
    select_field,
    text,
    text_field,
)
from cogs.tickets.choosing import topic_rows

# A list of panels shows so many: a card holds 40 components.
LISTED = 8


def panel_modal(topics: Sequence[Topic]) -> discord.ui.Modal:
    """What a panel says and offers."""
    return modal(
        "New ticket panel",
        custom_id("panel.draft"),
        text_field("Title", "title", max_length=100),
        text_field("Text", "body", description="Markdown works", paragraph=True, max_length=1_500),
        select_field(
            "Topics",
            "topics",
            [(topic.id, topic.label) for topic in topics],
            description="What people can open tickets about here",
            most=len(topics),
        ),
        radio_field(
            "Shown as",
            "layout",
            [
                (PanelLayout.BUTTONS.value, "Buttons"),
                (PanelLayout.SELECT.value, "A list to choose from"),
            ],
        ),
    )


def panel_view(panel: Panel, topics: Sequence[Topic]) -> View:
    """The message itself. An administrator wrote it, so its markdown counts."""
    return card(*_shown(panel, topics), accent=words.NEUTRAL_COLOUR)


def _shown(panel: Panel, topics: Sequence[Topic]) -> list[Part]:
    offered = [topic for topic in topics if topic.id in panel.topics]
    return [text(f"## {panel.title}\n{panel.body}"), *topic_rows(offered, panel.layout)]


def preview_card(panel: Panel, topics: Sequence[Topic]) -> View:
    """Its buttons work already, for whoever wants to try them."""
    return card(
        *_shown(panel, topics),
        line(),
        text("-# This is a preview. Only you see it."),
        row(
            button(
                "Post it here", custom_id("panel.post", panel.id), style=discord.ButtonStyle.success
            ),
            button("Throw away", custom_id("panel.remove", panel.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def sending_card() -> View:
    """Committed, not yet done."""
    return card(text("## Posting the panel…"), accent=words.NEUTRAL_COLOUR)


def posted_card(panel: Panel) -> View:
    """Its message is there."""
    return card(
        text(
            f"## The panel is in <#{panel.channel_id}>\nIts buttons keep working after a restart. "
            "`/panel list` shows all panels, and `/panel remove` takes one away."
        ),
        accent=words.SUCCESS_COLOUR,
    )


def refused_card(panel: Panel) -> View:
    """The bot may not write there."""
    return card(
        text(
            f"## The panel was not posted\nThe bot may not write in <#{panel.channel_id}>. It "
            "needs View Channel and Send Messages there. Give it these, then post it again."
        ),
        row(button("Post it here", custom_id("panel.post", panel.id))),
        accent=words.WARNING_COLOUR,
    )


def removed_card() -> View:
    """The row is gone, and its message follows."""
    return card(
        text("## The panel is removed\nIts message disappears in a moment."),
        accent=words.SUCCESS_COLOUR,
    )


def list_card(panels: Sequence[Panel], deps: Dependencies) -> View:
    """Every panel with what can be done about it."""
    if not panels:
        said = "## Panels\nThere are none. `/panel create` makes one."
        return card(text(said), accent=words.NEUTRAL_COLOUR)
    parts: list[Part] = [text("## Panels")]
    for panel in panels[:LISTED]:
        parts += [text(_described(panel, deps)), _acts(panel.id)]
    if len(panels) > LISTED:
        parts.append(text(f"-# The first {LISTED} of {len(panels)}."))
    return card(*parts, accent=words.NEUTRAL_COLOUR)


def _acts(panel_id: PanelId) -> Part:
    return row(
        button("Post again", custom_id("panel.post", panel_id)),
        button("Remove", custom_id("panel.remove", panel_id)),
    )


def _described(panel: Panel, deps: Dependencies) -> str:
    where = f"<#{panel.channel_id}>"
    if panel.message_id is not None:
        address = (
            f"https://discord.com/channels/{panel.guild_id}/{panel.channel_id}/{panel.message_id}"
        )
        where += f" · {words.link('Go there', address, hosts=deps.vendor.link_hosts)}"
    gone = without(deps.tickets.topics, panel.topics)
    note = (
        "\n⚠️ Topics that are not in `mooring.toml` any more: "
        f"{', '.join(f'`{each}`' for each in gone)}. Make a new panel without them."
        if gone
        else ""
    )
    return f"**`{words.plain(panel.title)}`** · {where}{note}"
