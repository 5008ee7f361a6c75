"""Notes of the team, in a private thread that the member can never see."""

from collections.abc import Sequence

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import ChannelId, MessageId, TicketId, UserId
from bot.domain.job import NewJob
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import Ticket
from bot.domain.ticket_work import Act
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.screens import Screen
from bot.services.ticket_work import TicketWorkService
from storage import jobs, tickets

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
        """Keep a note, without what looks like a secret (S21)."""
        async with self._work.working(actor, ticket_id) as work:
            event = await work.change(Act.NOTED, {})
            await work.then(
                WRITE,
                event,
                line=_line(ticket_id),
                text=remove_secrets(text)[0],
                by=actor.user_id,
                screen=screen.to_payload(),
            )

    async def open(self, actor: Actor, ticket_id: TicketId, *, screen: Screen) -> Ticket:
        """Let somebody of the team into the thread."""
        worked = await self._work.look(actor, ticket_id)
        payload = {
            "ticket_id": ticket_id,
            "by": actor.user_id,
            "screen": screen.to_payload(),
        }
        job = NewJob(OPEN, f"{OPEN}:{self._context.new_id()}", payload, line=_line(ticket_id))
        async with self._context.database.write() as connection:
            await jobs.add(connection, [job], now=self._context.clock())
        return worked.ticket

    async def keep_out(
        self, ticket_id: TicketId, message_id: MessageId, mentioned: Sequence[UserId]
    ) -> None:
        """A mention in the notes lets people in: have those taken out who are not of the team."""
        payload = {"ticket_id": ticket_id, "mentioned": list(mentioned)}
        job = NewJob(KEEP_OUT, f"{KEEP_OUT}:{message_id}", payload, line=_line(ticket_id))
        async with self._context.database.write() as connection:
            await jobs.add(connection, [job], now=self._context.clock())

    async def attach(self, ticket_id: TicketId, thread_id: ChannelId | None) -> Ticket:
        """Remember the thread as soon as it exists, or that it is gone."""
        async with self._context.database.write() as connection:
            await tickets.set_notes_thread(connection, ticket_id, thread_id)
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        return ticket


def _line(ticket_id: TicketId) -> str:
    """One after another, so that there is one thread; beside what the member waits for."""
    return f"notes:{ticket_id}"
