"""What follows in Discord from the team's work. Each looks at what is so by now."""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import AttemptId, RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.domain.topic import Place
from bot.services import ticket_acts, ticket_merges
from bot.services.jobs import TryAgainError
from cogs import words
from cogs.cancellation.wording import about_leaving
from cogs.dependencies import Dependencies
from cogs.desk.assignees import AssigneeAccess
from cogs.layout import card, text
from cogs.tickets.overwrites import TALK

_NOT_LET_IN = (
    "\n⚠️ The moderators cannot see it yet: the bot may not change who sees the channel. It needs "
    "Manage Permissions there."
)
_ASSIGNEE_NOT_LET_IN = {
    Place.CHANNEL: (
        "\n⚠️ You cannot see it yet: the bot may not change who sees the channel. It needs Manage "
        "Permissions there."
    ),
    Place.THREAD: (
        "\n⚠️ Discord does not let you in: you do not see the channel that the thread is in, or the "
        "bot lacks Manage Threads there."
    ),
}

_log = structlog.get_logger(__name__)


class DeskEffects:
    """Handlers of the desk's jobs."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        dependencies: Dependencies,
        assignees: AssigneeAccess,
    ) -> None:
        """Register every handler."""
        self._bot = bot
        self._assignees = assignees
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add(ticket_acts.TRANSFERRED, self.tell_transferred, in_discord=True)
        jobs.add(ticket_acts.ESCALATED, self.call_moderators, in_discord=True)
        jobs.add(ticket_acts.SNOOZE_OVER, dependencies.ticket_work.snooze_over)
        jobs.add(ticket_acts.SNOOZE_TOLD, self.tell_snooze_over, in_discord=True)
        jobs.add(ticket_merges.MERGED, self.tell_merged, in_discord=True)

    async def _ticket(self, job: Job) -> Ticket:
        return await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))

    async def call_moderators(self, job: Job) -> None:
        """Once, in the log channel; from then on they see the ticket: one call."""
        ticket = await self._ticket(job)
        settings = await self._is.guilds.settings(ticket.guild_id)
        role = settings.moderator_role_id
        refused = ""
        if ticket.state is TicketState.OPEN and role is not None:
            refused = "" if await self._let_in(ticket, role, key=job.key) else _NOT_LET_IN
        called = f"<@&{role}>: " if role else ""
        by = UserId(int(job.payload["by"]))
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### {called}ticket {ticket.number:04} was escalated\n<#{ticket.channel_id}> "
                    f"· by <@{by}>\n{words.quoted(str(job.payload['why']))}{refused}"
                ),
                accent=words.WARNING_COLOUR,
            ),
            key=job.key,
            mentioned_role=role,
        )

    async def _let_in(self, ticket: Ticket, role_id: RoleId, *, key: str) -> bool:
        """A role sees the ticket too. Into a thread people come by being mentioned.

        False when the bot may not change who sees the channel.
        """
        if ticket.place == Place.THREAD:
            said = card(text(f"<@&{role_id}> look at this ticket too."))
            return await self._is.messenger.post(
                ticket.channel_id, said, key=f"{key}:thread", mentioned_role=role_id
            )
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        channel, role = guild.get_channel(ticket.channel_id or 0), guild.get_role(role_id)
        if not isinstance(channel, discord.TextChannel) or role is None:
            return True
        try:
            await channel.set_permissions(role, overwrite=TALK, reason="Escalated")
        except discord.Forbidden as refusal:
            _log.error("moderators_not_let_in", ticket=ticket.id, code=refusal.code)
            return False
        return True

    async def tell_snooze_over(self, job: Job) -> None:
        """Whoever has the ticket is called, where only the team reads."""
        ticket = await self._ticket(job)
        if ticket.state is not TicketState.OPEN:
            return
        who = f"<@{ticket.assignee_id}>: the" if ticket.assignee_id else "The"
        said = f"{who} snooze of ticket {ticket.number:04} is over. <#{ticket.channel_id}>"
        await self._tell_team(ticket, said, called=ticket.assignee_id, key=job.key)

    async def tell_transferred(self, job: Job) -> None:
        """Whoever has been given the ticket sees it and hears of it, if they still have it."""
        ticket, to = await self._ticket(job), UserId(int(job.payload["to"]))
        if ticket.state is not TicketState.OPEN or ticket.assignee_id != to:
            return
        is_in = await self._assignees.let_in(ticket)
        refused = "" if is_in else _ASSIGNEE_NOT_LET_IN[Place(ticket.place)]
        said = (
            f"<@{to}>: ticket {ticket.number:04} is yours now, from "
            f"<@{int(job.payload['by'])}>. <#{ticket.channel_id}>{refused}"
        )
        await self._tell_team(ticket, said, called=to, key=job.key)

    async def _tell_team(
        self, ticket: Ticket, said: str, *, called: UserId | None, key: str
    ) -> None:
        """Where the member does not read it. A call would let its target into the notes."""
        settings = await self._is.guilds.settings(ticket.guild_id)
        where = ticket.notes_thread_id or settings.log_channel_id
        if called is not None and called in await self._is.ticket_access.members_side(ticket):
            where = settings.log_channel_id
        await self._is.messenger.post(
            where,
            card(text(said)),
            key=key,
            mentioned=called,
        )

    async def tell_merged(self, job: Job) -> None:
        """In the one that goes on; who is told about the other one, is told when it closes."""
        ticket = await self._ticket(job)
        source = await self._is.tickets.find(TicketId(str(job.payload["source"])))
        if ticket.state is TicketState.OPEN:
            await self._assignees.let_in(ticket)
        leaving = [text(each) for each in await self._leaving(ticket, job)]
        await self._is.messenger.post(
            ticket.channel_id,
            card(
                text(
                    f"### Ticket {source.number:04} goes on here\n<@{ticket.opener_id}>, your two "
                    "tickets are one now. Nothing that was said is lost: you get both when this "
                    "one closes. Who sees what was said in each does not change."
                ),
                *leaving,
                accent=words.NEUTRAL_COLOUR,
            ),
            key=job.key,
            mentioned=ticket.opener_id,
        )
        if job.payload["lets_moderators_in"]:
            await self._let_moderators_in(ticket, source, key=job.key)

    async def _leaving(self, ticket: Ticket, job: Job) -> list[str]:
        """From where in the cancel flow its member came into the one that was merged.

        Where others were added to this ticket, the team alone is told.
        """
        said = [
            about_leaving(await self._is.cancellations.outcome(AttemptId(each)), self._is)
            for each in job.payload["attempts"]
        ]
        if not await self._is.ticket_people.of_ticket(ticket):
            return said
        where = f"Ticket {ticket.number:04}, <#{ticket.channel_id}>. Others are in it, so it is"
        for number, each in enumerate(said):
            key = f"{job.key}:leaving:{number}"
            await self._tell_team(ticket, f"{where} said here alone:\n{each}", called=None, key=key)
        return []

    async def _let_moderators_in(self, ticket: Ticket, source: Ticket, *, key: str) -> None:
        """They were called into the one that was merged, and are told where it goes on."""
        settings = await self._is.guilds.settings(ticket.guild_id)
        role = settings.moderator_role_id
        if ticket.state is not TicketState.OPEN or role is None:
            return
        refused = "" if await self._let_in(ticket, role, key=key) else _NOT_LET_IN
        said = (
            f"Ticket {source.number:04}, which was escalated, goes on in ticket "
            f"{ticket.number:04}. <#{ticket.channel_id}>{refused}"
        )
        await self._is.messenger.post(
            settings.log_channel_id, card(text(said)), key=f"{key}:moderators"
        )
