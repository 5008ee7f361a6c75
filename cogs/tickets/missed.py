"""What was written while no process listened is fetched: once per channel with something new."""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import ChannelId, GuildId, MessageId, TicketId
from bot.domain.job import Job
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import HeardChannel
from cogs.dependencies import Dependencies
from cogs.messenger import UNKNOWN_CHANNEL
from cogs.tickets.capture import CaptureCog

BACKFILL_PAGE = 100

_log = structlog.get_logger(__name__)


class MissedCog(commands.Cog):
    """Compares what the gateway tells of each ticket's channel with what is stored."""

    def __init__(
        self, bot: commands.AutoShardedBot, dependencies: Dependencies, capture: CaptureCog
    ) -> None:
        """Register the jobs that look after what was missed."""
        self._bot = bot
        self._is = dependencies
        self._capture = capture
        dependencies.jobs.add("ticket.backfill", self.backfill, in_discord=True)
        dependencies.jobs.add("ticket.check_channel", self.check_channel, in_discord=True)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """One query for all open tickets; Discord is asked only about what has changed."""
        for heard in await self._is.ticket_records.heard():
            self._capture.watch(heard.ticket_id, heard.channel_id, internal=heard.internal)
            await self._catch_up(heard)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server that was away when the bot became ready, or since."""
        if self._bot.is_ready():
            for heard in await self._is.ticket_records.heard(GuildId(guild.id)):
                await self._catch_up(heard)

    async def _catch_up(self, heard: HeardChannel) -> None:
        guild = self._bot.get_guild(heard.guild_id)
        if guild is None or guild.unavailable:
            return
        channel = guild.get_channel_or_thread(heard.channel_id)
        if not isinstance(channel, discord.TextChannel | discord.Thread):
            # A thread that sleeps is not told either, and nobody writes in it.
            if not heard.internal:
                await self._is.ticket_records.check_channel(heard.ticket_id)
        elif (channel.last_message_id or 0) > heard.last_captured:
            newest = MessageId(channel.last_message_id or 0)
            await self._is.ticket_records.backfill(heard, newest)

    async def check_channel(self, job: Job) -> None:
        """Only Discord's own "unknown channel" means that a channel is gone."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        if ticket.channel_id is None:
            return
        try:
            await self._bot.fetch_channel(ticket.channel_id)
        except discord.NotFound as missing:
            if missing.code != UNKNOWN_CHANNEL:
                raise
            self._capture.forget(ticket.channel_id)
            await self._is.tickets.channel_gone(ticket.id)

    async def backfill(self, job: Job) -> None:
        """Fetch what was written while nobody listened."""
        await self._fetch(
            TicketId(str(job.payload["ticket_id"])),
            ChannelId(int(job.payload["channel_id"])),
            after=int(job.payload["after"]),
            internal=bool(job.payload["internal"]),
        )

    async def complete(self, ticket: Ticket, *, newest: MessageId) -> bool:
        """Fetch what a killed process had heard and not stored; False when nothing is missing.

        `newest` is the last message that is stored. The gateway told which one is the last in
        the channel, so this asks Discord only after such a loss.
        """
        guild = self._bot.get_guild(ticket.guild_id)
        channel = guild.get_channel_or_thread(ticket.channel_id or 0) if guild else None
        if not isinstance(channel, discord.TextChannel | discord.Thread):
            return False
        if (channel.last_message_id or 0) <= newest:
            return False
        await self._fetch(ticket.id, ChannelId(channel.id), after=newest, internal=False)
        return True

    async def _fetch(
        self, ticket_id: TicketId, channel_id: ChannelId, *, after: int, internal: bool
    ) -> None:
        try:
            await self._fetch_pages(ticket_id, channel_id, after=after, internal=internal)
        except (discord.NotFound, discord.Forbidden) as refusal:
            # Deleted, or closed to the bot, since: what is stored is all that can be had.
            _log.warning("messages_not_fetched", ticket=ticket_id, code=refusal.code)

    async def _fetch_pages(
        self, ticket_id: TicketId, channel_id: ChannelId, *, after: int, internal: bool
    ) -> None:
        channel = self._bot.get_partial_messageable(channel_id)
        while True:
            missed = [
                message
                async for message in channel.history(
                    limit=BACKFILL_PAGE, after=discord.Object(after), oldest_first=True
                )
            ]
            await self._capture.take(missed, ticket_id, internal=internal)
            if len(missed) < BACKFILL_PAGE:
                return
            after = missed[-1].id
