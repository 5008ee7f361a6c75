"""Whoever is of the team no more is taken out of the threads that they have worked in.

A channel follows their roles by itself. In a thread people are one by one.
"""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.services.agents import LEAVE
from bot.services.handover_jobs import Refusal
from bot.services.jobs import TryAgainError
from cogs.dependencies import Dependencies
from cogs.tickets import thread_members
from cogs.tickets.places import TOO_MANY_THREADS

_log = structlog.get_logger(__name__)


class DepartureEffects:
    """One ticket in each job. Their own tickets, and those that they were added to, stay."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add(LEAVE, self.leave, in_discord=True, can_wait=True)

    async def leave(self, job: Job) -> None:
        """Out of the thread and of the ticket's notes, unless they may see it by now."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        user_id = UserId(int(job.payload["user_id"]))
        if ticket.state is not TicketState.OPEN:
            return
        if user_id in {ticket.opener_id, *await self._is.ticket_people.of_ticket(ticket)}:
            return
        try:
            await self._take_out(ticket, user_id)
        except discord.Forbidden as refusal:
            _log.warning("former_agent_not_taken_out", ticket=ticket.id, code=refusal.code)
            occasion = f"{user_id}-{job.payload['occasion']}"
            await self._is.handovers.refused(ticket.guild_id, occasion, Refusal.TAKE_OUT)
        except discord.HTTPException as refusal:
            if refusal.code != TOO_MANY_THREADS:
                raise
            # It sleeps, and as many as Discord allows are awake.
            _log.warning("former_agent_not_taken_out", ticket=ticket.id, code=refusal.code)

    async def _take_out(self, ticket: Ticket, user_id: UserId) -> None:
        """Asked first: a thread that sleeps is woken for nobody who is not in it."""
        inside = [
            each
            for each in (ticket.channel_id, ticket.notes_thread_id)
            if each is not None and await thread_members.is_in(self._bot, each, user_id)
        ]
        if inside and not await self._may_see(ticket, user_id):
            for each in inside:
                await thread_members.take_out(self._bot, each, user_id)

    async def _may_see(self, ticket: Ticket, user_id: UserId) -> bool:
        """By the roles that they hold now."""
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        try:
            held = frozenset(RoleId(each) for each in (await guild.fetch_member(user_id))._roles)
        except discord.NotFound:
            return False  # has left, and may come back
        team = await self._is.ticket_access.team_roles(ticket)
        return not held.isdisjoint(team) or thread_members.sees_all(guild, user_id, held)
