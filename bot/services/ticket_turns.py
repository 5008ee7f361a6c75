"""Whose turn it is, in the transaction of what changes it, and the timers that follow from it.

A timer carries what it was set for and decides again when it runs: by the configuration, the
priority and the turn of that moment. Its key says for which moment it was set, so that setting it
again changes nothing, however often the process starts. One that has done its work stays as a done
job. One that comes too early sets another, a stale one does nothing, and both leave no trace: what
makes them due again sets them again (ADR 26).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import TicketId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.sla import Due, ServiceLevels, Target, Wait, dues
from bot.domain.support_policy import SupportPolicy
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import TicketMessage
from bot.domain.ticket_work import Act, TicketEvent
from bot.domain.turns import Merged, Side, Step, Turn, rebuilt
from bot.services.context import Context
from storage import (
    jobs,
    refund_wishes,
    ticket_events,
    ticket_messages,
    ticket_turns,
    ticket_work,
    tickets,
)
from storage.columns import EPOCH
from storage.ticket_turns import TicketTurn

SLA_DUE = "sla.due"
SLA_ALERT = "sla.alert"
REMIND_SILENT = "silence.remind"
SWEEP = "support.sweep"
_T = TypeVar("_T")
# SQLite has one writer: others have their turn in between.
_PORTION = 200


def stamp(moment: datetime) -> int:
    """A time as it stands in keys and payloads, as exact as in the store."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def moment_of(stamped: object) -> datetime:
    """The inverse of `stamp`."""
    return EPOCH + timedelta(milliseconds=int(str(stamped)))


async def hand_to_team(connection: AsyncConnection, context: Context, ticket_id: TicketId) -> None:
    """It is the team's turn without a message: a member has opened the ticket."""
    await ticket_turns.begin_waiting(connection, ticket_id)
    await arm(connection, context, ticket_id)


async def hand_to_member(
    connection: AsyncConnection, context: Context, ticket_id: TicketId
) -> None:
    """The team has done its part without a message: it has opened the ticket for the member, or
    has taken up what they asked for. Whoever waits for an answer still does."""
    found = await ticket_turns.find(connection, ticket_id)
    if found is None:
        return
    now = context.clock()
    turn = replace(found.turn, team_active_at=now)
    await ticket_turns.save(connection, replace(found, turn=turn))
    await arm(connection, context, ticket_id)


async def opened_again(
    connection: AsyncConnection, context: Context, ticket: Ticket, *, by: UserId, at: datetime
) -> None:
    """`ticket`, as it was when it was closed, goes on.

    What was said and taken back since then counts now. The opener says something by it;
    whoever waits for an answer when the team does it, as after a closing by mistake, still waits.
    """
    found = await ticket_turns.find(connection, ticket.id)
    if found is None:
        return
    words_are_gone = ticket.purged_at is not None
    turn = found.turn if words_are_gone else await _left(connection, ticket.id)
    turn = turn.after(_reopened(ticket, by, at))
    await ticket_turns.save(connection, replace(found, turn=turn))
    await arm(connection, context, ticket.id)


async def messages(
    connection: AsyncConnection, context: Context, new: Sequence[TicketMessage]
) -> None:
    """What was just captured for the first time; whoever is on neither side does not count."""
    by_ticket: defaultdict[TicketId, list[TicketMessage]] = defaultdict(list)
    for each in new:
        if each.side is not None:
            by_ticket[each.ticket_id].append(each)
    for found, said in await _going_on(connection, by_ticket):
        after = _after(found, sorted(said, key=lambda each: each.sent_at))
        await ticket_turns.save(connection, after)
        is_other = after.turn.waiting_since != found.turn.waiting_since
        woken = found.snoozed_until is not None
        if is_other or woken or found.turn.team_active_at is None:
            await arm(connection, context, found.ticket_id)


