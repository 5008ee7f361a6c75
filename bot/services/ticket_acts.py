"""The parts of what the team does with a ticket, each in a transaction that holds the ticket."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.desk_errors import AlreadyClaimed, OnMembersSide, TooManyTags
from bot.domain.errors import TicketOver
from bot.domain.identifiers import TicketId, UserId
from bot.domain.job import NewJob
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_work import MOST_TAGS, Act, TicketEvent
from bot.services import ticket_turns
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.ticket_access import members_side
from storage import jobs, ticket_events, ticket_work, tickets
from storage import ticket_turns as stored_turns

# Clicks in a row change the card once.
CARD_PAUSE = timedelta(milliseconds=500)
CARD = "desk.card"
MOVED = "desk.moved"
FORMER_TEAM = "desk.former_team"
ESCALATED = "desk.escalated"
TRANSFERRED = "desk.transferred"
ASSIGNEE = "desk.assignee"
FORMER_ASSIGNEE = "desk.former_assignee"
SNOOZE_OVER = "desk.snooze_over"
SNOOZE_TOLD = "desk.snooze_told"
# What timers depend on, and what the card in the ticket shows to both sides.
_TIMED = frozenset({"priority", "topic_id", "snoozed_until", "waiting_since"})
_SHOWN = frozenset({"assignee_id", "topic_id"})


@dataclass(slots=True)
class Work:
    """An open ticket in the hands of one person: nobody else changes it meanwhile."""

    context: Context
    connection: AsyncConnection
    ticket: Ticket
    actor: Actor
    now: datetime

    async def change(self, act: Act, details: dict[str, Any], **values: Any) -> int:
        """Set values and record why; timers and the card follow. Returns the event's number."""
        former = self.ticket.assignee_id
        if values:
            changed = await tickets.advance(
                self.connection,
                self.ticket.id,
                expected=(TicketState.OPEN,),
                to=TicketState.OPEN,
                **values,
            )
            if changed is None:
                raise TicketOver
            self.ticket = changed
        event = await ticket_events.add(
            self.connection,
            TicketEvent(self.ticket.id, act, self.actor.user_id, details, self.now),
        )
        if not _TIMED.isdisjoint(values):
            await ticket_turns.arm(self.connection, self.context, self.ticket.id)
        if not _SHOWN.isdisjoint(values):
            await refresh_card(self.connection, self.ticket.id, event, now=self.now)
        if former is not None and self.ticket.assignee_id != former:
            await let_out(self.connection, self.ticket.id, former, event, now=self.now)
        return event

    async def then(self, kind: str, event: int, *, line: str | None = None, **more: Any) -> None:
        """Have something done in Discord that belongs to what was recorded."""
        payload = {"ticket_id": self.ticket.id, "event": event, **more}
        job = NewJob(kind, f"{kind}:{self.ticket.id}:{event}", payload, line=line)
        await jobs.add(self.connection, [job], now=self.now)


async def refresh_card(
    connection: AsyncConnection, ticket_id: TicketId, event: int, *, now: datetime
) -> None:
    """Have the ticket's card edited once for all changes of this moment."""
    await jobs.supersede(
        connection,
        kind=CARD,
        key_prefixes=[f"{CARD}:{ticket_id}:"],
        up_to=await jobs.last_id(connection),
        now=now,
    )
    job = NewJob(
        CARD,
        f"{CARD}:{ticket_id}:{event}",
        {"ticket_id": ticket_id},
        # One at a time: two edits side by side could end with the older one.
        line=f"{CARD}:{ticket_id}",
        run_at=now + CARD_PAUSE,
    )
    await jobs.add(connection, [job], now=now)


async def let_out(
    connection: AsyncConnection,
    ticket_id: TicketId,
    former: UserId,
    event: int,
    *,
    now: datetime,
) -> None:
    """Whoever had the ticket sees it from now on by their roles alone."""
    payload = {"ticket_id": ticket_id, "user_id": former}
    key = f"{FORMER_ASSIGNEE}:{ticket_id}:{event}"
    line = assignee_line(ticket_id)
    await jobs.add(connection, [NewJob(FORMER_ASSIGNEE, key, payload, line=line)], now=now)


