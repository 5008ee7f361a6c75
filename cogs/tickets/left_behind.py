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

_log = structlog.get_logger(__name__)


class LeftBehind:
    """Part of closing."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._bot = bot
        self._is = dependencies

    async def shut(self, ticket: Ticket, *, reopen_until: datetime | None, key: str) -> None:
        """Say there that it is closed, and take the right to write from those who are in it."""
        if ticket.channel_id is None:
            return
        view = left_behind_card(ticket, reopen_until=reopen_until)
        await self._is.messenger.post(ticket.channel_id, view, key=f"{key}:left")
        people = [ticket.opener_id, *await self._is.ticket_people.of_ticket(ticket)]
        try:
            for person in people:
                await self._silence(ticket, ticket.channel_id, person)
        except (discord.Forbidden, discord.NotFound) as refusal:
            _log.warning("closed_channel_not_silenced", ticket=ticket.id, code=refusal.code)

    async def _silence(self, ticket: Ticket, channel_id: ChannelId, person: UserId) -> None:
        """In a thread nobody can be kept from writing but by taking them out.

        In a channel nothing else is changed: whoever was taken out by hand is not let in again.
        """
        if ticket.place == Place.THREAD:
            await thread_members.take_out(self._bot, channel_id, person)
            return
        guild = self._bot.get_guild(ticket.guild_id)
        channel = guild.get_channel(channel_id) if guild is not None else None
        if not isinstance(channel, discord.TextChannel):
            return
        own = channel.overwrites_for(discord.Object(person))
        if own.is_empty() or own.send_messages is False:
            return
        own.update(send_messages=False)
        allow, deny = own.pair()
        await self._bot.http.edit_channel_permissions(
            channel_id,
            person,
            str(allow.value),
            str(deny.value),
            1,
            reason=f"Ticket {ticket.number:04} closed",
        )