async def _going_on(
    connection: AsyncConnection, concerned: Mapping[TicketId, Sequence[_T]]
) -> list[tuple[TicketTurn, list[_T]]]:
    """The tickets that are not over, each with what concerns it: also what was said in one that
    was merged into it."""
    if not concerned:
        return []
    found = await ticket_turns.of_tickets(connection, list(concerned))
    over = concerned.keys() - {each.ticket_id for each in found}
    merged = await ticket_turns.merged(connection, over) if over else {}
    if merged:
        here = (concerned.keys() - over) | set(merged.values())
        found = await ticket_turns.of_tickets(connection, here)
    by_ticket: defaultdict[TicketId, list[_T]] = defaultdict(list)
    for ticket_id, own in concerned.items():
        by_ticket[merged.get(ticket_id, ticket_id)] += own
    return [(each, by_ticket[each.ticket_id]) for each in found]


def _after(found: TicketTurn, said: Sequence[TicketMessage]) -> TicketTurn:
    """A reply of either side ends a snooze; one of the member's, the question whether to close."""
    turn = found.turn
    after = replace(found, snoozed_until=None)
    for message in said:
        if message.side is Side.TEAM:
            turn = turn.after_team(message.sent_at, message.author_id)
            continue
        turn = turn.after_member(message.sent_at)
        after = replace(after, close_requested_at=None, close_deadline=None)
    return replace(after, turn=turn)


async def taken_back(
    connection: AsyncConnection, context: Context, deleted: Mapping[TicketId, Sequence[Step]]
) -> None:
    """Words of either side were deleted: the turn is what everything else makes it."""
    for found, steps in await _going_on(connection, deleted):
        left = await _left(connection, found.ticket_id)
        turn = found.turn.without(steps, left)
        await ticket_turns.save(connection, replace(found, turn=turn))
        await arm(connection, context, found.ticket_id)


async def _left(connection: AsyncConnection, ticket_id: TicketId) -> Turn:
    """The turn that all makes which is known of the ticket, and of what was merged into it."""
    ticket = await tickets.find(connection, ticket_id)
    if ticket is None:
        raise NoSuchThing("ticket")
    parts = [ticket, *await ticket_work.merged_into(connection, ticket_id)]
    ids = [each.id for each in parts]
    happened: dict[TicketId, list[Step | Merged]] = {each: [] for each in ids}
    for each, said in (await ticket_messages.words(connection, ids)).items():
        happened[each] += said
    for event in await ticket_events.of_tickets(connection, ids):
        happened[event.ticket_id] += _acts(ticket, event)
    for each, done in await refund_wishes.taken_up(connection, ids):
        step = Step(done.at, Side.TEAM, done.actor_id, is_word=False, ends_wait=False)
        happened[each].append(step)
    opened = {each.id: each.created_at for each in parts}
    return rebuilt(ticket_id, opened=opened, happened=happened)


def _acts(ticket: Ticket, event: TicketEvent) -> Iterator[Step | Merged]:
    """What was done and stands for a word, or brought another ticket's turn along."""
    match event.act:
        case Act.ANSWERED:
            yield Step(event.at, Side.TEAM, event.actor_id)
        case Act.OPENED_FOR_MEMBER | Act.CLOSE_REFUSED:
            side = Side.MEMBER if event.actor_id == ticket.opener_id else Side.TEAM
            yield Step(event.at, side, event.actor_id, is_word=False)
        case Act.REOPENED:
            yield _reopened(ticket, event.actor_id, event.at)
        case Act.MERGED if "into" in event.details:
            yield Merged(event.at, TicketId(event.details["into"]))


def _reopened(ticket: Ticket, by: UserId | None, at: datetime) -> Step:
    side = Side.MEMBER if by == ticket.opener_id else Side.TEAM
    return Step(at, side, by, is_word=False, ends_wait=False)


async def arm(connection: AsyncConnection, context: Context, ticket_id: TicketId) -> None:
    """Set the timers that the ticket needs as it is now: after each change of turn, topic,
    priority or snooze."""
    wait = await ticket_turns.wait(connection, ticket_id)
    if wait is None:
        return
    now = context.clock()
    await jobs.add(connection, timers(wait, context.policy.support, now=now), now=now)


def timers(
    wait: Wait,
    support: SupportPolicy,
    *,
    now: datetime,
    told: Collection[tuple[Target, datetime]] = (),
) -> list[NewJob]:
    """What to look at when. `told`: targets, with their beginnings, that are known to be missed."""
    new = [
        _timer(wait, due, now)
        for due in dues(wait, support.levels, support.hours)
        if (due.target, due.since) not in told
    ]
    said_at = wait.last_active_at if wait.waiting_since is None else None
    if said_at is not None and support.silence is not None:
        remind_at = said_at + support.silence.remind_after
        new.append(silence_timer(wait.ticket_id, remind_at, now=now))
    return new


