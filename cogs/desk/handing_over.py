"""Another role answers a server's tickets: those that are open go to it, one after another."""

import discord
import structlog
from discord.ext import commands

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId, RoleId, TicketId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.domain.topic import Place
from bot.services import handover_jobs
from bot.services.handover_jobs import Handover, Refusal
from bot.services.jobs import TryAgainError
from cogs import words
from cogs.dependencies import Dependencies
from cogs.desk.assignees import AssigneeAccess
from cogs.layout import card, text
from cogs.tickets.overwrites import TALK, is_shown_to, living_role

_REFUSED = {
    Refusal.CHANGE_CHANNEL: (
        "### Open tickets were not handed over\nThe bot may not change who sees their channels: it "
        "needs Manage Permissions there. Once it has that, this goes on by itself within an hour."
    ),
    Refusal.LOOK_INTO_THREAD: (
        "### Some of the former team may still be in open tickets\nDiscord tells the bot who is in "
        "a thread only with the Server Members Intent. Those who have answered there are taken "
        "out; the others stay until somebody takes them out by hand."
    ),
    Refusal.TAKE_OUT: (
        "### The former team is still in open tickets\nThe bot may not take people out of their "
        "threads: it needs Manage Threads there."
    ),
}

_log = structlog.get_logger(__name__)


class HandoverCog(commands.Cog):
    """Hears which roles are gone, and changes who sees each ticket."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        dependencies: Dependencies,
        assignees: AssigneeAccess,
    ) -> None:
        """Register the handlers."""
        self._bot = bot
        self._is = dependencies
        self._assignees = assignees
        jobs = dependencies.jobs
        jobs.add(handover_jobs.WALK, dependencies.handovers.walk)
        jobs.add(handover_jobs.TICKET, self.hand_over, in_discord=True, can_wait=True)
        jobs.add(handover_jobs.AGAIN, dependencies.handovers.again)
        jobs.add(handover_jobs.TELL_DELETED, self.tell_deleted, in_discord=True)
        jobs.add(handover_jobs.TELL_REFUSED, self.tell_refused, in_discord=True)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Discord tells of the role alone."""
        there = _roles_of(role.guild)
        await self._is.handovers.role_deleted(GuildId(role.guild.id), RoleId(role.id), there)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """What was deleted while nobody listened."""
        for guild in self._bot.guilds:
            await self._look(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """The same of a server that was away."""
        await self._look(guild)

    async def _look(self, guild: discord.Guild) -> None:
        if not guild.unavailable:
            await self._is.handovers.roles_there(GuildId(guild.id), _roles_of(guild))

    async def hand_over(self, job: Job) -> None:
        """Who is right by now; where that is so already, nothing is asked of Discord."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        if ticket.state is not TicketState.OPEN or ticket.channel_id is None:
            return
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        handover = Handover.from_payload(job.payload)
        settings = await self._is.guilds.settings(ticket.guild_id)
        answers = living_role(
            guild, await self._is.ticket_access.team_role(ticket), settings.moderator_role_id
        )
        if ticket.place == Place.THREAD:
            await self._call(ticket, handover, settings, answers, key=job.key)
            return
        channel = guild.get_channel(ticket.channel_id)
        if not isinstance(channel, discord.TextChannel):
            return
        wanted = {answers, _called(ticket, settings)} - {None}
        former = handover.former | await self._is.ticket_access.team_roles(ticket)
        try:
            await self._let(channel, wanted, former)
        except discord.Forbidden as refusal:
            _log.warning("ticket_not_handed_over", ticket=ticket.id, code=refusal.code)
            await self._is.handovers.refused(
                handover.guild_id, handover.occasion, Refusal.CHANGE_CHANNEL
            )
            await self._is.handovers.again_later(job)
            return
        except discord.NotFound:
            return  # gone meanwhile
        await self._assignees.let_in(ticket)

    async def _let(
        self, channel: discord.TextChannel, wanted: set[RoleId | None], former: frozenset[RoleId]
    ) -> None:
        """Role by role: whoever was let in by hand stays as they are."""
        why = "Another role answers tickets"
        there = {target.id for target in channel.overwrites}
        for role_id in wanted:
            role = channel.guild.get_role(role_id or 0)
            if role is not None and not is_shown_to(channel, role):
                await channel.set_permissions(role, overwrite=TALK, reason=why)
        for role_id in former - wanted:
            if role_id in there and channel.guild.get_role(role_id) is not None:
                await self._bot.http.delete_channel_permissions(channel.id, role_id, reason=why)

    async def _call(
        self,
        ticket: Ticket,
        handover: Handover,
        settings: GuildSettings,
        answers: RoleId | None,
        *,
        key: str,
    ) -> None:
        """Into a thread people come by being mentioned."""
        called = _called(ticket, settings)
        if answers in handover.coming:
            called = answers
            said = f"<@&{called}> answers this ticket now. You need to do nothing."
        elif called in handover.coming:
            said = f"<@&{called}> look at this ticket too."
        else:
            return
        view = card(text(said), accent=words.NEUTRAL_COLOUR)
        await self._is.messenger.post(ticket.channel_id, view, key=key, mentioned_role=called)

    async def tell_deleted(self, job: Job) -> None:
        """So that somebody chooses another role."""
        settings = await self._is.guilds.settings(GuildId(int(job.payload["guild_id"])))
        number = job.payload.get("tickets")
        if number is None:
            said = "### The moderator role was deleted\nWithout it nobody can refund."
        else:
            seen = "Moderators see" if job.payload["moderators"] else "Nobody of the team sees"
            which = words.open_tickets(int(number)) if number else "new tickets"
            said = f"### A role that answers tickets was deleted\n{seen} {which} of it now."
        choose = "An administrator can choose another role with `/setup`, or in `mooring.toml`."
        view = card(text(f"{said} {choose}"), accent=words.WARNING_COLOUR)
        await self._is.messenger.post(settings.log_channel_id, view, key=job.key)

    async def tell_refused(self, job: Job) -> None:
        """What an administrator can mend."""
        settings = await self._is.guilds.settings(GuildId(int(job.payload["guild_id"])))
        view = card(text(_REFUSED[Refusal(job.payload["why"])]), accent=words.WARNING_COLOUR)
        await self._is.messenger.post(settings.log_channel_id, view, key=job.key)


def _roles_of(guild: discord.Guild) -> list[RoleId]:
    return [RoleId(role.id) for role in guild.roles]


def _called(ticket: Ticket, settings: GuildSettings) -> RoleId | None:
    """The moderators, where they were called."""
    return None if ticket.escalated_at is None else settings.moderator_role_id
