"""What happened while no process listened: fetched once per channel with something new.

What was edited and deleted meanwhile the gateway does not tell. It is looked for in the newest
page of a channel: where people have talked of late, where they go on, before silence decides, and
where a ticket is closed.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import ChannelId, GuildId, MessageId, TicketId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState, ticket_id_in
from bot.domain.ticket_record import HeardChannel
from bot.services.jobs import TryAgainError
from bot.services.ticket_records import LOOK, LOOK_BACK, RECENT_TALK, RECENT_TALKS_AT_START
from cogs.dependencies import Dependencies
from cogs.messenger import UNKNOWN_CHANNEL
from cogs.tickets.capture import CaptureCog

BACKFILL_PAGE = 100
# A right that is missing comes back when a person gives it.
UNREADABLE_PAUSE = timedelta(hours=1)

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
        self._knows_who_sleeps = False
        # Where something may have been edited or deleted while nobody listened.
        self._unread: dict[int, HeardChannel] = {}
        # Channels that name a ticket, in which somebody spoke before they were heard.
        self._said_early: set[int] = set()
        dependencies.jobs.add("ticket.backfill", self.backfill, in_discord=True)
        dependencies.jobs.add("ticket.check_channel", self.check_channel, in_discord=True)
        dependencies.jobs.add(LOOK, self.look, in_discord=True, can_wait=True)
        dependencies.jobs.add(LOOK_BACK, self.look_again, in_discord=True, can_wait=True)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """One query for all open tickets; Discord is asked only about what has changed."""
        talks = await self._is.ticket_records.heard()
        for heard in talks:
            self._capture.watch(heard.ticket_id, heard.channel_id, internal=heard.internal)
        await self._listen_again(talks)
        self._knows_who_sleeps = True

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server that was away when the bot became ready, or since."""
        if self._bot.is_ready():
            await self._listen_again(await self._is.ticket_records.heard(GuildId(guild.id)))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Somebody goes on where something may have been missed, or is too early to be heard."""
        channel = message.channel
        talk = self._unread.get(channel.id)
        if talk is not None:
            await self._is.ticket_records.look_back_now(talk)
        elif ticket_id_in(getattr(channel, "topic", None)) and not self._capture.hears(channel.id):
            self._said_early.add(channel.id)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """One that slept is awake: what was missed in it has to come before what is said now."""
        if self._capture.hears(thread.id):
            await self._is.ticket_records.look_now(ChannelId(thread.id))

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Its threads are gone with it, and Discord tells of none that slept.

        A ticket's own channel has no thread but its notes: nothing waits for those.
        """
        if ticket_id_in(getattr(channel, "topic", None)) is None:
            await self._catch_up(await self._is.ticket_records.heard(GuildId(channel.guild.id)))

    async def _watch_left_behind(self) -> None:
        """Channels of closed tickets that the bot may not delete: secrets go there, too (S21)."""
        named = {
            ChannelId(channel.id)
            for guild in self._bot.guilds
            for channel in guild.text_channels
            if ticket_id_in(channel.topic) is not None and not self._capture.hears(channel.id)
        }
        if named:
            left = await self._is.ticket_records.left_behind(named)
            for channel_id, ticket_id in left.items():
                self._capture.watch(ticket_id, channel_id)

    async def _listen_again(self, talks: Sequence[HeardChannel]) -> None:
        self._unread |= {talk.channel_id: talk for talk in talks}
        await self._watch_left_behind()
        await self._catch_up(talks)

    async def _catch_up(self, talks: Sequence[HeardChannel]) -> None:
        asleep: list[HeardChannel] = []
        quiet: list[HeardChannel] = []
        for heard in talks:
            guild = self._bot.get_guild(heard.guild_id)
            if guild is None or guild.unavailable:
                continue
            channel = guild.get_channel_or_thread(heard.channel_id)
            if isinstance(channel, discord.TextChannel | discord.Thread):
                if (channel.last_message_id or 0) > heard.last_captured:
                    newest = MessageId(channel.last_message_id or 0)
                    await self._is.ticket_records.backfill(heard, newest)
                elif heard.channel_id in self._unread:
                    quiet.append(heard)
            elif heard.is_thread:
                asleep.append(heard)
            else:
                await self._is.ticket_records.check_channel(heard.ticket_id)
        if asleep:
            await self._is.ticket_records.look_later(asleep)
        if recent := self._recent(quiet):
            await self._is.ticket_records.look_back_later(recent)

    def _recent(self, talks: Iterable[HeardChannel]) -> list[HeardChannel]:
        since = discord.utils.time_snowflake(self._is.clock() - RECENT_TALK)
        recent = sorted(
            (talk for talk in talks if talk.last_captured > since),
            key=lambda talk: talk.last_captured,
            reverse=True,
        )
        return recent[:RECENT_TALKS_AT_START]

    async def look(self, job: Job) -> None:
        """A thread that slept when the bot came back: is it there, and was something said in it?"""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        channel_id = ChannelId(int(job.payload["channel_id"]))
        if ticket.state is TicketState.OPEN and channel_id in _places(ticket):
            heard = HeardChannel(
                ticket.id,
                ticket.guild_id,
                channel_id,
                MessageId(int(job.payload["after"])),
                internal=bool(job.payload["internal"]),
            )
            await self._look_at(heard)
        await self._is.ticket_records.looked(job)

    async def _look_at(self, heard: HeardChannel) -> None:
        try:
            thread = await self._asked(heard.channel_id)
        except discord.Forbidden as refusal:
            _log.warning("thread_not_seen", ticket=heard.ticket_id, code=refusal.code)
            return
        if thread is None:
            self._capture.forget(heard.channel_id)
            if not heard.internal:
                await self._is.tickets.channel_gone(heard.ticket_id)
        elif isinstance(thread, discord.Thread):
            newest = MessageId(thread.last_message_id or 0)
            if newest > heard.last_captured:
                await self._is.ticket_records.backfill(heard, newest)

    async def check_channel(self, job: Job) -> None:
        """Whether it was deleted; the ticket is closed then."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        if ticket.state is TicketState.OPENING:
            return  # whoever opens it finds out, and tells the member
        if ticket.channel_id is not None and await self._asked(ticket.channel_id) is None:
            self._capture.forget(ticket.channel_id)
            await self._is.tickets.channel_gone(ticket.id)

    async def _asked(self, channel_id: ChannelId) -> object | None:
        """Only Discord's own "unknown channel" means that a channel is gone; None then."""
        try:
            return await self._bot.fetch_channel(channel_id)
        except discord.NotFound as missing:
            if missing.code != UNKNOWN_CHANNEL:
                raise
            return None

    async def backfill(self, job: Job) -> None:
        """Fetch what was written while nobody listened."""
        await self._fetch(
            TicketId(str(job.payload["ticket_id"])),
            ChannelId(int(job.payload["channel_id"])),
            after=int(job.payload["after"]),
            internal=bool(job.payload["internal"]),
        )
        talk = self._unread.get(int(job.payload["channel_id"]))
        if talk is not None:
            await self._look_back(talk)

    async def look_again(self, job: Job) -> None:
        """What was edited or deleted in a channel while nobody listened."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        channel_id, internal = int(job.payload["channel_id"]), bool(job.payload["internal"])
        if ticket.state is TicketState.OPEN and channel_id in _places(ticket):
            await self._look_back(
                HeardChannel(
                    ticket.id, ticket.guild_id, ChannelId(channel_id), MessageId(0), internal
                )
            )
        await self._is.ticket_records.looked(job)

    async def look_back(self, *talks: HeardChannel) -> bool:
        """The same at once, before a ticket's channel goes; False where nothing can be missing."""
        unread = [talk for talk in talks if talk.channel_id in self._unread]
        for talk in unread:
            await self._look_back(talk)
        return bool(unread)

    async def _look_back(self, talk: HeardChannel) -> None:
        try:
            await self._compare(talk)
        except (discord.NotFound, discord.Forbidden) as refusal:
            _log.warning("changes_not_looked_for", ticket=talk.ticket_id, code=refusal.code)

    async def _compare(self, talk: HeardChannel) -> list[discord.Message] | None:
        """Store what the newest page shows and the store does not know.

        Returns the page; None where the bot may not read what was said. Raises NotFound or
        Forbidden.
        """
        unread = self._unread.get(talk.channel_id)
        channel = self._bot.get_partial_messageable(talk.channel_id)
        known = await self._is.ticket_records.still_there(talk, most=BACKFILL_PAGE)
        page = [each async for each in channel.history(limit=BACKFILL_PAGE)]
        is_shown = bool(page) or await self._may_read(talk.channel_id)
        if is_shown:
            there = {each.id for each in page}
            missing = [each for each in page if each.id not in known]
            if missing:
                await self._capture.take(missing, talk.ticket_id, internal=talk.internal)
            changed = [each for each in page if each.edited_at is not None and not each.author.bot]
            oldest = min(there) if len(page) == BACKFILL_PAGE else 0
            gone = frozenset(each for each in known if each >= oldest and each not in there)
            await self._capture.take_changes(changed, gone, talk.ticket_id, internal=talk.internal)
        # Nobody may have listened again since this was begun.
        if self._unread.get(talk.channel_id) is unread:
            self._unread.pop(talk.channel_id, None)
        return page if is_shown else None

    async def _may_read(self, channel_id: ChannelId) -> bool:
        """Without the right to read what was said before, Discord shows an empty channel."""
        channel = await self._asked(channel_id)
        shown = channel.parent if isinstance(channel, discord.Thread) else channel
        if not isinstance(shown, discord.TextChannel) or shown.guild.unavailable:
            return False
        right = shown.permissions_for(shown.guild.me)
        return right.view_channel and right.read_message_history

    async def hear_out(self, talk: HeardChannel) -> None:
        """Store all that was said, edited and deleted there until now; one call in most cases.

        The gateway may be away, or be back and not have told everything yet. Raises TryAgainError
        where the bot may not read, so that nobody knows; the team is told once.
        """
        try:
            page = await self._compare(talk)
        except discord.NotFound:
            await self._is.ticket_records.check_channel(talk.ticket_id)
            raise TryAgainError("its channel is gone") from None
        except discord.Forbidden:
            page = None
        if page is None:
            await self._is.ticket_silence.cannot_tell(talk.ticket_id)
            raise TryAgainError("the bot may not read what was said", after=UNREADABLE_PAUSE)
        if len(page) == BACKFILL_PAGE and min(each.id for each in page) > talk.last_captured:
            # All of it is new: there may be more before it.
            await self._fetch_pages(
                talk.ticket_id, talk.channel_id, after=talk.last_captured, internal=talk.internal
            )

    async def complete(self, *talks: HeardChannel) -> bool:
        """Fetch what a killed process had heard and not stored; False when nothing is missing.

        The gateway told which message is the last in each channel, so that Discord is asked only
        after such a loss.
        """
        gaps = [talk for talk in talks if await self._has_gap(talk)]
        for talk in gaps:
            await self._fetch(
                talk.ticket_id, talk.channel_id, after=talk.last_captured, internal=talk.internal
            )
            self._said_early.discard(talk.channel_id)
        return bool(gaps)

    async def _has_gap(self, talk: HeardChannel) -> bool:
        if talk.channel_id in self._said_early:
            return True
        guild = self._bot.get_guild(talk.guild_id)
        channel = guild.get_channel_or_thread(talk.channel_id) if guild else None
        if isinstance(channel, discord.TextChannel | discord.Thread):
            return (channel.last_message_id or 0) > talk.last_captured
        # Nobody tells of one that sleeps: until it was looked at, there may be a gap.
        if not self._knows_who_sleeps:
            return True
        return await self._is.ticket_records.waits_for_look(talk.channel_id)

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


def _places(ticket: Ticket) -> tuple[int | None, int | None]:
    return ticket.channel_id, ticket.notes_thread_id
