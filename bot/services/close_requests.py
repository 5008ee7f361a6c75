"""Asking the member whether it is solved. Yes closes, no goes on, silence closes by itself."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.desk_errors import CloseAsked, CloseRequestOver, MemberWaits
from bot.domain.errors import NotYours, TicketOver
from bot.domain.identifiers import TicketId
from bot.domain.job import Job, NewJob
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_work import Act
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.ticket_acts import Work
from bot.services.ticket_turns import moment_of, stamp
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import close_within
from storage import jobs, ticket_work, tickets
from storage.ticket_turns import NOT_ASKED, waits_since

ASKED = "desk.close_asked"
REFUSED = "desk.close_refused"
OVER = "desk.close_over"


class CloseRequestService:
    """For the team, which asks, and the member, who answers or writes instead."""

    def __init__(self, context: Context, work: TicketWorkService) -> None:
        """`work` says who is of the team."""
        self._context = context
        self._work = work

    async def ask(self, actor: Actor, ticket_id: TicketId) -> datetime:
        """Ask; returns until when the member can answer. Raises MemberWaits or CloseAsked."""
        async with self._work.working(actor, ticket_id) as work:
            ticket = work.ticket
            if ticket.waiting_since is not None:
                raise MemberWaits(ticket.waiting_since)
            if ticket.close_deadline is not None:
                raise CloseAsked(ticket.close_deadline)
            deadline = work.now + self._context.policy.desk.close_request_after
            event = await work.change(
                Act.CLOSE_ASKED,
                {"deadline": deadline.isoformat()},
                close_requested_at=work.now,
                close_requested_by=actor.user_id,
                close_deadline=deadline,
            )
            await work.then(ASKED, event, line=ticket_id, deadline=stamp(deadline))
            payload = {"ticket_id": ticket_id, "deadline": stamp(deadline)}
            timer = NewJob(OVER, f"{OVER}:{ticket_id}:{event}", payload, run_at=deadline)
            await jobs.add(work.connection, [timer], now=work.now)
        return deadline

    async def accept(self, actor: Actor, ticket_id: TicketId) -> Ticket:
        """The member says that it is solved."""
        async with self._context.database.write() as connection:
            ticket = await self._asked(connection, actor, ticket_id)
            return await close_within(
                connection,
                ticket.id,
                by=actor.user_id,
                reason=None,
                now=self._context.clock(),
                **NOT_ASKED,
            )

    async def refuse(self, actor: Actor, ticket_id: TicketId) -> None:
        """The member says that it is not: from now on they wait for an answer."""
        async with self._context.database.write() as connection:
            ticket = await self._asked(connection, actor, ticket_id)
            work = Work(self._context, connection, ticket, actor, self._context.clock())
            event = await work.change(Act.CLOSE_REFUSED, {}, **waits_since(work.now))
            await work.then(REFUSED, event, line=ticket_id)

    async def _asked(
        self, connection: AsyncConnection, actor: Actor, ticket_id: TicketId
    ) -> Ticket:
        ticket = await ticket_work.hold(connection, ticket_id)
        if ticket is None or ticket.state is not TicketState.OPEN:
            raise TicketOver
        if ticket.opener_id != actor.user_id:
            raise NotYours
        if ticket.close_deadline is None:
            raise CloseRequestOver
        return ticket

    async def is_unanswered(self, job: Job) -> bool:
        """Whether, by what is stored, the deadline closes the ticket."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, TicketId(str(job.payload["ticket_id"])))
        return ticket is not None and _asks(ticket, job) and ticket.waiting_since is None

    async def over(self, job: Job) -> None:
        """The deadline: closes for a member who said nothing, and never for one who waits."""
        ticket_id, now = TicketId(str(job.payload["ticket_id"])), self._context.clock()
        async with self._context.database.write() as connection:
            ticket = await ticket_work.hold(connection, ticket_id)
            if ticket is None or not _asks(ticket, job):
                return
            if ticket.waiting_since is not None:
                # The answer before it was taken back. After the next one it can be asked again.
                await tickets.advance(
                    connection,
                    ticket_id,
                    expected=(TicketState.OPEN,),
                    to=TicketState.OPEN,
                    **NOT_ASKED,
                )
                return
            await close_within(
                connection,
                ticket_id,
                by=ticket.close_requested_by,
                reason="Nobody answered the question whether it is solved.",
                now=now,
                **NOT_ASKED,
            )


def _asks(ticket: Ticket, job: Job) -> bool:
    """Whether it is still the job's question that waits for an answer."""
    is_same = ticket.close_deadline == moment_of(job.payload["deadline"])
    return ticket.state is TicketState.OPEN and is_same
