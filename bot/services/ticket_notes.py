"""Notes of the team, in a private thread.

Whom the ticket is about never reads them: who opened it, and who was added to it. Some of these may
be of the team, too.
"""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.desk_errors import NotesNotForYou
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import ChannelId, TicketId, UserId
from bot.domain.job import NewJob
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import Ticket
from bot.domain.ticket_work import Act
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.screens import Screen
from bot.services.ticket_access import members_side
from bot.services.ticket_work import TicketWorkService
from storage import jobs, ticket_work, tickets

WRITE = "desk.note"
OPEN = "desk.open_notes"
KEEP_OUT = "desk.keep_out"


class TicketNotesService:
    """The thread is made by a job, at the first note."""

    def __init__(self, context: Context, work: TicketWorkService) -> None:
        """`work` says who is of the team."""
        self._context = context
        self._work = work

    async def write(self, actor: Actor, ticket_id: TicketId, text: str, *, screen: Screen) -> None:
        """Keep a note, without what looks like a secret (S21); raises NotesNotForYou."""
        async with self._work.working(actor, ticket_id) as work:
            await _require_other(work.connection, work.ticket, actor.user_id)
            event = await work.change(Act.NOTED, {})
            await work.then(
                WRITE,
                event,
                line=line_of(ticket_id),
                text=remove_secrets(text)[0],
                by=actor.user_id,
                screen=screen.to_payload(),
            )

    async def open(self, actor: Actor, ticket_id: TicketId, *, screen: Screen) -> None:
        """Let somebody of the team into the thread; raises NotesNotForYou."""
        await self._work.look(actor, ticket_id)
        payload = {
            "ticket_id": ticket_id,
            "by": actor.user_id,
            "screen": screen.to_payload(),
        }
        job = NewJob(OPEN, f"{OPEN}:{self._context.new_id()}", payload, line=line_of(ticket_id))
        async with self._context.database.write() as connection:
            ticket = await ticket_work.hold(connection, ticket_id)
            if ticket is None:
                raise NoSuchThing("ticket")
            await _require_other(connection, ticket, actor.user_id)
            await jobs.add(connection, [job], now=self._context.clock())

    async def keep_out(
        self, ticket_id: TicketId, occasion: str, suspected: Collection[UserId] | None
    ) -> None:
        """People came to the notes, or may have: have those taken out who must not read them.

        `suspected` None means that it can be anybody. Each `occasion` counts once.
        """
        async with self._context.database.write() as connection:
            ticket = await tickets.find(connection, ticket_id)
            if ticket is None:
                return
            theirs = await members_side(connection, ticket)
            found = theirs if suspected is None else theirs.intersection(suspected)
            if found:
                job = keeping_out(ticket_id, occasion, found)
                await jobs.add(connection, [job], now=self._context.clock())

    async def attach(self, ticket_id: TicketId, thread_id: ChannelId | None) -> Ticket:
        """Remember the thread as soon as it exists, or that it is gone."""
        async with self._context.database.write() as connection:
            await tickets.set_notes_thread(connection, ticket_id, thread_id)
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        return ticket


async def _require_other(connection: AsyncConnection, ticket: Ticket, user_id: UserId) -> None:
    if user_id in await members_side(connection, ticket):
        raise NotesNotForYou


def keeping_out(ticket_id: TicketId, occasion: str, people: Collection[UserId]) -> NewJob:
    """Have these people looked for in the notes, and taken out."""
    payload = {"ticket_id": ticket_id, "suspected": sorted(people)}
    return NewJob(KEEP_OUT, f"{KEEP_OUT}:{ticket_id}:{occasion}", payload, line=line_of(ticket_id))


def line_of(ticket_id: TicketId) -> str:
    """One after another, so that there is one thread; beside what the member waits for."""
    return f"notes:{ticket_id}"
