"""A closed ticket goes on: the same number, the same transcript, a new channel."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing, NotReopened, NotYours, TicketExists
from bot.domain.identifiers import ChannelId, GuildId, TicketId, UserId
from bot.domain.job import NewJob
from bot.domain.ticket import OCCUPYING, Ticket, TicketState
from bot.domain.ticket_ends import ReopenObstacle, reopen_obstacle, reopenable_until
from bot.domain.ticket_work import Act, TicketEvent
from bot.services import ticket_turns
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_blocks import refuse_blocked
from bot.services.ticket_requests import Asking
from storage import audit, jobs, ticket_events, ticket_work, tickets
from storage.ticket_turns import NOT_ASKED

# What belonged to the channel that is gone, and to the way in which it ended.
_FORGOTTEN = (
    "channel_id",
    "welcome_id",
    "notes_thread_id",
    "closed_at",
    "closed_by",
    "close_reason",
    *NOT_ASKED,
    "snoozed_until",
)


class TicketReopening:
    """For the opener, and for the team on their behalf."""

    def __init__(self, context: Context, guild_service: GuildService, access: TicketAccess) -> None:
        """`access` says who is of the team."""
        self._context = context
        self._guilds = guild_service
        self._access = access

    def offered_until(self, ticket: Ticket) -> datetime | None:
        """Until when the opener can do it; None where it is not offered."""
        return reopenable_until(ticket, self._context.policy.ends)

    async def numbered(self, actor: Actor, number: int | None) -> Ticket:
        """A ticket of this server; without a number the actor's own that was closed last."""
        async with self._context.database.read() as connection:
            if number is None:
                found = await tickets.closed_last(connection, actor.guild_id, actor.user_id)
            else:
                found = await tickets.numbered(connection, actor.guild_id, number)
        if found is None:
            raise NoSuchThing("ticket")
        return found

    async def by_opener(
        self,
        user_id: UserId,
        ticket_id: TicketId,
        screen: Screen,
        *,
        asked_in: ChannelId | None = None,
    ) -> Ticket:
        """The opener wants to go on; raises NotYours, NotReopened or TicketExists.

        `asked_in` is the channel where it was asked, for a thread that needs one.
        """
        ticket = await self._find(ticket_id)
        if ticket.opener_id != user_id:
            raise NotYours
        return await self._reopen(ticket, by=user_id, screen=screen, asked_in=asked_in)

    async def by_team(
        self,
        actor: Actor,
        ticket_id: TicketId,
        screen: Screen,
        *,
        asked_in: ChannelId | None = None,
    ) -> Ticket:
        """The team goes on; raises NotPermitted, NotReopened or TicketExists."""
        ticket = await self._find(ticket_id)
        await self._access.require_team(actor, ticket)
        return await self._reopen(ticket, by=actor.user_id, screen=screen, asked_in=asked_in)

    async def _find(self, ticket_id: TicketId) -> Ticket:
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        self._guilds.require_trusted(GuildId(ticket.guild_id))
        return ticket

    async def _reopen(
        self, ticket: Ticket, *, by: UserId, screen: Screen, asked_in: ChannelId | None
    ) -> Ticket:
        try:
            async with self._context.database.write() as connection:
                return await self._take_place_again(
                    connection, ticket.id, by=by, screen=screen, asked_in=asked_in
                )
        except IntegrityError as error:
            # Two processes saw the same place free.
            raise await self._taken(ticket) from error

    async def _take_place_again(
        self,
        connection: AsyncConnection,
        ticket_id: TicketId,
        *,
        by: UserId,
        screen: Screen,
        asked_in: ChannelId | None,
    ) -> Ticket:
        now = self._context.clock()
        ticket = await ticket_work.hold(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        if ticket.state in OCCUPYING:
            raise TicketExists(channel_id=ticket.channel_id)
        self._require_possible(ticket, now)
        if by == ticket.opener_id:
            await refuse_blocked(connection, self._context, ticket.guild_id, by)
        reopened = await tickets.advance(
            connection,
            ticket_id,
            expected=(TicketState.CLOSED,),
            to=TicketState.OPENING,
            slot=await self._free_slot(connection, ticket),
            reopened_at=now,
            **dict.fromkeys(_FORGOTTEN),
        )
        if reopened is None:
            raise NotReopened(ReopenObstacle.STILL_CLOSING, self._context.policy.ends.reopen_days)
        await ticket_turns.opened_again(connection, self._context, ticket, by=by, at=now)
        # The channel that was closed may still be on its way out of the bot's view.
        payload = {
            "ticket_id": ticket_id,
            "screen": screen.to_payload(),
            **Asking(channel_id=asked_in).to_payload(),
            "former_channel": ticket.channel_id,
        }
        key = f"ticket-open:{ticket_id}{reopened.life}"
        await jobs.add(connection, [NewJob("ticket.open", key, payload, line=ticket_id)], now=now)
        await _record(connection, ticket_id, by=by, now=now)
        return await tickets.find(connection, ticket_id) or reopened

    async def _free_slot(self, connection: AsyncConnection, ticket: Ticket) -> int:
        """As for a new ticket of this topic; raises TicketExists."""
        topic = next((t for t in self._context.policy.topics if t.id == ticket.topic_id), None)
        slot = await tickets.free_slot(
            connection,
            guild_id=ticket.guild_id,
            opener_id=ticket.opener_id,
            topic_id=ticket.topic_id,
            most=topic.max_open if topic else 1,
        )
        if slot is None:
            raise await self._taken(ticket)
        return slot

    def _require_possible(self, ticket: Ticket, now: datetime) -> None:
        policy = self._context.policy.ends
        obstacle = reopen_obstacle(ticket, policy, now=now)
        if obstacle is not None:
            raise NotReopened(obstacle, policy.reopen_days)

    async def _taken(self, ticket: Ticket) -> TicketExists:
        async with self._context.database.read() as connection:
            other = await tickets.occupying(
                connection,
                guild_id=ticket.guild_id,
                opener_id=ticket.opener_id,
                topic_id=ticket.topic_id,
            )
        return TicketExists(channel_id=other.channel_id if other else None)


async def _record(
    connection: AsyncConnection, ticket_id: TicketId, *, by: UserId, now: datetime
) -> None:
    await ticket_events.add(connection, TicketEvent(ticket_id, Act.REOPENED, by, {}, now))
    await audit.append(
        connection, actor_id=by, action="ticket.reopened", subject=ticket_id, details={}, now=now
    )