def _timer(wait: Wait, due: Due, now: datetime) -> NewJob:
    wanted = max(due.at, wait.snoozed_until or due.at)
    about = {"ticket_id": wait.ticket_id, "target": due.target.value, "since": stamp(due.since)}
    key = f"sla:{wait.ticket_id}:{due.target}:{stamp(due.since)}:{stamp(wanted)}"
    return NewJob(SLA_DUE, key, about, run_at=max(wanted, now))


def silence_timer(ticket_id: TicketId, wanted: datetime, *, now: datetime) -> NewJob:
    """When to look whether the member has answered; at once where that moment is over."""
    key = f"silence-remind:{ticket_id}:{stamp(wanted)}"
    return NewJob(REMIND_SILENT, key, {"ticket_id": ticket_id}, run_at=max(wanted, now))


@dataclass(frozen=True, slots=True)
class Breach:
    """A target that was missed, for those who are told."""

    ticket: Ticket
    due: Due


class TurnService:
    """Carries out what was armed."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def schedule(self) -> None:
        """At start: the configuration may have changed, so the timers are looked at again."""
        support = self._context.policy.support
        if support.levels == ServiceLevels() and support.silence is None:
            return
        now = self._context.clock()
        sweep = NewJob(SWEEP, f"{SWEEP}:{stamp(now)}", {})
        async with self._context.database.write() as connection:
            await jobs.add(connection, [sweep], now=now)

    async def sweep(self, job: Job) -> None:
        """Arm a portion of the open tickets; the next portion is the next job."""
        after = job.payload.get("after")
        last = None if after is None else TicketId(str(after))
        support, now = self._context.policy.support, self._context.clock()
        async with self._context.database.write() as connection:
            some = await ticket_turns.open_after(connection, last, most=_PORTION)
            told = await ticket_turns.missed(connection, [wait.ticket_id for wait in some])
            new = [
                timer
                for wait in some
                for timer in timers(wait, support, now=now, told=told[wait.ticket_id])
            ]
            if len(some) == _PORTION:
                newest = some[-1].ticket_id
                key = f"{job.key.partition('>')[0]}>{newest}"
                new.append(NewJob(SWEEP, key, {"after": newest}))
            await jobs.add(connection, new, now=now)

    async def target_due(self, job: Job) -> None:
        """The time for a target is over, if it still counts: one alert for it, and no more."""
        ticket_id = TicketId(str(job.payload["ticket_id"]))
        target, since = Target(job.payload["target"]), moment_of(job.payload["since"])
        support, now = self._context.policy.support, self._context.clock()
        async with self._context.database.write() as connection:
            wait = await ticket_turns.wait(connection, ticket_id)
            if wait is None:
                # Closed, and perhaps opened again for the one who waits.
                await jobs.forget(connection, job.id)
                return
            due = next(
                (
                    each
                    for each in dues(wait, support.levels, support.hours)
                    if each.target is target and each.since == since
                ),
                None,
            )
            if due is None:
                # Answered, or nobody promises it now; both can change.
                await jobs.forget(connection, job.id)
            elif due.at > now or (wait.snoozed_until is not None and wait.snoozed_until > now):
                await jobs.forget(connection, job.id)
                await jobs.add(connection, [_timer(wait, due, now)], now=now)
            elif await ticket_turns.note_breach(connection, ticket_id, due, now=now):
                key = f"sla-alert:{ticket_id}:{target}:{stamp(since)}"
                await jobs.add(connection, [NewJob(SLA_ALERT, key, job.payload)], now=now)

    async def breach(self, job: Job) -> Breach | None:
        """What to alert about; None when the ticket is gone."""
        ticket_id = TicketId(str(job.payload["ticket_id"]))
        target, since = Target(job.payload["target"]), moment_of(job.payload["since"])
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
            due = await ticket_turns.breach(connection, ticket_id, target, since)
        return None if ticket is None or due is None else Breach(ticket, due)
