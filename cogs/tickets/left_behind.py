"""The channel of a closed ticket that the bot may not delete: nobody shall write into the void.

A person of the team deletes it by hand. Until then secrets in it are removed as before (S21).
"""

from datetime import datetime

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import ChannelId, UserId
from bot.domain.ticket import Ticket
from bot.domain.topic import Place
from cogs.dependencies import Dependencies
from cogs.tickets import thread_members
from cogs.tickets.closing_cards import left_behind_card
from cogs.tickets.overwrites import silence_of_a_person

_log = structlog.get_logger(__name__)


class LeftBehind:
    """Part of closing."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._bot = bot
        self._is = dependencies

    async def shut(self, ticket: Ticket, *, reopen_until: datetime | None, key: str) -> None:
        """Say there that it is closed, and take the right to write from its members."""
        if ticket.channel_id is None:
            return
        view = left_behind_card(ticket, reopen_until=reopen_until)
        await self._is.messenger.post(ticket.channel_id, view, key=f"{key}:left")
        try:
            for person in sorted(await self._is.ticket_access.members_side(ticket)):
                await self._silence(ticket, ticket.channel_id, person)
        except (discord.Forbidden, discord.NotFound) as refusal:
            _log.warning("closed_channel_not_silenced", ticket=ticket.id, code=refusal.code)

    async def _silence(self, ticket: Ticket, channel_id: ChannelId, person: UserId) -> None:
        """In a thread nobody can be kept from writing but by taking them out."""
        if ticket.place == Place.THREAD:
            await thread_members.take_out(self._bot, channel_id, person)
            return
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None:
            return
        allow, deny = silence_of_a_person(guild).pair()
        await self._bot.http.edit_channel_permissions(
            channel_id,
            person,
            str(allow.value),
            str(deny.value),
            1,
            reason=f"Ticket {ticket.number:04} closed",
        )
