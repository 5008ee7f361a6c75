"""What follows in Discord from the team's work. Each looks at what is so by now."""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.domain.topic import Place
from bot.services import ticket_acts, ticket_merges
from bot.services.jobs import TryAgainError
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text
from cogs.tickets.overwrites import TALK, overwrites_for

_NOT_LET_IN = (
    "\n⚠️ The moderators cannot see it yet: the bot may not change who sees the channel. It needs "
    "Manage Permissions there."
)

_log = structlog.get_logger(__name__)


class DeskEffects:
    """Handlers of the desk's jobs."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._bot = bot
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add(ticket_acts.MOVED, self.give_access, in_discord=True)
        jobs.add(ticket_acts.TRANSFERRED, self.tell_transferred, in_discord=True)
        jobs.add(ticket_acts.ESCALATED, self.call_moderators, in_discord=True)
        jobs.add(ticket_acts.SNOOZE_OVER, dependencies.ticket_work.snooze_over)
        jobs.add(ticket_acts.SNOOZE_TOLD, self.tell_snooze_over, in_discord=True)
        jobs.add(ticket_merges.MERGED, self.tell_merged, in_discord=True)

    async def _ticket(self, job: Job) -> Ticket:
        return await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))

    async def give_access(self, job: Job) -> None:
        """The channel follows the topic: one call. A thread is found by its team's mention."""
        ticket = await self._ticket(job)
        if ticket.state is not TicketState.OPEN or ticket.channel_id is None:
            return
        role = await self._is.ticket_access.team_role(ticket)
        if job.payload["before"] != job.payload["after"] and not await self._let_only(ticket, role):
            await self._tell_refused(ticket, key=job.key)
        topics = {topic.id: topic.label for topic in self._is.policy.topics}
        label = topics.get(ticket.topic_id, ticket.topic_id)
        await self._is.messenger.post(
            ticket.channel_id,
            card(
                text(
                    f"**This ticket is about “{label}” now.** "
                    f"{f'<@&{role}>' if role else 'The team'} will answer here. You need to do "
                    "nothing."
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
            key=job.key,
            mentioned_role=role,
        )

    async def _let_only(self, ticket: Ticket, role: RoleId | None) -> bool:
        """False where the former team still sees it: the bot may not, or it is in a thread."""
        if ticket.place == Place.THREAD:
            return False
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        channel = guild.get_channel(ticket.channel_id or 0)
        if not isinstance(channel, discord.TextChannel):
            return True
        people = [ticket.opener_id, *await self._is.ticket_people.of_ticket(ticket)]
        overwrites = overwrites_for(guild, people=people, role_id=role)
        try:
            await channel.edit(overwrites=overwrites, reason="Moved to another topic")
        except discord.Forbidden as refusal:
            _log.error("ticket_team_not_changed", ticket=ticket.id, code=refusal.code)
            return False
        return True

    async def _tell_refused(self, ticket: Ticket, *, key: str) -> None:
        """The team is told what it would count on otherwise."""
        settings = await self._is.guilds.settings(ticket.guild_id)
        why = "The bot may not change who sees that channel: it needs Manage Permissions there."
        if ticket.place == Place.THREAD:
            why = "Whoever is in a thread stays in it until somebody takes them out."
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### The former team still sees ticket {ticket.number:04}\n"
                    f"<#{ticket.channel_id}> was moved to another topic. {why}"
                ),
                accent=words.WARNING_COLOUR,
            ),
            key=f"{key}:log",
        )

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
        """Whoever has been given the ticket hears of it, unless they have it no more."""
        ticket, to = await self._ticket(job), UserId(int(job.payload["to"]))
        if ticket.state is not TicketState.OPEN or ticket.assignee_id != to:
            return
        said = (
            f"<@{to}>: ticket {ticket.number:04} is yours now, from "
            f"<@{int(job.payload['by'])}>. <#{ticket.channel_id}>"
        )
        await self._tell_team(ticket, said, called=to, key=job.key)

    async def _tell_team(
        self, ticket: Ticket, said: str, *, called: UserId | None, key: str
    ) -> None:
        """Where the member does not read it."""
        settings = await self._is.guilds.settings(ticket.guild_id)
        await self._is.messenger.post(
            ticket.notes_thread_id or settings.log_channel_id,
            card(text(said)),
            key=key,
            mentioned=called,
        )

    async def tell_merged(self, job: Job) -> None:
        """In the one that goes on; who is told about the other one, is told when it closes."""
        ticket = await self._ticket(job)
        source = await self._is.tickets.find(TicketId(str(job.payload["source"])))
        await self._is.messenger.post(
            ticket.channel_id,
            card(
                text(
                    f"### Ticket {source.number:04} goes on here\n<@{ticket.opener_id}>, your two "
                    "tickets are one now. Nothing that was said is lost: the team sees both, and "
                    "you get both when this one closes."
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
            key=job.key,
            mentioned=ticket.opener_id,
        )
