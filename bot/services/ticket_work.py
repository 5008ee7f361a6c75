"""What the team does with an open ticket. Each act is recorded in the transaction that does it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot.domain.desk_errors import InvalidSnooze, InvalidTag, NotClaimed, NotOfTheTeam
from bot.domain.errors import NoSuchThing, NotInTicket, TicketExists, TicketOver
from bot.domain.identifiers import ChannelId, TicketId
from bot.domain.job import Job, NewJob
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_work import Act, TicketEvent, WorkedTicket, snooze_end, tag_of
from bot.domain.topic import Place
from bot.services import ticket_acts as acts
from bot.services import ticket_turns
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_acts import Work
from storage import jobs, ticket_events, ticket_work, tickets


class TicketWorkService:
    """For the team. Who clicks, and what the ticket is, are read again at each click."""

    def __init__(self, context: Context, access: TicketAccess) -> None:
        """`access` says who is of the team."""
        self._context = context
        self._access = access

    async def at(self, channel_id: ChannelId) -> Ticket:
        """The ticket in whose channel or notes a command was run; raises NotInTicket."""
        async with self._context.database.read() as connection:
            ticket = await ticket_work.at_place(connection, channel_id)
        if ticket is None:
            raise NotInTicket
        return ticket

    async def look(self, actor: Actor, ticket_id: TicketId) -> WorkedTicket:
        """A ticket that the actor may work on, whatever became of it."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
            tags = await ticket_work.tags_of(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        await self._access.require_team(actor, ticket)
        return WorkedTicket(ticket, tuple(tags))

    async def state(self, ticket_id: TicketId) -> WorkedTicket:
        """What the card shows."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
            tags = await ticket_work.tags_of(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        return WorkedTicket(ticket, tuple(tags))

    @asynccontextmanager
    async def working(self, actor: Actor, ticket_id: TicketId) -> AsyncIterator[Work]:
        """One transaction over an open ticket; raises NotPermitted or TicketOver."""
        await self.look(actor, ticket_id)
        async with self._context.database.write() as connection:
            ticket = await ticket_work.hold(connection, ticket_id)
            if ticket is None or ticket.state is not TicketState.OPEN:
                raise TicketOver
            yield Work(self._context, connection, ticket, actor, self._context.clock())

    async def claim(self, actor: Actor, ticket_id: TicketId) -> Ticket:
        """Take the ticket. Of two who click at once, one has it and the other is told who.

        Raises OnMembersSide for those whom it is about.
        """
        async with self.working(actor, ticket_id) as work:
            await acts.assign(work)
        return work.ticket

    async def release(self, actor: Actor, ticket_id: TicketId) -> Ticket:
        """Give it back, or take it from a colleague who is away; raises NotClaimed."""
        async with self.working(actor, ticket_id) as work:
            if work.ticket.assignee_id is None:
                raise NotClaimed
            was = {"from": work.ticket.assignee_id}
            await work.change(Act.RELEASED, was, assignee_id=None)
        return work.ticket

    async def transfer(self, actor: Actor, ticket_id: TicketId, *, to: Actor) -> Ticket:
        """Give it to a colleague; raises NotOfTheTeam or OnMembersSide for who is none of it."""
        worked = await self.look(actor, ticket_id)
        if not await self._access.is_team(to, worked.ticket):
            raise NotOfTheTeam(to.user_id)
        async with self.working(actor, ticket_id) as work:
            if work.ticket.assignee_id != to.user_id:
                await acts.require_other_side(work, to.user_id)
                details = {"from": work.ticket.assignee_id, "to": to.user_id}
                event = await work.change(Act.TRANSFERRED, details, assignee_id=to.user_id)
                if to.user_id != actor.user_id:
                    line = acts.assignee_line(ticket_id)
                    told = {"to": to.user_id, "by": actor.user_id}
                    await work.then(acts.TRANSFERRED, event, line=line, **told)
        return work.ticket

    async def move(self, actor: Actor, ticket_id: TicketId, topic_id: str) -> Ticket:
        """Make it a ticket of another topic, for the team of that topic.

        Raises TicketExists where the member has a ticket of that topic already.
        """
        topic = next((t for t in self._context.policy.topics if t.id == topic_id), None)
        if topic is None:
            raise NoSuchThing("topic")
        worked = await self.look(actor, ticket_id)
        target = replace(worked.ticket, topic_id=topic_id)
        before = await self._access.team_role(worked.ticket)
        after = await self._access.team_role(target)
        try:
            async with self.working(actor, ticket_id) as work:
                if work.ticket.topic_id == topic_id:
                    return work.ticket
                details = {"from": work.ticket.topic_id, "to": topic_id}
                slot = await tickets.free_slot(
                    work.connection,
                    guild_id=target.guild_id,
                    opener_id=target.opener_id,
                    topic_id=topic_id,
                    most=topic.max_open,
                )
                # Without a place left the index refuses, as it does where two are quicker than we.
                values: dict[str, Any] = {"topic_id": topic_id, "slot": slot or 0}
                if before != after:
                    # Whoever had it need not be of the other team.
                    values["assignee_id"] = None
                event = await work.change(Act.MOVED, details, **values)
                line = f"{acts.MOVED}:{ticket_id}"
                await work.then(acts.MOVED, event, line=line, before=before, after=after)
                if before != after and work.ticket.place == Place.THREAD:
                    # A thread has no list of roles: its people go one by one, after the message
                    # that wakes it.
                    await work.then(acts.FORMER_TEAM, event, line=line)
        except IntegrityError as error:
            async with self._context.database.read() as connection:
                other = await tickets.occupying(
                    connection,
                    guild_id=target.guild_id,
                    opener_id=target.opener_id,
                    topic_id=topic_id,
                )
            if other is None:
                raise
            raise TicketExists(channel_id=other.channel_id) from error
        return work.ticket

    async def escalate(self, actor: Actor, ticket_id: TicketId, *, why: str) -> Ticket:
        """Call the moderators, once for each time that somebody asks for them."""
        said = remove_secrets(why)[0]
        async with self.working(actor, ticket_id) as work:
            raised = Priority.HIGH
            if work.ticket.priority is Priority.URGENT:
                raised = Priority.URGENT
            event = await work.change(
                Act.ESCALATED, {}, escalated_at=work.now, priority=raised.value
            )
            await work.then(acts.ESCALATED, event, by=actor.user_id, why=said)
        return work.ticket

    async def set_priority(self, actor: Actor, ticket_id: TicketId, priority: Priority) -> Ticket:
        """Say how much it matters."""
        async with self.working(actor, ticket_id) as work:
            await acts.set_priority(work, priority)
        return work.ticket

    async def tag(self, actor: Actor, ticket_id: TicketId, typed: str) -> str:
        """Add a tag; returns it as it is kept. Raises InvalidTag or TooManyTags."""
        tag = tag_of(typed)
        if tag is None:
            raise InvalidTag
        async with self.working(actor, ticket_id) as work:
            await acts.add_tag(work, tag)
        return tag

    async def untag(self, actor: Actor, ticket_id: TicketId, tag: str) -> bool:
        """Take a tag off; False when it was not there."""
        async with self.working(actor, ticket_id) as work:
            removed = await ticket_work.remove_tag(work.connection, ticket_id, tag)
            if removed:
                await work.change(Act.UNTAGGED, {"tag": tag})
        return removed

    async def snooze(self, actor: Actor, ticket_id: TicketId, typed: str) -> datetime:
        """Put it off; returns until when. Raises InvalidSnooze for what is no time to come."""
        zone = self._context.policy.support.hours.zone
        until = snooze_end(typed, now=self._context.clock(), zone=zone)
        if until is None:
            raise InvalidSnooze
        async with self.working(actor, ticket_id) as work:
            await acts.snooze(work, until)
        return until

    async def snooze_over(self, job: Job) -> None:
        """The timer of a snooze: only the one that holds now ends, and only once."""
        ticket_id = TicketId(str(job.payload["ticket_id"]))
        until = ticket_turns.moment_of(job.payload["until"])
        now = self._context.clock()
        async with self._context.database.write() as connection:
            ticket = await ticket_work.hold(connection, ticket_id)
            if ticket is None or ticket.state is not TicketState.OPEN:
                return
            if ticket.snoozed_until != until:
                return
            await tickets.advance(
                connection,
                ticket_id,
                expected=(TicketState.OPEN,),
                to=TicketState.OPEN,
                snoozed_until=None,
            )
            woken = TicketEvent(ticket_id, Act.WOKEN, None, {}, now)
            event = await ticket_events.add(connection, woken)
            key = f"{acts.SNOOZE_TOLD}:{ticket_id}:{event}"
            told = NewJob(acts.SNOOZE_TOLD, key, {"ticket_id": ticket_id})
            await jobs.add(connection, [told], now=now)
