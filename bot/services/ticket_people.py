"""People whom the team lets into a ticket, and takes out again. Discord follows the rows."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NotAdded, NotInTicket, SeesTicketAlready, TicketOver
from bot.domain.identifiers import ChannelId, GuildId, TicketId, UserId
from bot.domain.job import NewJob
from bot.domain.ticket import OCCUPYING, Ticket
from bot.domain.ticket_work import Act, TicketEvent
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_notes import keeping_out
from storage import audit, jobs, ticket_events, ticket_people, ticket_work, tickets

APPLY = "ticket.person"
TELL_LEFT = "ticket.tell_left"


class TicketPeople:
    """Only the team decides: what is said in a ticket is the opener's, and often about money."""

    def __init__(self, context: Context, access: TicketAccess) -> None:
        """`access` says who is of the team."""
        self._context = context
        self._access = access

    async def at(self, channel_id: ChannelId) -> Ticket:
        """The ticket in whose channel a command was run; raises NotInTicket."""
        async with self._context.database.read() as connection:
            ticket = await tickets.at_channel(connection, channel_id)
        if ticket is None:
            raise NotInTicket
        return ticket

    async def add(self, actor: Actor, ticket_id: TicketId, person: Actor, screen: Screen) -> None:
        """Let a person in; raises NotPermitted, SeesTicketAlready or TicketOver."""
        await self._change(actor, ticket_id, person, screen, is_in=True)

    async def remove(
        self, actor: Actor, ticket_id: TicketId, person: Actor, screen: Screen
    ) -> None:
        """Take a person out; raises NotPermitted, NotAdded or TicketOver."""
        await self._change(actor, ticket_id, person, screen, is_in=False)

    async def _change(
        self, actor: Actor, ticket_id: TicketId, person: Actor, screen: Screen, *, is_in: bool
    ) -> None:
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None or ticket.state not in OCCUPYING:
            raise TicketOver
        await self._access.require_team(actor, ticket)
        if is_in and await self._access.may_see(person, ticket):
            raise SeesTicketAlready(person.user_id)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            held = await ticket_work.hold(connection, ticket_id)
            if held is None or held.state not in OCCUPYING:
                raise TicketOver
            if is_in:
                changed = await ticket_people.add(
                    connection, ticket_id, person.user_id, added_by=actor.user_id, now=now
                )
            else:
                changed = await ticket_people.remove(connection, ticket_id, person.user_id)
            if not changed:
                refusal = SeesTicketAlready if is_in else NotAdded
                raise refusal(person.user_id)
            act = Act.PERSON_ADDED if is_in else Act.PERSON_REMOVED
            event = await _record(connection, ticket_id, act, by=actor.user_id, now=now)
            payload = {
                "ticket_id": ticket_id,
                "user_id": person.user_id,
                "by": actor.user_id,
                "screen": screen.to_payload(),
            }
            # In the ticket's line: after its channel is there, before it goes.
            following = [NewJob(APPLY, f"{APPLY}:{ticket_id}:{event}", payload, line=ticket_id)]
            if is_in:
                # Whoever was of the team before may be in its notes.
                following.append(keeping_out(ticket_id, f"added-{event}", [person.user_id]))
            await jobs.add(connection, following, now=now)

    async def is_in(self, ticket_id: TicketId, user_id: UserId) -> bool:
        """Whether a person was added, and not removed since."""
        async with self._context.database.read() as connection:
            return await ticket_people.is_in(connection, ticket_id, user_id)

    async def of_ticket(self, ticket: Ticket) -> list[UserId]:
        """Everybody who was added."""
        async with self._context.database.read() as connection:
            return await ticket_people.of_ticket(connection, ticket.id)

    async def not_let_in(self, ticket_id: TicketId, user_id: UserId) -> None:
        """Discord refused: whoever cannot read the channel shall not read the transcript."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            if await ticket_people.remove(connection, ticket_id, user_id):
                removed = TicketEvent(ticket_id, Act.PERSON_REMOVED, None, {}, now)
                await ticket_events.add(connection, removed)

    async def opener_left(self, guild_id: GuildId, user_id: UserId) -> None:
        """Whoever opened a ticket is gone: note it, and have the team told there."""
        async with self._context.database.read() as connection:
            unclosed = await tickets.unclosed_of_user(connection, user_id)
        concerned = [
            each for each in unclosed if each.guild_id == guild_id and each.state in OCCUPYING
        ]
        if not concerned:
            return
        now = self._context.clock()
        async with self._context.database.write() as connection:
            for ticket in concerned:
                event = await ticket_events.add(
                    connection, TicketEvent(ticket.id, Act.LEFT, None, {}, now)
                )
                about = {"ticket_id": ticket.id}
                job = NewJob(TELL_LEFT, f"{TELL_LEFT}:{ticket.id}:{event}", about, line=ticket.id)
                await jobs.add(connection, [job], now=now)


async def _record(
    connection: AsyncConnection, ticket_id: TicketId, act: Act, *, by: UserId, now: datetime
) -> int:
    """Without whom it was about: the row of people knows, and is what erasing looks at."""
    event = await ticket_events.add(connection, TicketEvent(ticket_id, act, by, {}, now))
    await audit.append(
        connection, actor_id=by, action=f"ticket.{act}", subject=ticket_id, details={}, now=now
    )
    return event
