"""Macros: all actions of one in one transaction, and what they do in Discord as jobs."""

from typing import assert_never

from bot.domain.desk_errors import MacroUsed
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import TicketId, UserId
from bot.domain.job import Job
from bot.domain.macro import Action, AddTag, Assign, Close, Macro, Reply, SetPriority, Snooze
from bot.domain.ticket import Ticket
from bot.domain.ticket_work import Act, TicketEvent
from bot.domain.turns import Side, Step
from bot.services import ticket_acts as acts
from bot.services import ticket_turns
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.screens import Screen
from bot.services.ticket_acts import Work
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import close_within
from storage import ticket_events

REPLY = "desk.macro_reply"


class MacroService:
    """The vendor's macros, for the team."""

    def __init__(self, context: Context, work: TicketWorkService) -> None:
        """`work` says who is of the team."""
        self._context = context
        self._work = work

    def find(self, macro_id: str) -> Macro:
        """The macro with this id; raises NoSuchThing for one that the vendor has removed."""
        for macro in self._context.policy.desk.macros:
            if macro.id == macro_id:
                return macro
        raise NoSuchThing("macro")

    def matching(self, typed: str) -> list[Macro]:
        """Those whose name contains what is typed, in the vendor's order."""
        wanted = typed.strip().lower()
        return [
            macro
            for macro in self._context.policy.desk.macros
            if wanted in macro.label.lower() or wanted in macro.id
        ]

    async def run(
        self,
        actor: Actor,
        ticket_id: TicketId,
        macro: Macro,
        *,
        run_id: str,
        reply: str | None,
        screen: Screen | None = None,
    ) -> Ticket:
        """Carry everything out, or nothing; raises MacroUsed for a preview that was sent before.

        `reply` is what the macro says, as it was shown. On `screen` its sender reads it where
        Discord refuses the reply afterwards.
        """
        async with self._work.working(actor, ticket_id) as work:
            done = await ticket_events.of_ticket(work.connection, ticket_id)
            if any(each.act is Act.MACRO and each.details.get("run") == run_id for each in done):
                raise MacroUsed
            event = await work.change(Act.MACRO, {"macro": macro.id, "run": run_id})
            for action in macro.actions:
                await self._act(work, action, event, reply, screen)
        return work.ticket

    async def not_said(self, job: Job) -> None:
        """Discord has refused the reply: it was no answer, and the ticket waits as before."""
        ticket_id, by = TicketId(str(job.payload["ticket_id"])), UserId(int(job.payload["by"]))
        at = ticket_turns.moment_of(job.payload["at"])
        async with self._context.database.write() as connection:
            answer = TicketEvent(ticket_id, Act.ANSWERED, by, {}, at)
            if await ticket_events.forget(connection, answer):
                taken_back = {ticket_id: [Step(at, Side.TEAM, by)]}
                await ticket_turns.taken_back(connection, self._context, taken_back)

    async def _act(
        self, work: Work, action: Action, event: int, reply: str | None, screen: Screen | None
    ) -> None:
        match action:
            case Reply():
                # In the ticket's line: it is said before the ticket closes.
                said = {
                    "text": reply or action.text,
                    "by": work.actor.user_id,
                    "at": ticket_turns.stamp(work.now),
                    "screen": screen and screen.to_payload(),
                }
                await work.then(REPLY, event, line=work.ticket.id, **said)
                await acts.answered(work)
            case AddTag(tag):
                await acts.add_tag(work, tag)
            case SetPriority(priority):
                await acts.set_priority(work, priority)
            case Assign(to_me=True):
                await acts.assign(work)
            case Assign():
                await acts.unassign(work)
            case Snooze(span):
                await acts.snooze(work, work.now + span)
            case Close(reason):
                work.ticket = await close_within(
                    work.connection,
                    work.ticket.id,
                    by=work.actor.user_id,
                    reason=reason,
                    now=work.now,
                )
            case _:
                assert_never(action)
