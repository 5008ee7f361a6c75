"""Messages in ticket channels are stored as they come, so that closing reads no history.

Messages wait at most `FLUSH_SECONDS` in memory. What was written while no process listened is
fetched afterwards, once per channel that has something new.
"""

import asyncio

import discord
import structlog
from discord.ext import commands, tasks

from bot.domain.identifiers import ChannelId, GuildId, MessageId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import OpenTicket, Ticket, TicketMessage
from bot.services.tickets import NotStoredError
from cogs.dependencies import Dependencies
from cogs.messenger import UNKNOWN_CHANNEL

FLUSH_SECONDS = 0.25
BACKFILL_PAGE = 100

_log = structlog.get_logger(__name__)


class CaptureCog(commands.Cog):
    """Listens in ticket channels."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the jobs that look after what was missed."""
        self._bot = bot
        self._is = dependencies
        self._tickets: dict[int, TicketId] = {}
        self._waiting: list[TicketMessage] = []
        self._storing = asyncio.Lock()
        dependencies.jobs.add("ticket.backfill", self.backfill, in_discord=True)
        dependencies.jobs.add("ticket.check_channel", self.check_channel, in_discord=True)

    async def cog_load(self) -> None:
        """Start storing."""
        self._flush_regularly.start()

    async def cog_unload(self) -> None:
        """Store what is left."""
        self._flush_regularly.cancel()
        await self.flush()

    def watch(self, ticket_id: TicketId, channel_id: ChannelId) -> None:
        """Store what is written in this channel from now on."""
        self._tickets[channel_id] = ticket_id

    def forget(self, channel_id: ChannelId | None) -> None:
        """The ticket is closed."""
        self._tickets.pop(channel_id or 0, None)

    @tasks.loop(seconds=FLUSH_SECONDS)
    async def _flush_regularly(self) -> None:
        try:
            await self.flush()
        except NotStoredError:
            # They stay in memory, and the next turn tries again.
            _log.exception("messages_not_stored", waiting=len(self._waiting))

    async def flush(self) -> None:
        """Store what waits, in one transaction; on failure it waits on."""
        async with self._storing:
            if not self._waiting:
                return
            batch = list(self._waiting)
            await self._is.tickets.capture(batch)
            del self._waiting[: len(batch)]

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """One query for all open tickets; Discord is asked only about what has changed."""
        for ticket in await self._is.tickets.all_open():
            self.watch(ticket.ticket_id, ticket.channel_id)
            await self._catch_up(ticket)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server that was away when the bot became ready, or since."""
        if self._bot.is_ready():
            for ticket in await self._is.tickets.all_open(GuildId(guild.id)):
                await self._catch_up(ticket)

    async def _catch_up(self, ticket: OpenTicket) -> None:
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            return
        channel = guild.get_channel(ticket.channel_id)
        if not isinstance(channel, discord.TextChannel):
            await self._is.tickets.check_channel(ticket.ticket_id)
        elif (channel.last_message_id or 0) > ticket.last_captured:
            await self._is.tickets.backfill(ticket, MessageId(channel.last_message_id or 0))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Take a message."""
        ticket_id = self._tickets.get(message.channel.id)
        if ticket_id is not None:
            self._waiting.append(_captured(message, ticket_id))

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Take what the message says now."""
        if payload.channel_id in self._tickets and payload.message.edited_at is not None:
            await self.flush()
            await self._is.tickets.capture_edit(
                MessageId(payload.message_id), _readable(payload.message)
            )

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Remember the deletion; the text stays for the team."""
        if payload.channel_id in self._tickets:
            await self.flush()
            await self._is.tickets.capture_deletions([MessageId(payload.message_id)])

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Somebody deleted a ticket's channel by hand."""
        ticket_id = self._tickets.get(channel.id)
        if ticket_id is None:
            return
        await self.flush()
        self.forget(ChannelId(channel.id))
        await self._is.tickets.channel_gone(ticket_id)

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
            self.forget(ticket.channel_id)
            await self._is.tickets.channel_gone(ticket.id)

    async def backfill(self, job: Job) -> None:
        """Fetch what was written while nobody listened."""
        await self._fetch(
            TicketId(str(job.payload["ticket_id"])),
            ChannelId(int(job.payload["channel_id"])),
            after=int(job.payload["after"]),
        )

    async def complete(self, ticket: Ticket, *, newest: int) -> bool:
        """Fetch what a killed process had heard and not stored; False when nothing is missing.

        `newest` is the last message that is stored. The gateway told which one is the last in
        the channel, so this asks Discord only after such a loss.
        """
        guild = self._bot.get_guild(ticket.guild_id)
        channel = guild.get_channel(ticket.channel_id or 0) if guild else None
        if not isinstance(channel, discord.TextChannel):
            return False
        if (channel.last_message_id or 0) <= newest:
            return False
        await self._fetch(ticket.id, ChannelId(channel.id), after=newest)
        return True

    async def _fetch(self, ticket_id: TicketId, channel_id: ChannelId, *, after: int) -> None:
        try:
            await self._fetch_pages(ticket_id, channel_id, after=after)
        except (discord.NotFound, discord.Forbidden) as refusal:
            # Deleted, or closed to the bot, since: what is stored is all that can be had.
            _log.warning("messages_not_fetched", ticket=ticket_id, code=refusal.code)

    async def _fetch_pages(self, ticket_id: TicketId, channel_id: ChannelId, *, after: int) -> None:
        channel = self._bot.get_partial_messageable(channel_id)
        while True:
            missed = [
                message
                async for message in channel.history(
                    limit=BACKFILL_PAGE, after=discord.Object(after), oldest_first=True
                )
            ]
            await self._is.tickets.capture([_captured(each, ticket_id) for each in missed])
            if len(missed) < BACKFILL_PAGE:
                return
            after = missed[-1].id


def _readable(message: discord.Message) -> str:
    """The content, or the texts of a Components V2 message."""
    if message.content:
        return message.content
    shown: list[str] = []
    for component in message.components:
        parts = component.children if isinstance(component, discord.Container) else [component]
        shown += [part.content for part in parts if isinstance(part, discord.TextDisplay)]
    return "\n".join(shown)


def _captured(message: discord.Message, ticket_id: TicketId) -> TicketMessage:
    content, _ = remove_secrets(_readable(message))
    return TicketMessage(
        message_id=MessageId(message.id),
        ticket_id=ticket_id,
        author_id=UserId(message.author.id),
        author_name=message.author.display_name,
        from_bot=message.author.bot,
        content=content,
        attachments=tuple(attachment.filename for attachment in message.attachments),
        sent_at=message.created_at,
        edited_at=None,
        deleted_at=None,
    )
