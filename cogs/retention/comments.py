"""What members wrote when they left: to read page by page, or as a file."""

import asyncio

import discord

from bot.domain.retention_report import Comment
from bot.services.retention_reports import CommentPage, Selection
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, chosen, custom_id, replace, reply
from cogs.layout import Part, View, button, card, line, row, select, text
from cogs.retention.files import comments_csv
from cogs.retention.sending import send_file
from cogs.retention.wording import (
    ALL,
    RESULTS,
    decoded,
    encoded,
    names_of,
    plain_dates,
    plan_name,
)

# Of what one member wrote: three comments with answers fit into a message.
_ROOM = 500


class CommentScreens:
    """The screens behind "Read the comments"."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons and the select."""
        self._is = dependencies
        dependencies.router.add("retention.comments", self.open)
        dependencies.router.add("retention.page", self.turn)
        dependencies.router.add("retention.reason", self.choose_reason)
        dependencies.router.add("retention.comments_csv", self.send_csv)

    async def open(self, interaction: Interaction, argument: str) -> None:
        """A screen of its own, so that the report stays in sight."""
        await reply(interaction, await self._screen(interaction, argument))

    async def turn(self, interaction: Interaction, argument: str) -> None:
        """Another page."""
        await replace(interaction, await self._screen(interaction, argument))

    async def choose_reason(self, interaction: Interaction, argument: str) -> None:
        """The first page of another reason."""
        wanted = f"{encoded(decoded(argument))}:0:{chosen(interaction)}"
        await replace(interaction, await self._screen(interaction, wanted))

    async def _screen(self, interaction: Interaction, argument: str) -> View:
        given, number, reason_id = argument.rsplit(":", 2)
        selection = decoded(given)
        page = await self._is.retention.comments(
            actor_of(interaction),
            selection,
            reason_id=None if reason_id == ALL else reason_id,
            page=int(number),
        )
        return comments_card(page, selection, reason_id, self._is)

    async def send_csv(self, interaction: Interaction, argument: str) -> None:
        """All of them, whatever the reason."""
        selection = decoded(argument)
        await interaction.response.defer(ephemeral=True, thinking=True)
        comments = await self._is.retention.all_comments(actor_of(interaction), selection)
        written = await asyncio.to_thread(comments_csv, comments)
        await send_file(
            interaction,
            written,
            "comments.csv",
            "## Every comment\nMembers wrote this for your team. Keep the file where nobody else "
            "reads it.",
        )


def comments_card(
    page: CommentPage, selection: Selection, reason_id: str, deps: Dependencies
) -> View:
    """Newest first."""
    given = encoded(selection)
    heading = (
        f"## Comments, {plan_name(selection.plan_id, deps)}\n{plain_dates(selection.period)} (UTC)"
    )
    if not page.comments:
        heading += "\nNobody wrote anything here. Choose another reason or period."
    parts: list[Part] = [text(heading)]
    for each in page.comments:
        parts += [line(), text(_comment(each, deps))]
    return card(
        *parts,
        line(),
        row(_reason_select(given, reason_id, deps)),
        row(
            *([_page_button("Newer", given, page.number - 1, reason_id)] if page.number else []),
            *([_page_button("Older", given, page.number + 1, reason_id)] if page.has_more else []),
            button("All as a CSV file", custom_id("retention.comments_csv", given)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def _comment(each: Comment, deps: Dependencies) -> str:
    names = names_of(deps)
    reason = names.reason(each.reason_id) if each.reason_id else "No reason given"
    said = "\n".join(
        _quoted(written, heading)
        for written, heading in ((each.comment, ""), (each.follow_up, _question(each, deps)))
        if written
    )
    facts = [f"**{reason}**", words.day(each.started_at)]
    if each.plan_id is not None:
        facts.append(plan_name(each.plan_id, deps))
    return " · ".join([*facts, RESULTS[each.result]]) + f"\n{said}"


def _question(each: Comment, deps: Dependencies) -> str:
    """What the answer answers."""
    asked = next((r.follow_up for r in deps.policy.reasons if r.id == each.reason_id), "")
    return f"-# {asked}\n" if asked else ""


def _quoted(written: str, heading: str) -> str:
    """Somebody's own text, cut to its share of the message."""
    return f"{heading}{words.quoted(written, at_most=_ROOM)}"


def _reason_select(given: str, reason_id: str, deps: Dependencies) -> discord.ui.Select[View]:
    options = [(ALL, "All reasons"), *((each.id, each.label) for each in deps.policy.reasons)]
    return select(
        custom_id("retention.reason", given),
        "Reason",
        [
            discord.SelectOption(label=label, value=value, default=value == reason_id)
            for value, label in options
        ],
    )


def _page_button(label: str, given: str, number: int, reason_id: str) -> discord.ui.Button[View]:
    return button(label, custom_id("retention.page", f"{given}:{number}:{reason_id}"))
