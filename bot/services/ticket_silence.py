"""A member who does not answer is reminded once; then the ticket is closed, and can be reopened.

Never while the member waits, also for somebody to take up the refund that they have asked for,
never while the team has put the ticket off, and not while the team has asked whether it is solved:
that question has a deadline of its own. A ticket in which nobody
of the team has written yet waits for the team, so that silence never closes it. Nor does it where
the reminder could not be posted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import TicketId
from bot.domain.job import Job, NewJob
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_record import HeardChannel
from bot.services.context import Context
from bot.services.ticket_turns import moment_of, silence_timer, stamp
from bot.services.tickets import close_within
from storage import jobs, refund_wishes, ticket_turns, tickets
from storage.ticket_turns import TicketTurn

CLOSE_SILENT = "silence.close"
TELL_SILENT = "silence.tell"
CANNOT_TELL = "silence.cannot_tell"


@dataclass(frozen=True, slots=True)
class Reminder:
    """What the member is told: until when to answer."""

    ticket: Ticket
    closes_at: datetime


class SilenceService:
    """`[tickets] auto_close`."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def heard(self, job: Job) -> HeardChannel | None:
        """Where people talk in the job's ticket; None where it is not open any more."""
        ticket_id = TicketId(str(job.payload["ticket_id"]))
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
            if ticket is None or ticket.channel_id is None or ticket.state is not TicketState.OPEN:
                return None
            newest = await ticket_turns.newest_message(connection, ticket_id)
        return HeardChannel(ticket.id, ticket.guild_id, ticket.channel_id, newest)

    async def to_remind(self, job: Job) -> HeardChannel | None:
        """Where to listen before `remind`; None where it will remind nobody now."""
        silence, now = self._context.policy.support.silence, self._context.clock()
        found = await self._found(job)
        if silence is None or found is None:
            return None
        is_due = _silent_since(found, now) + silence.remind_after <= now
        return await self.heard(job) if is_due else None

    async def to_close(self, job: Job) -> HeardChannel | None:
        """Where to listen before `close`; None where it will close nothing."""
        found = await self._found(job)
        if self._context.policy.support.silence is None or found is None:
            return None
        return await self.heard(job) if _is_reminded(found, job) else None

    async def _found(self, job: Job) -> TicketTurn | None:
        async with self._context.database.read() as connection:
            return await _silent(connection, TicketId(str(job.payload["ticket_id"])))

    async def cannot_tell(self, ticket_id: TicketId) -> None:
        """Have the team told, once, that nobody knows whether the member is silent."""
        told = NewJob(CANNOT_TELL, f"{CANNOT_TELL}:{ticket_id}", {"ticket_id": ticket_id})
        async with self._context.database.write() as connection:
            await jobs.add(connection, [told], now=self._context.clock())

    async def remind(self, job: Job) -> None:
        """Have the member reminded, if they have been silent for so long; or look again later."""
        silence = self._context.policy.support.silence
        ticket_id, now = TicketId(str(job.payload["ticket_id"])), self._context.clock()
        async with self._context.database.write() as connection:
            found = await _silent(connection, ticket_id)
            if silence is None or found is None:
                await jobs.forget(connection, job.id)
                return
            since = _silent_since(found, now)
            due = since + silence.remind_after
            if due > now:
                await jobs.forget(connection, job.id)
                await jobs.add(connection, [silence_timer(ticket_id, due, now=now)], now=now)
                return
            about = {"ticket_id": ticket_id, "since": stamp(since)}
            key = f"silence-tell:{ticket_id}:{stamp(since)}"
            tell = NewJob(TELL_SILENT, key, about, line=ticket_id)
            await jobs.add(connection, [tell], now=now)

    async def reminder(self, job: Job) -> Reminder | None:
        """What to say; None when somebody has written since, or silence closes nothing now."""
        silence, now = self._context.policy.support.silence, self._context.clock()
        ticket_id, since = TicketId(str(job.payload["ticket_id"])), job.payload["since"]
        if silence is None:
            return None
        async with self._context.database.read() as connection:
            found = await _silent(connection, ticket_id)
            if found is None or _last_word(found) != moment_of(since):
                return None
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        # After a long pause of the bot there is still time to answer.
        pause = silence.close_after - silence.remind_after
        return Reminder(ticket, max(moment_of(since) + silence.close_after, now + pause))

    async def reminded(self, job: Job, reminder: Reminder) -> None:
        """The member could read it: only from now on may silence close."""
        ticket_id, since = reminder.ticket.id, job.payload["since"]
        about = {"ticket_id": ticket_id, "since": since}
        key = f"silence-close:{ticket_id}:{since}"
        timer = NewJob(CLOSE_SILENT, key, about, run_at=reminder.closes_at)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [timer], now=self._context.clock())

    async def close(self, job: Job) -> None:
        """Close, in the transaction that has found the member still silent."""
        silence, now = self._context.policy.support.silence, self._context.clock()
        if silence is None:
            return
        ticket_id = TicketId(str(job.payload["ticket_id"]))
        async with self._context.database.write() as connection:
            found = await _silent(connection, ticket_id)
            if found is None or not _is_reminded(found, job):
                return
            if found.snoozed_until is not None and found.snoozed_until > now:
                # They were reminded before it: there is no second reminder, and no haste.
                closes_at = found.snoozed_until + silence.close_after - silence.remind_after
                key = f"silence-close:{ticket_id}:{job.payload['since']}:{stamp(closes_at)}"
                again = NewJob(CLOSE_SILENT, key, job.payload, run_at=closes_at)
                await jobs.add(connection, [again], now=now)
                return
            reason = f"No answer for {_in_words(now - _last_word(found))}."
            await close_within(connection, ticket_id, by=None, reason=reason, now=now)


async def _silent(connection: AsyncConnection, ticket_id: TicketId) -> TicketTurn | None:
    """The ticket's turn, if it is the member's and nothing else decides how it ends."""
    found = await ticket_turns.find(connection, ticket_id)
    if found is None or found.turn.waiting_since is not None or found.close_deadline is not None:
        return None
    if found.turn.team_active_at is None or await refund_wishes.has_wish(connection, ticket_id):
        return None
    return found


def _last_word(found: TicketTurn) -> datetime:
    last = found.turn.last_active_at
    assert last is not None  # noqa: S101 - `_silent` returns none without a word of the team
    return last


def _is_reminded(found: TicketTurn, job: Job) -> bool:
    """Whether nothing was said since the word after which the member was reminded."""
    return _last_word(found) == moment_of(job.payload["since"])


def _silent_since(found: TicketTurn, now: datetime) -> datetime:
    """The last word, or the end of a snooze that goes on."""
    last, snoozed = _last_word(found), found.snoozed_until
    return last if snoozed is None or snoozed <= now else max(last, snoozed)


def _in_words(silent: timedelta) -> str:
    if silent >= timedelta(days=2):
        return f"{silent.days} days"
    hours = max(1, round(silent.total_seconds() / 3600))
    return "1 hour" if hours == 1 else f"{hours} hours"
