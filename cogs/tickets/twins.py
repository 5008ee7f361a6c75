"""The places that name one ticket, and its notes. Discord can make one of them twice.

discord.py asks again when Discord's answer is a 500, even where the work was done. And what a
killed process has asked for can come when the next one has looked in vain and has made another.
"""

from contextlib import suppress
from datetime import timedelta

import discord
import structlog
from discord.ext import commands

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import GuildId
from bot.domain.ticket import Ticket, TicketState, ticket_id_in, ticket_number_in
from cogs.dependencies import Dependencies
from cogs.tickets.places import Room, give_back, notes_of, places_of

# Discord has given up on a request long before. Whoever copies a ticket's channel later may.
LATEST = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


async def give_back_twins(
    bot: commands.AutoShardedBot, guild: discord.Guild, ticket: Ticket
) -> None:
    """Delete all but the ticket's own. As long as it waits for one, that may be it."""
    twins: list[Room] = []
    if ticket.channel_id is not None or ticket.state is not TicketState.OPENING:
        twins += (each for each in places_of(guild, ticket) if each.id != ticket.channel_id)
    if ticket.notes_thread_id is not None or ticket.state is not TicketState.OPEN:
        twins += (each for each in notes_of(guild, ticket) if each.id != ticket.notes_thread_id)
    for twin in twins:
        _log.warning("ticket_channel_doubled", ticket=ticket.id, channel=twin.id)
        await give_back(bot, twin.id, why="Made twice for one ticket")


class TwinsCog(commands.Cog):
    """Looks at each place that comes."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._bot = bot
        self._is = dependencies

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        """A channel's topic names its ticket."""
        ticket_id = ticket_id_in(getattr(channel, "topic", None))
        if ticket_id is None:
            return
        with suppress(NoSuchThing):
            ticket = await self._is.tickets.find(ticket_id)
            is_own = ticket.channel_id == channel.id
            if not is_own and self._is.clock() - ticket.began_at < LATEST:
                await give_back_twins(self._bot, channel.guild, ticket)

    @commands.Cog.listener()
    async def on_thread_create(self, thread: discord.Thread) -> None:
        """A thread's name does."""
        number = ticket_number_in(thread.name)
        if number is None:
            return
        ticket = await self._is.tickets.numbered(GuildId(thread.guild.id), number)
        if ticket is not None:
            await give_back_twins(self._bot, thread.guild, ticket)
