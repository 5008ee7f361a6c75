"""“Is this solved?”: the question in the ticket, the member's answer, the deadline."""

import discord
from discord.ext import commands

from bot.domain.identifiers import TicketId
from bot.domain.job import Job
from bot.domain.ticket import TicketState
from bot.services import close_requests
from bot.services.ticket_turns import moment_of
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, custom_id, replace
from cogs.layout import View, button, card, row, text
from cogs.tickets.capture import CaptureCog
from cogs.tickets.missed import MissedCog


class SolvedCog(commands.Cog):
    """The team asks, the member decides."""

    def __init__(self, dependencies: Dependencies, capture: CaptureCog, missed: MissedCog) -> None:
        """Register the buttons and the jobs."""
        self._is = dependencies
        self._capture = capture
        self._missed = missed
        dependencies.router.add("desk.solved", self.accept)
        dependencies.router.add("desk.not_solved", self.refuse)
        jobs = dependencies.jobs
        jobs.add(close_requests.ASKED, self.ask, in_discord=True)
        jobs.add(close_requests.REFUSED, self.tell_team, in_discord=True)
        jobs.add(close_requests.OVER, self.over, in_discord=True)

    async def ask(self, job: Job) -> None:
        """Both answers are as visible; to write is the third one."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        deadline = moment_of(job.payload["deadline"])
        if ticket.close_deadline != deadline:
            return  # answered, or the conversation went on
        await self._is.messenger.post(
            ticket.channel_id,
            card(
                text(
                    f"## Is this solved?\n<@{ticket.opener_id}>, the team thinks so. If you say "
                    f"nothing, this ticket closes on {words.day_and_time(deadline)}.\n"
                    "-# Not solved? Press “Not yet”, or just write here: then it stays open."
                ),
                row(
                    button("Yes, close", custom_id("desk.solved", ticket.id)),
                    button("Not yet", custom_id("desk.not_solved", ticket.id)),
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
            key=job.key,
            mentioned=ticket.opener_id,
        )

    async def accept(self, interaction: Interaction, ticket_id: str) -> None:
        """Closed from this moment on; the rest is a job."""
        await self._is.close_requests.accept(actor_of(interaction), TicketId(ticket_id))
        await replace(
            interaction,
            _answered(
                "## Thank you\nThis ticket is closed. What was said comes to you by direct "
                "message. This channel disappears in a moment."
            ),
        )

    async def refuse(self, interaction: Interaction, ticket_id: str) -> None:
        """It stays open, and the team knows that somebody waits."""
        await self._is.close_requests.refuse(actor_of(interaction), TicketId(ticket_id))
        await replace(
            interaction,
            _answered(
                "## Not solved yet\nThis ticket stays open, and the team knows that you wait. "
                "Please write here what is still missing."
            ),
        )

    async def tell_team(self, job: Job) -> None:
        """Whoever has the ticket is called; nobody has it: the team sees it in the queue."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        if ticket.state is not TicketState.OPEN or ticket.assignee_id is None:
            return
        said = f"<@{ticket.assignee_id}>: it is not solved yet."
        await self._is.messenger.post(
            ticket.channel_id, _answered(said), key=job.key, mentioned=ticket.assignee_id
        )

    async def over(self, job: Job) -> None:
        """What was said in the last moment counts, also where the gateway did not tell of it."""
        await self._capture.flush()
        talk = await self._is.ticket_silence.heard(job)
        if talk is not None and await self._is.close_requests.is_unanswered(job):
            await self._missed.hear_out(talk)
        await self._is.close_requests.over(job)


def _answered(said: str) -> View:
    parts: list[discord.ui.Item[View]] = [text(said)]
    return card(*parts, accent=words.NEUTRAL_COLOUR)
