"""Whoever is of the team no more is taken out of the threads that they do not answer."""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket
from bot.services.departures import LEAVE
from bot.services.handover_jobs import Refusal
from bot.services.jobs import TryAgainError
from cogs.dependencies import Dependencies
from cogs.tickets import thread_members

_log = structlog.get_logger(__name__)


class DepartureEffects:
    """A portion of the threads in each job. Whom nobody finds in one is not asked about."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add(LEAVE, self.leave, in_discord=True, can_wait=True)

    async def leave(self, job: Job) -> None:
        """Each run begins with the roles that they hold: a second one takes out nobody else."""
        guild_id, user_id = GuildId(int(job.payload["guild_id"])), UserId(job.payload["user_id"])
        guild = self._bot.get_guild(guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        try:
            held = frozenset(RoleId(each) for each in (await guild.fetch_member(user_id))._roles)
        except discord.NotFound:
            held = frozenset()  # has left, and may come back
        portion = await self._is.departures.portion(job, held)
        is_refused = False
        for ticket in portion.tickets:
            is_refused |= not await self._take_out(ticket, user_id)
        if is_refused:
            occasion = f"{user_id}-{job.payload['occasion']}"
            await self._is.handovers.refused(guild_id, occasion, Refusal.TAKE_OUT)
        if portion.last is not None:
            await self._is.departures.go_on(job, portion.last)

    async def _take_out(self, ticket: Ticket, user_id: UserId) -> bool:
        """False when the bot may not."""
        try:
            for thread_id in (ticket.channel_id, ticket.notes_thread_id):
                if thread_id is not None:
                    await thread_members.take_out(self._bot, thread_id, user_id)
        except discord.Forbidden as refusal:
            _log.warning("former_agent_not_taken_out", ticket=ticket.id, code=refusal.code)
            return False
        return True