def assignee_line(ticket_id: TicketId) -> str:
    """Those who get a ticket are let in and out one after another."""
    return f"desk.assignee:{ticket_id}"


async def assign(work: Work) -> None:
    """Give the ticket to the person whose work this is, if nobody else has it."""
    if work.ticket.assignee_id == work.actor.user_id:
        return
    await require_other_side(work, work.actor.user_id)
    if work.ticket.assignee_id is not None:
        raise AlreadyClaimed(work.ticket.assignee_id)
    await work.change(Act.CLAIMED, {}, assignee_id=work.actor.user_id)


async def require_other_side(work: Work, user_id: UserId) -> None:
    """Raise OnMembersSide for one of those whom the ticket is about: they do not answer it."""
    if user_id in await members_side(work.connection, work.ticket):
        raise OnMembersSide(user_id)


async def unassign(work: Work) -> None:
    """Leave it to whoever takes it next."""
    if work.ticket.assignee_id is not None:
        await work.change(Act.RELEASED, {"from": work.ticket.assignee_id}, assignee_id=None)


async def take_back(connection: AsyncConnection, ticket: Ticket, *, now: datetime) -> int | None:
    """Whoever had it does not answer it any more: nobody has it. Returns the event's number, or
    None where it is over or somebody else's by now."""
    held = await ticket_work.hold(connection, ticket.id)
    if held is None or held.state is not TicketState.OPEN:
        return None
    if held.assignee_id != ticket.assignee_id:
        return None
    await tickets.advance(
        connection,
        ticket.id,
        expected=(TicketState.OPEN,),
        to=TicketState.OPEN,
        assignee_id=None,
    )
    released = TicketEvent(ticket.id, Act.RELEASED, None, {"from": ticket.assignee_id}, now)
    event = await ticket_events.add(connection, released)
    await refresh_card(connection, ticket.id, event, now=now)
    if ticket.assignee_id is not None:
        await let_out(connection, ticket.id, ticket.assignee_id, event, now=now)
    return event


async def set_priority(work: Work, priority: Priority) -> None:
    """Say how much it matters."""
    if work.ticket.priority is not priority:
        details = {"from": work.ticket.priority.value, "to": priority.value}
        await work.change(Act.PRIORITY, details, priority=priority.value)


async def add_tag(work: Work, tag: str) -> None:
    """One more tag; there can be ten."""
    tags = await ticket_work.tags_of(work.connection, work.ticket.id)
    if tag not in tags and len(tags) >= MOST_TAGS:
        raise TooManyTags(MOST_TAGS)
    if await ticket_work.add_tag(work.connection, work.ticket.id, tag):
        await work.change(Act.TAGGED, {"tag": tag})


async def snooze(work: Work, until: datetime) -> None:
    """Put it off; any reply ends that."""
    event = await work.change(Act.SNOOZED, {"until": until.isoformat()}, snoozed_until=until)
    # The time in the payload makes the timer of an earlier snooze a stale one.
    payload = {"ticket_id": work.ticket.id, "until": ticket_turns.stamp(until)}
    timer = NewJob(SNOOZE_OVER, f"{SNOOZE_OVER}:{work.ticket.id}:{event}", payload, run_at=until)
    await jobs.add(work.connection, [timer], now=work.now)


async def answered(work: Work) -> None:
    """The bot says for this person what the member reads: their answer, and the member's turn."""
    found = await stored_turns.find(work.connection, work.ticket.id)
    if found is None:
        raise TicketOver
    by = work.actor.user_id
    await ticket_events.add(
        work.connection, TicketEvent(work.ticket.id, Act.ANSWERED, by, {}, work.now)
    )
    turn = found.turn.after_team(work.now, by)
    await stored_turns.save(work.connection, replace(found, turn=turn, snoozed_until=None))
    await ticket_turns.arm(work.connection, work.context, work.ticket.id)
