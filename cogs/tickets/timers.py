"""Timers of tickets: alerts for missed targets, and members who do not answer.

Before a timer decides, what was said and not stored yet is stored, also what a killed process
missed: whoever has written in time is not told that they have not. Before silence decides,
Discord is asked: the gateway need not have told everything.
"""

from functools import partial

import structlog

from bot.domain.identifiers import TicketId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.services.ticket_silence import CANNOT_TELL, CLOSE_SILENT, TELL_SILENT, Reminder
from bot.services.ticket_turns import REMIND_SILENT, SLA_ALERT, SLA_DUE, SWEEP, Breach
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, text
from cogs.queue.render import TARGETS
from cogs.tickets.capture import CaptureCog
from cogs.tickets.missed import MissedCog

_log = structlog.get_logger(__name__)


class TimerEffects:
    """Carries out what `ticket_turns` and `ticket_silence` have set."""

    def __init__(self, dependencies: Dependencies, capture: CaptureCog, missed: MissedCog) -> None:
        """Register the handlers."""
        self._is = dependencies
        self._capture = capture
        self._missed = missed
        add = dependencies.jobs.add
        add(SWEEP, dependencies.ticket_turns.sweep)
        add(SLA_DUE, self.target_due, in_discord=True)
        add(SLA_ALERT, self.alert, in_discord=True)
        add(REMIND_SILENT, self.remind, in_discord=True)
        add(TELL_SILENT, self.tell_silent, in_discord=True)
        add(CLOSE_SILENT, self.close_silent, in_discord=True)
        add(CANNOT_TELL, self.tell_doubt, in_discord=True)

    async def target_due(self, job: Job) -> None:
        """A target's time is over, or was when this was set."""
        await self._capture.flush()
        heard = await self._is.ticket_silence.heard(job)
        if heard is not None:
            await self._missed.complete(heard)
        await self._is.ticket_turns.target_due(job)

    async def alert(self, job: Job) -> None:
        """One message for the team: it calls whoever has the ticket, else the role that answers."""
        breach = await self._is.ticket_turns.breach(job)
        if breach is None:
            return
        ticket, called = breach.ticket, breach.ticket.assignee_id
        role_id = None if called else await self._is.ticket_access.team_role(ticket)
        shown = partial(_alert_card, breach, called=_called(called, role_id))
        settings = await self._is.guilds.settings(ticket.guild_id)
        if await self._is.messenger.post(
            settings.log_channel_id,
            shown(),
            key=f"{job.key}:log",
            mentioned=called,
            mentioned_role=role_id,
        ):
            return
        # No log channel, or one that is closed to the bot. Here a call would let its target in.
        theirs = await self._is.ticket_access.members_side(ticket)
        if not await self._is.messenger.post(
            ticket.notes_thread_id,
            shown(),
            key=f"{job.key}:notes",
            mentioned=None if called in theirs else called,
        ):
            _log.warning("sla_alert_not_posted", ticket=ticket.id, target=breach.due.target)

    async def remind(self, job: Job) -> None:
        """The member has said nothing for so long."""
        await self._capture.flush()
        talk = await self._is.ticket_silence.to_remind(job)
        if talk is not None:
            await self._missed.hear_out(talk)
        await self._is.ticket_silence.remind(job)

    async def tell_silent(self, job: Job) -> None:
        """In the ticket, to the member alone; silence closes only what could be said there."""
        reminder = await self._is.ticket_silence.reminder(job)
        if reminder is None:
            return
        ticket = reminder.ticket
        if await self._is.messenger.post(
            ticket.channel_id,
            card(
                text(self._reminder_words(reminder)),
                row(button("Close ticket", custom_id("ticket.close", ticket.id))),
                accent=words.NEUTRAL_COLOUR,
            ),
            key=job.key,
            mentioned=ticket.opener_id,
        ):
            await self._is.ticket_silence.reminded(job, reminder)
            return
        await self._tell_elsewhere(ticket, key=job.key)

    async def _tell_elsewhere(self, ticket: Ticket, *, key: str) -> None:
        """The bot may not write in the ticket: the member is told, or else the team."""
        where = f"ticket {ticket.number:04} (<#{ticket.channel_id}>)"
        if await self._is.messenger.tell(
            ticket.opener_id,
            card(
                text(
                    f"### Do you still need help?\nThe team has answered in your {where} and waits "
                    "for you. Write there if you need anything else. It stays open until somebody "
                    "closes it."
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
            key=f"{key}:dm",
        ):
            return
        settings = await self._is.guilds.settings(ticket.guild_id)
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### A member could not be reminded\nI may not write in {where}, and "
                    f"<@{ticket.opener_id}> takes no direct messages from me. It stays open, "
                    "however long nobody answers."
                ),
                accent=words.WARNING_COLOUR,
            ),
            key=f"{key}:log",
        )

    def _reminder_words(self, reminder: Reminder) -> str:
        again = " You can reopen it after that." if self._is.policy.ends.reopen_days else ""
        return (
            f"### Do you still need help?\n<@{reminder.ticket.opener_id}>, the team has answered "
            "and waits for you. Write here if you need anything else. Without a word from you, "
            f"this ticket is closed {words.relative(reminder.closes_at)}.{again}"
        )

    async def close_silent(self, job: Job) -> None:
        """The member has said nothing since the reminder either."""
        await self._capture.flush()
        talk = await self._is.ticket_silence.to_close(job)
        if talk is not None:
            await self._missed.hear_out(talk)
        await self._is.ticket_silence.close(job)

    async def tell_doubt(self, job: Job) -> None:
        """Discord does not show the bot what was said: a person decides how the ticket ends."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        if ticket.state is not TicketState.OPEN:
            return
        settings = await self._is.guilds.settings(ticket.guild_id)
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### Ticket {ticket.number:04} does not close by itself\nDiscord does not "
                    f"show me what was said in <#{ticket.channel_id}>, so I cannot tell whether "
                    f"<@{ticket.opener_id}> has answered. Please give me **View Channel** and "
                    "**Read Message History** there. Until then nobody is reminded, and the ticket "
                    "stays open until somebody closes it."
                ),
                accent=words.WARNING_COLOUR,
            ),
            key=job.key,
        )


def _called(assignee_id: int | None, role_id: int | None) -> str:
    if assignee_id is not None:
        return f"<@{assignee_id}>"
    return f"<@&{role_id}>" if role_id is not None else "nobody has it"


def _alert_card(breach: Breach, *, called: str) -> View:
    ticket, due = breach.ticket, breach.due
    where = f"<#{ticket.channel_id}>" if ticket.channel_id else "no channel yet"
    urgent = "" if ticket.priority == "normal" else f" · {ticket.priority}"
    return card(
        text(
            f"### {TARGETS[due.target]} is late · ticket {ticket.number:04}\n"
            f"{where}{urgent} · {called}\n"
            f"It was due {words.relative(due.at)}. The member asked "
            f"{words.relative(ticket.waiting_since or due.since)}."
        ),
        accent=words.WARNING_COLOUR,
    )
