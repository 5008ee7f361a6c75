"""/tickets search: the team looks for what was said before."""

import discord
from discord import app_commands

from bot.domain.ticket import UNCLOSED
from bot.domain.ticket_search import PAGE, Found, FoundPage, excerpt
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, custom_id, replace, reply
from cogs.layout import Part, View, button, card, row, section, text

# With the words in it, a button's id stays below Discord's 100 characters.
LONGEST_QUERY = 60


class SearchCommands:
    """The command, and the buttons that turn its pages."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        dependencies.router.add("tickets.page", self.turn)

    def add_to(self, tree: app_commands.CommandTree) -> None:
        """Put the command into a group of its own: /ticket is for one ticket."""
        group = app_commands.Group(
            name="tickets", description="All tickets, for the team", guild_only=True
        )

        @group.command(name="search", description="Find what was said in past tickets (team)")
        @app_commands.describe(words="Tickets in which a message has all of them")
        async def search(
            interaction: discord.Interaction,
            words: app_commands.Range[str, 1, LONGEST_QUERY],
        ) -> None:
            page = await self._is.ticket_search.search(actor_of(interaction), words, offset=0)
            await reply(interaction, self._card(page))

        tree.add_command(group)

    async def turn(self, interaction: Interaction, argument: str) -> None:
        """Search again, further on; roles are looked at again, too."""
        offset, _, typed = argument.partition("/")
        page = await self._is.ticket_search.search(
            actor_of(interaction), typed, offset=max(0, int(offset))
        )
        await replace(interaction, self._card(page))

    def _card(self, page: FoundPage) -> View:
        typed = " ".join(page.words)[:LONGEST_QUERY]
        if not page.found:
            return card(
                text(
                    f"## Nothing found\nNo message has all of `{words.plain(typed)}`. Try fewer "
                    "words, or only the beginning of a word."
                ),
                accent=words.NEUTRAL_COLOUR,
            )
        return card(
            text(f"## Tickets with `{words.plain(typed)}`"),
            *(part for each in page.found for part in self._found(each, page.words)),
            *_turning(page, typed),
            accent=words.NEUTRAL_COLOUR,
        )

    def _found(self, found: Found, looked_for: tuple[str, ...]) -> list[Part]:
        ticket = found.ticket
        where = f"<#{ticket.channel_id}>" if ticket.state in UNCLOSED else "closed"
        times = "" if found.messages == 1 else f" · {words.count(found.messages)} messages"
        return [
            section(
                f"**{ticket.number:04}** · {self._is.tickets.label(ticket.topic_id)} · "
                f"<@{ticket.opener_id}> · {words.day(ticket.created_at)} · {where}{times}\n"
                f"{words.quoted(excerpt(found.said, looked_for))}",
                button("Transcript", custom_id("ticket.transcript", ticket.id)),
            )
        ]


def _turning(page: FoundPage, typed: str) -> list[Part]:
    buttons = []
    if page.offset:
        newer = max(0, page.offset - PAGE)
        buttons.append(button("Newer", custom_id("tickets.page", f"{newer}/{typed}")))
    if page.more:
        older = page.offset + PAGE
        buttons.append(button("Older", custom_id("tickets.page", f"{older}/{typed}")))
    return [row(*buttons)] if buttons else []
