"""Transcripts of tickets: as a file, and as a page. Access to one is access to its ticket."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot.domain.errors import NoSuchThing, NoSuchTicket, NotInTicket
from bot.domain.identifiers import AttachmentId, ChannelId, GuildId, TicketId
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import KeptFile, TicketRecord
from bot.domain.topic import answer_labels
from bot.domain.transcript import Copy, TranscriptLink
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_files import TicketFileService
from bot.services.ticket_records import TicketRecordService
from bot.transcripts.page import Sources, render_page
from storage import audit, tickets

# Discord takes files of 10 MB from a bot, and pictures grow by a third in a page.
PICTURES_IN_FILE = 5 << 20
LARGEST_FILE = 9_500_000
# A page from our own server may be heavier, and a phone still has to show it.
PICTURES_AT_LINK = 20 << 20
# Closing waits this long for files that are on their way: with the channel Discord deletes them.
FILES_WAITED_FOR = timedelta(minutes=2)


class TranscriptService:
    """What was said, for those who may read it."""

    def __init__(
        self,
        context: Context,
        records: TicketRecordService,
        files: TicketFileService,
        access: TicketAccess,
    ) -> None:
        """`access` says who may read what."""
        self._context = context
        self._records = records
        self._files = files
        self._access = access

    async def is_complete(self, ticket: Ticket) -> bool:
        """Whether everything is here that will be, or has been waited for long enough."""
        waited = self._context.clock() - (ticket.closed_at or ticket.created_at)
        return waited > FILES_WAITED_FOR or not await self._files.is_any_awaited(ticket.id)

    async def file(self, record: TicketRecord, copy: Copy) -> str:
        """The transcript as a file; without pictures where it would be too large to send.

        Where that is too large still, it has the newest messages, and says so.
        """
        html = await self._render(record, copy, picture_bytes=PICTURES_IN_FILE)
        if len(html.encode()) > LARGEST_FILE:
            html = await self._render(record, copy, picture_bytes=0)
        while (size := len(html.encode())) > LARGEST_FILE and record.messages:
            # A little less, because messages differ in length.
            record = record.newest_part(0.9 * LARGEST_FILE / size)
            html = await self._render(record, copy, picture_bytes=0)
        return html

    async def asked_for(self, actor: Actor, ticket_id: TicketId) -> tuple[TicketRecord, Copy]:
        """What the actor may read of it: the team all, its people their copy; raises NotPermitted.

        Of the team those whom it is about read the member's copy, too, with what was said in the
        tickets that they are in. That one of the others has read it is written down.
        """
        record = await self._records.record(ticket_id)
        await self._access.require_sight(actor, record.ticket)
        is_theirs = actor.user_id in await self._access.members_side(record.ticket)
        if is_theirs or not await self._access.is_team(actor, record.ticket):
            as_member = replace(actor, role_ids=frozenset())
            return await self._access.readable(as_member, record), Copy.MEMBER
        async with self._context.database.write() as connection:
            await audit.append(
                connection,
                actor_id=actor.user_id,
                action="ticket.transcript_read",
                subject=ticket_id,
                details={},
                now=self._context.clock(),
            )
        return await self._access.readable(actor, record), Copy.STAFF

    async def named(
        self, guild_id: GuildId, *, number: int | None, channel_id: ChannelId | None
    ) -> TicketId:
        """The ticket with this number, or without one the one that is talked about here.

        Raises NoSuchTicket and NotInTicket.
        """
        async with self._context.database.read() as connection:
            found = await tickets.named(connection, guild_id, number=number, channel_id=channel_id)
        if found is None:
            raise NotInTicket if number is None else NoSuchTicket(number)
        return found

    async def page(self, link: TranscriptLink, reader: Actor, *, query: str) -> str:
        """What an open link leads to, for whoever it was made for. `query` opens its files."""
        return await self._render(
            await self._access.readable(reader, await self._records.record(link.ticket_id)),
            link.copy,
            picture_bytes=PICTURES_AT_LINK,
            file_link=lambda file: f"{link.ticket_id}/files/{file.id}?{query}",
        )

    async def file_at(
        self, link: TranscriptLink, attachment_id: AttachmentId, reader: Actor
    ) -> KeptFile:
        """A file that stands in the copy that the link leads to; raises NoSuchThing."""
        record = await self._records.record(link.ticket_id)
        record = await self._access.readable(reader, record)
        for message in record.messages:
            if link.copy is Copy.STAFF or message.for_member:
                for file in message.files:
                    if file.id == attachment_id:
                        return file
        raise NoSuchThing("file")

    async def _render(
        self,
        record: TicketRecord,
        copy: Copy,
        *,
        picture_bytes: int,
        file_link: Callable[[KeptFile], str] | None = None,
    ) -> str:
        """In a thread: a long ticket takes longer than others should wait."""
        topics = {each.id: each for each in self._context.policy.topics}
        topic = topics.get(record.ticket.topic_id)
        return await asyncio.to_thread(
            render_page,
            record,
            copy=copy,
            topic=topic.label if topic else "Ticket",
            labels=answer_labels(topic),
            sources=Sources(self._files.path, picture_bytes, file_link),
        )
