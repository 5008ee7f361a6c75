"""Tickets: a row is reserved first, and Discord follows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing, NotPermitted, TicketExists, TicketOver
from bot.domain.identifiers import AttemptId, ChannelId, GuildId, MessageId, TicketId, UserId
from bot.domain.job import NewJob
from bot.domain.opening_errors import TopicGone
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import OCCUPYING, Ticket, TicketState
from bot.domain.ticket_work import Act, TicketEvent
from bot.domain.topic import Place, Topic
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.refund_wishes import end_wishes
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_acts import ASSIGNEE, assignee_line
from bot.services.ticket_beginning import begin
from bot.services.ticket_blocks import refuse_blocked
from bot.services.ticket_requests import Asking, all_answers
from storage import audit, cancel_attempts, guilds, jobs, ticket_events, tickets

OPEN = "ticket.open"
TELL_STAFF = "ticket.tell_staff"
# A rush waits for Discord's limits; what else is promised goes on beside it.
OPENED_AT_ONCE = 12
TOLD_AT_ONCE = 2


class TicketService:
    """The tickets of all servers."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who is support."""
        self._context = context
        self._access = TicketAccess(context, guild_service)

    def topic(self, topic_id: str) -> Topic:
        """A topic from the configuration."""
        for topic in self._context.policy.topics:
            if topic.id == topic_id:
                return topic
        raise TopicGone

    def label(self, topic_id: str) -> str:
        """What people call a topic; its id for one that the vendor has removed."""
        named = (topic.label for topic in self.topics if topic.id == topic_id)
        return next(named, topic_id)

    @property
    def topics(self) -> Sequence[Topic]:
        """The topics that members choose from."""
        return self._context.policy.topics

    async def occupying(self, guild_id: GuildId, opener_id: UserId, topic_id: str) -> Ticket | None:
        """The member's newest open ticket of this topic, where they can have no more of them."""
        most = self.topic(topic_id).max_open
        async with self._context.database.read() as connection:
            free = await tickets.free_slot(
                connection, guild_id=guild_id, opener_id=opener_id, topic_id=topic_id, most=most
            )
            if free is not None:
                return None
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
        asking: Asking | None = None,
    ) -> Ticket:
        """Reserve the member's place and have the channel made.

        The unique index decides, not a look beforehand: of two clicks one gets the ticket. Raises
        TicketExists, TicketsBlocked and QuoteGone.
        """
        topic, coming = self.topic(topic_id), asking or Asking()
        ticket_id, now = TicketId(self._context.new_id()), self._context.clock()
        role_id = await self._access.role_for(guild_id, topic_id)
        try:
            async with self._context.database.write() as connection:
                if coming.by is None:
                    await refuse_blocked(connection, self._context, guild_id, opener_id)
                cleaned = await all_answers(connection, answers, coming, coming.by or opener_id)
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
                    slot=await self._free_slot(connection, guild_id, opener_id, topic),
                    answers=cleaned,
                    attempt_id=attempt_id,
                    now=now,
                )
                await self._follow(connection, ticket_id, screen, coming)
                reserved = await begin(
                    connection, self._context, ticket_id, role_id=role_id, by=coming.by
                )
        except IntegrityError as error:
            existing = await self.occupying(guild_id, opener_id, topic_id)
            if existing is None:
                raise
            raise TicketExists(channel_id=existing.channel_id) from error
        return reserved

    async def _free_slot(
        self, connection: AsyncConnection, guild_id: GuildId, opener_id: UserId, topic: Topic
    ) -> int:
        slot = await tickets.free_slot(
            connection,
            guild_id=guild_id,
            opener_id=opener_id,
            topic_id=topic.id,
            most=topic.max_open,
        )
        if slot is None:
            existing = await tickets.occupying(
                connection, guild_id=guild_id, opener_id=opener_id, topic_id=topic.id
            )
            raise TicketExists(channel_id=existing.channel_id if existing else None)
        return slot

    async def _follow(
        self, connection: AsyncConnection, ticket_id: TicketId, screen: Screen, asking: Asking
    ) -> None:
        """The job that makes the channel; in the audit log, who of the team wanted it."""
        now = self._context.clock()
        payload = {"ticket_id": ticket_id, "screen": screen.to_payload(), **asking.to_payload()}
        job = NewJob(OPEN, f"ticket-open:{ticket_id}", payload, line=ticket_id)
        await jobs.add(connection, [job], now=now)
        if asking.by is not None:
            await audit.append(
                connection,
                actor_id=asking.by,
                action="ticket.opened_for_member",
                subject=ticket_id,
                details={},
                now=now,
            )

    async def find(self, ticket_id: TicketId) -> Ticket:
        """The ticket, whatever became of it; raises NoSuchThing."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        return ticket

    async def numbered(self, guild_id: GuildId, number: int) -> Ticket | None:
        """The ticket that people know by this number."""
        async with self._context.database.read() as connection:
            return await tickets.numbered(connection, guild_id, number)

    async def attach_channel(
        self,
        ticket_id: TicketId,
        channel_id: ChannelId,
        place: Place = Place.CHANNEL,
        *,
        parent_id: ChannelId | None = None,
    ) -> None:
        """Remember the channel or thread as soon as it exists; a thread hangs on `parent_id`."""
        async with self._context.database.write() as connection:
            await tickets.set_channel(connection, ticket_id, channel_id, place, parent_id=parent_id)

    async def opened(
        self, ticket_id: TicketId, welcome_id: MessageId, welcome_files: Sequence[str] = ()
    ) -> Ticket:
        """The welcome message is there: the ticket is open for both sides."""
        async with self._context.database.write() as connection:
            opened = await tickets.advance(
                connection,
                ticket_id,
                expected=OCCUPYING,
                to=TicketState.OPEN,
                welcome_id=welcome_id,
                welcome_files=list(welcome_files),
            )
            if opened is None:
                raise TicketOver
            about = {"ticket_id": ticket_id}
            key = f"ticket-opened:{ticket_id}{opened.life}"
            following = [NewJob(TELL_STAFF, key, about)]
            if opened.reopened_at is not None and opened.assignee_id is not None:
                line = assignee_line(ticket_id)
                following.append(NewJob(ASSIGNEE, f"{ASSIGNEE}:{key}", about, line=line))
            if opened.topic_id == self._context.policy.billing_topic:
                following.append(NewJob("help.look_into_ticket", f"ticket-look:{ticket_id}", about))
            await jobs.add(connection, following, now=self._context.clock())
        return opened

    async def opening_failed(self, ticket_id: TicketId, why: str) -> None:
        """Discord will never make the channel: free the member's place.

        A ticket that was to be reopened is closed as before, so that it can be tried again.
        """
        async with self._context.database.write() as connection:
            ticket = await tickets.find(connection, ticket_id)
            was_open = ticket is not None and ticket.reopened_at is not None
            waited_since = ticket.waiting_since if ticket is not None and was_open else None
            await tickets.advance(
                connection,
                ticket_id,
                expected=(TicketState.OPENING,),
                to=TicketState.CLOSED if was_open else TicketState.FAILED,
                waiting_since=waited_since,
                closed_at=self._context.clock(),
                close_reason=why,
            )

    async def may_close(self, actor: Actor, ticket_id: TicketId) -> Ticket:
        """The open ticket, if the actor is its opener or support; raises otherwise."""
        ticket = await self.find(ticket_id)
        if ticket.guild_id != actor.guild_id:
            raise NotPermitted(needs=Duty.SUPPORT)
        if ticket.opener_id != actor.user_id:
            await self._access.require_team(actor, ticket)
        if ticket.state is not TicketState.OPEN:
            raise TicketOver
        return ticket

    async def close(
        self, actor: Actor, ticket_id: TicketId, *, reason: str | None, life: str | None = None
    ) -> Ticket:
        """Close for a person; the transcript and the channel follow as a job.

        `life` is the one in which they were asked for the reason: a ticket that was reopened
        since goes on.
        """
        ticket = await self.may_close(actor, ticket_id)
        if life is not None and ticket.life != life:
            raise TicketOver
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
        async with self._context.database.write() as connection:
            return await close_within(
                connection, ticket_id, by=by, reason=reason, now=self._context.clock()
            )

    async def closed(self, ticket_id: TicketId, *, asked_for_rating: bool = False) -> None:
        """Transcript sent and channel gone: nothing is left to do."""
        asked = {"rating_asked_at": self._context.clock()} if asked_for_rating else {}
        async with self._context.database.write() as connection:
            await tickets.advance(
                connection,
                ticket_id,
                expected=(TicketState.CLOSING,),
                to=TicketState.CLOSED,
                **asked,
            )


async def close_within(
    connection: AsyncConnection,
    ticket_id: TicketId,
    *,
    by: UserId | None,
    reason: str | None,
    now: datetime,
    **values: Any,
) -> Ticket:
    """Close as part of a larger change; raises TicketOver. `values` are set with it."""
    closing = await tickets.advance(
        connection,
        ticket_id,
        expected=OCCUPYING,
        to=TicketState.CLOSING,
        closed_at=now,
        closed_by=by,
        close_reason=remove_secrets(reason)[0] if reason else None,
        **values,
    )
    if closing is None:
        raise TicketOver
    ended = await end_wishes(connection, ticket_id, now=now)
    about = {"ticket_id": ticket_id, "wishes": [each.id for each in ended]}
    key = f"ticket-close:{ticket_id}{closing.life}"
    line = [NewJob("ticket.close", key, about, line=ticket_id)]
    # Whoever was about to cancel and has not decided yet can from now on.
    for attempt_id in await cancel_attempts.note_activity_in(connection, closing, now=now):
        key, told = f"cancel-ticket:{ticket_id}:{attempt_id}", {"attempt_id": attempt_id}
        kind = "cancellation.tell_ticket_closed"
        line.append(NewJob(kind, key, told, line=ticket_id))
    closed = TicketEvent(ticket_id, Act.CLOSED, by, {}, now)
    await ticket_events.add(connection, closed)
    await audit.append(
        connection, actor_id=by, action="ticket.closed", subject=ticket_id, details={}, now=now
    )
    await jobs.add(connection, line, now=now)
    return closing
