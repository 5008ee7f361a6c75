"""The topics as buttons or as a list; on panels, after /ticket open and in menus."""

from collections.abc import Sequence

import discord

from bot.domain.panel import PanelLayout
from bot.domain.topic import Topic
from cogs import words
from cogs.interactions import custom_id
from cogs.layout import Part, View, button, card, row, select, text

BUTTONS_IN_ROW = 5


def topic_rows(topics: Sequence[Topic], layout: PanelLayout) -> list[Part]:
    """What starts a ticket. A button that outlives its topic says so when it is pressed."""
    if not topics:
        return []
    if layout is PanelLayout.SELECT:
        return [topic_select(topics, custom_id("ticket.choose"))]
    buttons = [
        button(
            topic.label,
            custom_id("ticket.start", topic.id),
            style=discord.ButtonStyle.primary,
            emoji=topic.emoji,
        )
        for topic in topics
    ]
    return [
        row(*buttons[start : start + BUTTONS_IN_ROW])
        for start in range(0, len(buttons), BUTTONS_IN_ROW)
    ]


def topic_select(topics: Sequence[Topic], chosen_id: str) -> Part:
    """A list of the topics with what each is for."""
    options = [
        discord.SelectOption(
            label=topic.label,
            value=topic.id,
            description=topic.description or None,
            emoji=topic.emoji,
        )
        for topic in topics
    ]
    return row(select(chosen_id, "What is it about?", options))


def topics_card(topics: Sequence[Topic], said: str, *, chosen_id: str | None = None) -> View:
    """A question for one person."""
    rows = (
        topic_rows(topics, PanelLayout.SELECT)
        if chosen_id is None
        else [topic_select(topics, chosen_id)]
    )
    return card(text(said), *rows, accent=words.NEUTRAL_COLOUR)
