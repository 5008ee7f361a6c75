"""/ticket transcript: what was said, for those who may read it."""

import io
from datetime import datetime, timedelta

import discord
from discord import app_commands

from bot.domain.errors import NotPermitted
from bot.domain.identifiers import ChannelId, TicketId, UserId
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import TicketRecord
from bot.domain.transcript import MEMBER_LINK, STAFF_LINK, Copy
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, guild_of, reply
from cogs.layout import View, card, text


def transcript_file(ticket: Ticket, html: str) -> discord.File:
    """The page as an attachment."""
    return discord.File(io.BytesIO(html.encode()), f"{ticket.channel_name}.html")


async def transcript_link(
    services: Dependencies,
    ticket_id: TicketId,
    user_id: UserId,
    copy: Copy,
    *,
    at: datetime | None = None,
) -> str | None:
    """A link to the page, where Mooring has an address that may be sent (S22).

    `at` is since when it counts, if not from now on.
    """
    url = await services.transcript_links.make(ticket_id, user_id, copy, at=at)
    return words.link("at this link", url, hosts=services.vendor.link_hosts)


class TranscriptCommands:
    """The command, and the button below what a search has found."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button."""
        self._is = dependencies
        dependencies.router.add("ticket.transcript", self.show)

    def add_to(self, ticket_group: app_commands.Group) -> None:
        """Put the command beside the others of /ticket."""

        @ticket_group.command(name="transcript", description="Everything that was said in a ticket")
        @app_commands.describe(number="Its number; without one, the ticket that you are in")
        async def transcript(
            interaction: discord.Interaction,
            number: app_commands.Range[int, 1, 2_000_000_000] | None = None,
        ) -> None:
            await self.ask(interaction, number)

    async def ask(self, interaction: Interaction, number: int | None) -> None:
        """By its number, or the one that is talked about here."""
        guild_id, here = guild_of(interaction), interaction.channel_id
        if guild_id is None:
            raise NotPermitted(needs="server")
        ticket_id = await self._is.transcripts.named(
            guild_id, number=number, channel_id=None if here is None else ChannelId(here)
        )
        await self.show(interaction, ticket_id)

    async def show(self, interaction: Interaction, ticket_id: str) -> None:
        """For this person alone. Long ones take longer than Discord waits for an answer."""
        actor = actor_of(interaction)
        record, copy = await self._is.transcripts.asked_for(actor, TicketId(ticket_id))
        await interaction.response.defer(ephemeral=True, thinking=True)
        html = await self._is.transcripts.file(record, copy)
        link = await transcript_link(self._is, record.ticket.id, actor.user_id, copy)
        await reply(
            interaction, _card(record, copy, link), file=transcript_file(record.ticket, html)
        )


def _how_long(copy: Copy) -> str:
    if copy is Copy.MEMBER:
        return f", for {MEMBER_LINK.days} days."
    return (
        f", for {STAFF_LINK // timedelta(minutes=1)} minutes and in one browser. It is yours: the "
        "audit log says when it was opened."
    )


def _card(record: TicketRecord, copy: Copy, link: str | None) -> View:
    warning = (
        "\nThis is the team's copy, with internal notes: do not pass it on to the member."
        if copy is Copy.STAFF
        else ""
    )
    beside = f"\nYou can also read it {link}{_how_long(copy)}" if link else ""
    return card(
        text(
            f"## Transcript of ticket {record.ticket.number:04}\nUp to now it has "
            f"{words.count(len(record.messages))} messages.{warning}{beside}"
        ),
        accent=words.NEUTRAL_COLOUR,
    )
