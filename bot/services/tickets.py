"""Tickets: a row is reserved first, and Discord follows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing, NotPermitted, TicketExists, TicketOver
from bot.domain.identifiers import AttemptId, ChannelId, GuildId, MessageId, TicketId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import OCCUPYING, OpenTicket, Ticket, TicketMessage, TicketState, Topic
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.screens import Screen
from storage import audit, cancel_attempts, guilds, jobs, tickets


class NotStoredError(Exception):
    """The store took nothing; the caller still has it."""


class TicketService:
    """The tickets of all servers."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who is support."""
        self._context = context
        self._guilds = guild_service

    def topic(self, topic_id: str) -> Topic:
        """A topic from the configuration."""
        for topic in self._context.policy.topics:
            if topic.id == topic_id:
                return topic
        raise NoSuchThing("topic")

    @property
    def topics(self) -> Sequence[Topic]:
        """The topics that members choose from."""
        return self._context.policy.topics

    async def occupying(self, guild_id: GuildId, opener_id: UserId, topic_id: str) -> Ticket | None:
        """The member's ticket of this topic that has not been closed."""
        async with self._context.database.read() as connection:
            return await tickets.occupying(
                connection, guild_id=guild_id, opener_id=opener_id, topic_id=topic_id
            )

    async def open(
        self,
        *,
        guild_id: GuildId,
        opener_id: UserId,
        topic_id: str,
        answers: Mapping[str, str],
        screen: Screen,
        attempt_id: AttemptId | None = None,
    ) -> Ticket:
        """Reserve the member's place and have the channel made; raises TicketExists.

        The unique index decides, not a look beforehand: of two clicks one gets the ticket.
        """
        self.topic(topic_id)
        ticket_id, now = TicketId(self._context.new_id()), self._context.clock()
        cleaned = {name: remove_secrets(text)[0] for name, text in answers.items()}
        try:
            async with self._context.database.write() as connection:
                if attempt_id is not None and not await cancel_attempts.note_ticket(
                    connection, attempt_id, opener_id, ticket_id, now=now
                ):
                    attempt_id = None  # somebody else's
                number = await guilds.take_ticket_number(connection, guild_id)
                await tickets.reserve(
                    connection,
                    ticket_id,
                    number=number,
                    guild_id=guild_id,
                    opener_id=opener_id,
                    topic_id=topic_id,
                    answers=cleaned,
                    attempt_id=attempt_id,
                    now=now,
                )
                job = NewJob(
                    "ticket.open",
                    f"ticket-open:{ticket_id}",
                    {"ticket_id": ticket_id, "screen": screen.to_payload()},
                    line=ticket_id,
                )
                await jobs.add(connection, [job], now=now)
                reserved = await tickets.find(connection, ticket_id)
        except IntegrityError as error:
            existing = await self.occupying(guild_id, opener_id, topic_id)
            if existing is None:
                raise
            raise TicketExists(channel_id=existing.channel_id) from error
        if reserved is None:
            raise NoSuchThing("ticket")
        return reserved

    async def find(self, ticket_id: TicketId) -> Ticket:
        """The ticket, whatever became of it; raises NoSuchThing."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        return ticket

    async def attach_channel(self, ticket_id: TicketId, channel_id: ChannelId) -> None:
        """Remember the channel as soon as it exists."""
        async with self._context.database.write() as connection:
            await tickets.set_channel(connection, ticket_id, channel_id)

    async def opened(self, ticket_id: TicketId, welcome_id: MessageId) -> Ticket:
        """The welcome message is there: the ticket is open for both sides."""
        async with self._context.database.write() as connection:
            opened = await tickets.advance(
                connection,
                ticket_id,
                expected=OCCUPYING,
                to=TicketState.OPEN,
                welcome_id=welcome_id,
            )
            if opened is None:
                raise TicketOver
            about = {"ticket_id": ticket_id}
            following = [NewJob("ticket.tell_staff", f"ticket-opened:{ticket_id}", about)]
            if opened.topic_id == self._context.policy.billing_topic:
                following.append(NewJob("help.look_into_ticket", f"ticket-look:{ticket_id}", about))
            await jobs.add(connection, following, now=self._context.clock())
        return opened

    async def opening_failed(self, ticket_id: TicketId, why: str) -> None:
        """Discord will never make the channel: free the member's place."""
        async with self._context.database.write() as connection:
            await tickets.advance(
                connection,
                ticket_id,
                expected=(TicketState.OPENING,),
                to=TicketState.FAILED,
                closed_at=self._context.clock(),
                close_reason=why,
            )

    async def may_close(self, actor: Actor, ticket_id: TicketId) -> Ticket:
        """The open ticket, if the actor is its opener or support; raises otherwise."""
        ticket = await self.find(ticket_id)
        if ticket.guild_id != actor.guild_id:
            raise NotPermitted(needs=Duty.SUPPORT)
        if ticket.opener_id != actor.user_id:
            await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        if ticket.state is not TicketState.OPEN:
            raise TicketOver
        return ticket

    async def close(self, actor: Actor, ticket_id: TicketId, *, reason: str | None) -> Ticket:
        """Close for a person; the transcript and the channel follow as a job."""
        await self.may_close(actor, ticket_id)
        return await self._close(ticket_id, by=actor.user_id, reason=reason)

    async def channel_gone(self, ticket_id: TicketId) -> bool:
        """The channel was deleted by hand; the member still gets the transcript.

        False when the ticket was closed before: then closing it deleted the channel.
        """
        try:
            await self._close(ticket_id, by=None, reason=None)
        except TicketOver:
            return False
        return True

    async def _close(self, ticket_id: TicketId, *, by: UserId | None, reason: str | None) -> Ticket:
        now = self._context.clock()
        cleaned = remove_secrets(reason)[0] if reason else None
        async with self._context.database.write() as connection:
            closing = await tickets.advance(
                connection,
                ticket_id,
                expected=OCCUPYING,
                to=TicketState.CLOSING,
                closed_at=now,
                closed_by=by,
                close_reason=cleaned,
            )
            if closing is None:
                raise TicketOver
            about = {"ticket_id": ticket_id}
            line = [NewJob("ticket.close", f"ticket-close:{ticket_id}", about, line=ticket_id)]
            if await _has_interrupted_leaving(connection, closing, now):
                key, told = f"cancel-ticket:{ticket_id}", {"attempt_id": closing.attempt_id}
                kind = "cancellation.tell_ticket_closed"
                line.append(NewJob(kind, key, told, line=ticket_id))
            await audit.append(
                connection,
                actor_id=by,
                action="ticket.closed",
                subject=ticket_id,
                details={},
                now=now,
            )
            await jobs.add(connection, line, now=now)
        return closing

    async def closed(self, ticket_id: TicketId) -> None:
        """Transcript sent and channel gone: nothing is left to do."""
        async with self._context.database.write() as connection:
            await tickets.advance(
                connection, ticket_id, expected=(TicketState.CLOSING,), to=TicketState.CLOSED
            )

    async def check_channel(self, ticket_id: TicketId) -> None:
        """Have Discord asked whether the ticket's channel still exists."""
        await self._add_job("ticket.check_channel", ticket_id, {"ticket_id": ticket_id}, line=None)

    async def backfill(self, ticket: OpenTicket, newest: MessageId) -> None:
        """Have the messages fetched that were written while nobody listened."""
        payload = {
            "ticket_id": ticket.ticket_id,
            "channel_id": ticket.channel_id,
            "after": ticket.last_captured,
        }
        # In the ticket's line: a transcript that is asked for meanwhile waits for it.
        await self._add_job(
            "ticket.backfill", f"{ticket.ticket_id}:{newest}", payload, line=ticket.ticket_id
        )

    async def _add_job(
        self, kind: str, key: str, payload: Mapping[str, object], *, line: str | None
    ) -> None:
        now = self._context.clock()
        # Asked again in a later minute, it is looked at again.
        job = NewJob(kind, f"{kind}:{key}:{int(now.timestamp()) // 60}", payload, line=line)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [job], now=now)

    async def all_open(self, guild_id: GuildId | None = None) -> list[OpenTicket]:
        """Every open ticket, or a server's, in one query."""
        async with self._context.database.read() as connection:
            return await tickets.all_open(connection, guild_id)

    async def capture(self, messages: Sequence[TicketMessage]) -> None:
        """Store messages as they come, several in one transaction; raises NotStoredError."""
        try:
            async with self._context.database.write() as connection:
                await tickets.add_messages(connection, messages)
        except SQLAlchemyError as error:
            raise NotStoredError from error

    async def capture_edit(self, message_id: MessageId, content: str) -> None:
        """Store what a message says after an edit."""
        async with self._context.database.write() as connection:
            await tickets.edit_message(
                connection,
                message_id,
                content=remove_secrets(content)[0],
                now=self._context.clock(),
            )

    async def capture_deletions(self, message_ids: Sequence[MessageId]) -> None:
        """Remember which messages were deleted."""
        async with self._context.database.write() as connection:
            await tickets.delete_messages(connection, message_ids, now=self._context.clock())

    async def transcript(self, job: Job) -> tuple[Ticket, list[TicketMessage]]:
        """The ticket of a job with all that was said in it."""
        ticket = await self.find(TicketId(str(job.payload["ticket_id"])))
        async with self._context.database.read() as connection:
            return ticket, await tickets.messages(connection, ticket.id)


async def _has_interrupted_leaving(
    connection: AsyncConnection, closing: Ticket, now: datetime
) -> bool:
    """Whether its opener was about to cancel and has not decided yet: from now on they can."""
    if closing.attempt_id is None:
        return False
    return await cancel_attempts.note_activity(connection, closing.attempt_id, now=now) is not None
