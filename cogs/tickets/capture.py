"""Messages in tickets are stored as they come, so that closing reads no history.

Messages, and what becomes of them, wait at most `FLUSH_SECONDS` in memory. What a killed process
had not stored is fetched afterwards (`cogs.tickets.missed`).
"""

import asyncio
from collections.abc import Sequence
from itertools import takewhile

import discord
import structlog
from discord.ext import commands, tasks

from bot.domain.identifiers import ChannelId, MessageId, TicketId
from bot.domain.ticket_record import MessageEdit, MessagesGone, TicketMessage
from bot.services.ticket_records import NotStoredError
from cogs.dependencies import Dependencies
from cogs.tickets.reading import captured, edited

FLUSH_SECONDS = 0.25

Heard = TicketMessage | MessageEdit | MessagesGone

_log = structlog.get_logger(__name__)


class CaptureCog(commands.Cog):
    """Listens in tickets' channels, and in the threads with their notes."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Start with no channel; `watch` adds them."""
        self._is = dependencies
        self._tickets: dict[int, TicketId] = {}
        self._notes: set[int] = set()
        self._waiting: list[Heard] = []
        self._storing = asyncio.Lock()

    async def cog_load(self) -> None:
        """Start storing."""
        self._flush_regularly.start()

    async def cog_unload(self) -> None:
        """Store what is left."""
        self._flush_regularly.cancel()
        await self.flush()

    def watch(self, ticket_id: TicketId, channel_id: ChannelId, *, internal: bool = False) -> None:
        """Store what is written there from now on; `internal` is for notes."""
        self._tickets[channel_id] = ticket_id
        if internal:
            self._notes.add(channel_id)

    def hears(self, channel_id: int) -> bool:
        """Whether what is written there is stored."""
        return channel_id in self._tickets

    def ticket_of_notes(self, channel_id: int) -> TicketId | None:
        """Whose notes these are; None for every other channel."""
        return self._tickets.get(channel_id) if channel_id in self._notes else None

    def forget(self, channel_id: ChannelId | None) -> None:
        """The ticket is closed, or its thread is gone."""
        self._tickets.pop(channel_id or 0, None)
        self._notes.discard(channel_id or 0)

    @tasks.loop(seconds=FLUSH_SECONDS)
    async def _flush_regularly(self) -> None:
        await self._flush_now()

    async def _flush_now(self) -> None:
        try:
            await self.flush()
        except NotStoredError:
            # They stay in memory, and the next turn tries again.
            _log.exception("messages_not_stored", waiting=len(self._waiting))

    async def flush(self) -> None:
        """Store what waits, in the order in which it was heard; on failure it waits on.

        New messages between two changes are stored in one transaction.
        """
        async with self._storing:
            while self._waiting:
                new = list(takewhile(lambda each: isinstance(each, TicketMessage), self._waiting))
                batch = new or self._waiting[:1]
                await self._store(batch)
                del self._waiting[: len(batch)]

    async def _store(self, batch: Sequence[Heard]) -> None:
        """Together; one by one where something among them can never be stored."""
        try:
            await self._put(batch)
        except NotStoredError:
            raise
        except Exception as error:  # noqa: BLE001 - it would hold up all others for ever
            if len(batch) == 1:
                _log.error("message_not_stored", messages=_numbers(batch[0]), exc_info=error)
                return
            for each in batch:
                await self._store([each])

    async def _put(self, batch: Sequence[Heard]) -> None:
        match batch:
            case [MessageEdit() as edit]:
                await self._is.ticket_records.capture_edit(edit)
            case [MessagesGone() as gone]:
                await self._is.ticket_records.capture_deletions(sorted(gone.message_ids))
            case _:
                new = [each for each in batch if isinstance(each, TicketMessage)]
                await self._is.ticket_records.capture(new)

    async def take(
        self, messages: list[discord.Message], ticket_id: TicketId, *, internal: bool
    ) -> None:
        """Store messages that were fetched."""
        await self._store(
            [captured(each, ticket_id, internal=internal, fetched=True) for each in messages]
        )

    async def take_changes(
        self,
        changed: Sequence[discord.Message],
        gone: frozenset[MessageId],
        ticket_id: TicketId,
        *,
        internal: bool,
    ) -> None:
        """Store what was edited and deleted while nobody listened."""
        for each in changed:
            await self._store([edited(each, ticket_id, internal=internal)])
        if gone:
            await self._store([MessagesGone(gone)])

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Take a message; one with a secret in it does not wait (S21)."""
        ticket_id = self._tickets.get(message.channel.id)
        if ticket_id is None:
            return
        taken = captured(message, ticket_id, internal=message.channel.id in self._notes)
        self._waiting.append(taken)
        if taken.secrets:
            await self._flush_now()

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Take what the message says now."""
        ticket_id = self._tickets.get(payload.channel_id)
        if ticket_id is not None and payload.message.edited_at is not None:
            internal = payload.channel_id in self._notes
            self._waiting.append(edited(payload.message, ticket_id, internal=internal))
            await self._flush_now()

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Remember the deletion; the text stays for the team."""
        await self._deleted(payload.channel_id, {payload.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Moderation bots delete many at once."""
        await self._deleted(payload.channel_id, payload.message_ids)

    async def _deleted(self, channel_id: int, message_ids: set[int]) -> None:
        if channel_id in self._tickets:
            gone = MessagesGone(frozenset(MessageId(each) for each in message_ids))
            self._waiting.append(gone)
            await self._flush_now()

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Somebody deleted a ticket's channel by hand."""
        await self._gone(ChannelId(channel.id))

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """The same for a ticket in a thread; notes can be without theirs."""
        await self._gone(ChannelId(payload.thread_id))

    async def _gone(self, channel_id: ChannelId) -> None:
        ticket_id, is_notes = self._tickets.get(channel_id), channel_id in self._notes
        if ticket_id is None:
            return
        await self.flush()
        self.forget(channel_id)
        if not is_notes:
            await self._is.tickets.channel_gone(ticket_id)


def _numbers(heard: Heard) -> list[int]:
    return sorted(heard.message_ids) if isinstance(heard, MessagesGone) else [heard.message_id]
