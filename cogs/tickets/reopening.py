"""A closed ticket goes on: by the button in the closing message, or by /ticket reopen."""

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotReopened
from bot.domain.identifiers import ChannelId, TicketId
from bot.domain.ticket import Ticket
from bot.domain.ticket_ends import ReopenObstacle
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, reply, screen_of, user_of
from cogs.layout import card, text

UNKNOWN_MEMBER = 10007

_log = structlog.get_logger(__name__)


class ReopeningCog:
    """For the opener, and for the team on their behalf."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the button."""
        self._bot = bot
        self._is = dependencies
        dependencies.router.add("ticket.reopen", self.by_button)

    def add_to(self, ticket_group: app_commands.Group) -> None:
        """Put the command beside the others of /ticket."""

        @ticket_group.command(name="reopen", description="Go on with a ticket that was closed")
        @app_commands.describe(number="The ticket's number; without it, your last one")
        async def reopen(
            interaction: discord.Interaction,
            number: app_commands.Range[int, 1, 2_000_000_000] | None = None,
        ) -> None:
            await self.by_command(interaction, number)

    async def by_button(self, interaction: Interaction, ticket_id: str) -> None:
        """In a direct message there are no roles: only the opener has this button."""
        ticket = await self._is.tickets.find(TicketId(ticket_id))
        await self._require_member(ticket)
        reopened = await self._is.ticket_reopening.by_opener(
            user_of(interaction), ticket.id, screen_of(interaction)
        )
        await self._say(interaction, reopened)

    async def by_command(self, interaction: Interaction, number: int | None) -> None:
        """In the server, where the team can do it too."""
        actor = actor_of(interaction)
        ticket = await self._is.ticket_reopening.numbered(actor, number)
        screen, asked_in = screen_of(interaction), ChannelId(interaction.channel_id or 0)
        if ticket.opener_id == actor.user_id:
            reopened = await self._is.ticket_reopening.by_opener(
                actor.user_id, ticket.id, screen, asked_in=asked_in
            )
        else:
            await self._is.ticket_access.require_team(actor, ticket)
            await self._require_member(ticket)
            reopened = await self._is.ticket_reopening.by_team(
                actor, ticket.id, screen, asked_in=asked_in
            )
        await self._say(interaction, reopened)

    async def _say(self, interaction: Interaction, ticket: Ticket) -> None:
        await reply(
            interaction,
            card(text(f"## Reopening ticket {ticket.number:04}…"), accent=words.NEUTRAL_COLOUR),
        )

    async def _require_member(self, ticket: Ticket) -> None:
        """Whoever has left the server could not read the new channel."""
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None:
            return
        try:
            await guild.fetch_member(ticket.opener_id)
        except discord.NotFound as missing:
            if missing.code == UNKNOWN_MEMBER:
                raise NotReopened(ReopenObstacle.LEFT, days=0) from missing
            raise
        except discord.DiscordServerError as silent:
            # Not a reason to say no: the channel is a job that waits until Discord answers.
            _log.warning("membership_unknown", ticket=ticket.id, status=silent.status)
