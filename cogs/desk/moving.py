"""A ticket goes to the team of another topic: the new one sees it, the former one does not."""

from collections.abc import Collection, Set

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import ChannelId, RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.domain.topic import Place
from bot.services import ticket_acts
from bot.services.handover_jobs import Refusal
from bot.services.jobs import TryAgainError
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text
from cogs.tickets import thread_members
from cogs.tickets.overwrites import living_role, overwrites_for
from cogs.tickets.places import TOO_MANY_THREADS

_MAY_NOT_CHANGE = "The bot may not change who sees that channel: it needs Manage Permissions there."
_NOT_TAKEN_OUT = {
    Refusal.LOOK_INTO_THREAD: (
        "Discord tells the bot who is in a thread only with the Server Members Intent. Until "
        "somebody takes them out by hand, they stay in it."
    ),
    Refusal.TAKE_OUT: (
        "The bot may not take people out of that thread: it needs Manage Threads there."
    ),
}

_log = structlog.get_logger(__name__)


class MovingEffects:
    """Handlers of the jobs of `TicketWorkService.move`; handovers use the second one, too."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register them."""
        self._bot = bot
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add(ticket_acts.MOVED, self.give_access, in_discord=True)
        jobs.add(ticket_acts.FORMER_TEAM, self.take_out, in_discord=True, can_wait=True)

    async def _ticket(self, job: Job) -> Ticket:
        return await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))

    def _guild(self, ticket: Ticket) -> discord.Guild:
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        return guild

    async def give_access(self, job: Job) -> None:
        """The channel follows the topic: one call. Into a thread the new team is called."""
        ticket = await self._ticket(job)
        if ticket.state is not TicketState.OPEN or ticket.channel_id is None:
            return
        guild = self._guild(ticket)
        settings = await self._is.guilds.settings(ticket.guild_id)
        team = await self._is.ticket_access.team_role(ticket)
        role = living_role(guild, team, settings.moderator_role_id)
        is_other = job.payload["before"] != job.payload["after"]
        if is_other and not await self._let_only(guild, ticket, role):
            await self._tell_refused(ticket, _MAY_NOT_CHANGE, key=job.key)
        await self._is.messenger.post(
            ticket.channel_id,
            card(
                text(
                    f"**This ticket is about “{self._is.tickets.label(ticket.topic_id)}” now.** "
                    f"{f'<@&{role}>' if role else 'The team'} will answer here. You need to do "
                    "nothing."
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
            key=job.key,
            mentioned_role=role,
        )

    async def _let_only(self, guild: discord.Guild, ticket: Ticket, role: RoleId | None) -> bool:
        """False where the bot may not, so that the former team still sees it."""
        channel = guild.get_channel(ticket.channel_id or 0)
        if not isinstance(channel, discord.TextChannel):
            return True  # a thread, or gone
        people = [ticket.opener_id, *await self._is.ticket_people.of_ticket(ticket)]
        roles = [role]
        if ticket.escalated_at is not None:
            roles.append((await self._is.guilds.settings(ticket.guild_id)).moderator_role_id)
        try:
            await channel.edit(
                overwrites=overwrites_for(guild, people=people, role_ids=roles),
                reason="Moved to another topic",
            )
        except discord.Forbidden as refusal:
            _log.error("ticket_team_not_changed", ticket=ticket.id, code=refusal.code)
            return False
        return True

    async def take_out(self, job: Job) -> None:
        """Who is in the thread and does not answer the ticket any more; from its notes, too.

        Where roles are replaced, only who holds one of these: others were let in by hand.
        Each run begins with who is there: a kill between two of them leaves none.
        """
        ticket = await self._ticket(job)
        if ticket.state is not TicketState.OPEN or ticket.channel_id is None:
            return
        if ticket.place != Place.THREAD:
            return
        people = {ticket.opener_id, *await self._is.ticket_people.of_ticket(ticket)}
        former = job.payload.get("former")
        try:
            await self._leave(ticket, ticket.channel_id, stay=people, former=former)
            if ticket.notes_thread_id is not None:
                await self._leave(ticket, ticket.notes_thread_id, stay=set(), former=former)
        except discord.NotFound:
            return  # the thread is gone
        except discord.Forbidden as refusal:
            why = Refusal.TAKE_OUT if self._bot.intents.members else Refusal.LOOK_INTO_THREAD
            _log.warning("former_team_not_taken_out", ticket=ticket.id, code=refusal.code)
            occasion = job.payload.get("occasion")
            if occasion is None:
                await self._tell_refused(ticket, _NOT_TAKEN_OUT[why], key=job.key)
            else:
                # Of many tickets it is said once.
                await self._is.handovers.refused(ticket.guild_id, str(occasion), why)
        except discord.HTTPException as refusal:
            if refusal.code != TOO_MANY_THREADS:
                raise
            # Its notes sleep, and as many threads as Discord allows are awake.
            _log.warning("former_team_not_taken_out", ticket=ticket.id, code=refusal.code)

    async def _leave(
        self,
        ticket: Ticket,
        thread_id: ChannelId,
        *,
        stay: Set[UserId],
        former: Collection[int] | None,
    ) -> None:
        guild = self._guild(ticket)
        team = await self._is.ticket_access.team_roles(ticket)
        there = await thread_members.people_in(self._bot, thread_id)
        for user_id, roles in there.items():
            if user_id in stay or thread_members.sees_all(guild, user_id, roles):
                continue
            if roles.isdisjoint(team) and (former is None or not roles.isdisjoint(former)):
                await thread_members.take_out(self._bot, thread_id, user_id)

    async def _tell_refused(self, ticket: Ticket, why: str, *, key: str) -> None:
        """The team is told what it would count on otherwise."""
        settings = await self._is.guilds.settings(ticket.guild_id)
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
