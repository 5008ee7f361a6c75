"""/agent: who takes new tickets."""

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import GuildId, RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import TicketState
from bot.services.agents import CHECK, GAVE_BACK
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, reply
from cogs.queue.render import given_back_card, roster_card, taking_card

_UNKNOWN_MEMBER = 10007
_UNKNOWN_USER = 10013

_log = structlog.get_logger(__name__)


class AgentCog(commands.Cog):
    """For everybody who answers tickets. The service refuses everybody else."""

    agent = app_commands.Group(
        name="agent",
        description="Who takes new tickets",
        default_permissions=discord.Permissions(manage_messages=True),
        guild_only=True,
    )

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the daily look at roles, and what follows from it."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add(CHECK, self.check_roles, in_discord=True)
        dependencies.jobs.add(GAVE_BACK, self.tell_given_back, in_discord=True)

    @agent.command(name="on", description="Get new tickets, when they are given out")
    async def on(self, interaction: Interaction) -> None:
        """From the next ticket on."""
        await self._set(interaction, takes_tickets=True)

    @agent.command(name="off", description="Get no new tickets, on a break or at the day's end")
    async def off(self, interaction: Interaction) -> None:
        """Those that they have stay theirs."""
        await self._set(interaction, takes_tickets=False)

    async def _set(self, interaction: Interaction, *, takes_tickets: bool) -> None:
        await self._is.agents.set_taking(actor_of(interaction), takes_tickets=takes_tickets)
        view = taking_card(self._is.agents.assignment, takes_tickets=takes_tickets)
        await reply(interaction, view)

    @agent.command(name="list", description="Who takes new tickets, and how many they have")
    async def list_all(self, interaction: Interaction) -> None:
        """Those who take some first."""
        team = await self._is.agents.roster(actor_of(interaction))
        await reply(interaction, roster_card(team, self._is.agents.assignment))

    @commands.Cog.listener()
    async def on_member_roles(self, guild_id: int, user_id: int, roles: frozenset[int]) -> None:
        """Discord tells this only with the Server Members intent, and then of everybody."""
        held = frozenset(RoleId(role) for role in roles)
        await self._is.agents.seen(GuildId(guild_id), UserId(user_id), held)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """The same for whoever has left, or was sent away."""
        await self._is.agents.seen(GuildId(payload.guild_id), UserId(payload.user.id), None)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Discord tells of the role, and of nobody who had it."""
        await self._is.agents.role_deleted(GuildId(role.guild.id), RoleId(role.id))

    async def tell_given_back(self, job: Job) -> None:
        """In the log channel: what nobody has taken meanwhile."""
        found = [
            await self._is.tickets.find(TicketId(str(each))) for each in job.payload["tickets"]
        ]
        left = [
            each for each in found if each.state is TicketState.OPEN and each.assignee_id is None
        ]
        if not left:
            return
        settings = await self._is.guilds.settings(GuildId(int(job.payload["guild_id"])))
        shown = given_back_card(UserId(int(job.payload["user_id"])), left, self._is)
        await self._is.messenger.post(settings.log_channel_id, shown, key=job.key)

    async def check_roles(self, job: Job) -> None:
        """Once a day: who has lost the role gets no more tickets, and has none.

        Without the Server Members intent Discord does not tell, so it is asked.
        """
        portion = await self._is.agents.everywhere(job)
        for guild_id, user_id in portion:
            guild = self._bot.get_guild(guild_id)
            if guild is None or guild.unavailable:
                continue
            try:
                member = await guild.fetch_member(user_id)
            except discord.NotFound as missing:
                if missing.code not in (_UNKNOWN_MEMBER, _UNKNOWN_USER):
                    raise
                await self._is.agents.seen(guild_id, user_id, None)
                _log.info("agent_left", guild=guild_id, user=user_id)
                continue
            roles = frozenset(RoleId(role) for role in member._roles)
            await self._is.agents.seen(guild_id, user_id, roles)
        await self._is.agents.looked_at(job, portion)
