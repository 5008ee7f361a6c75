"""/agent: who takes new tickets."""

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import RoleId
from bot.domain.job import Job
from bot.services.agents import CHECK
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, reply
from cogs.queue.render import roster_card, taking_card

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
        """Register the daily look at roles."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add(CHECK, self.check_roles, in_discord=True)

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

    async def check_roles(self, job: Job) -> None:
        """Once a day: who has lost the role gets no more tickets.

        Without the Server Members intent Discord does not tell, so it is asked.
        """
        for guild_id, user_id in await self._is.agents.everywhere(job):
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
