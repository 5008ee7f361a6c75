"""Whoever has a ticket sees it, also where their roles do not show it to them."""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.domain.topic import Place
from bot.services import ticket_acts
from bot.services.jobs import TryAgainError
from cogs.dependencies import Dependencies
from cogs.tickets import thread_members
from cogs.tickets.overwrites import TALK, is_shown_to

_log = structlog.get_logger(__name__)


class AssigneeAccess:
    """A moderator can be given a ticket that only its team sees."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the handlers."""
        self._bot = bot
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add(ticket_acts.ASSIGNEE, self.let_back_in, in_discord=True)
        jobs.add(ticket_acts.FORMER_ASSIGNEE, self.let_out, in_discord=True)

    async def let_in(self, ticket: Ticket) -> bool:
        """False when Discord refuses. Whoever is of the team no more stays out."""
        user_id, channel_id = ticket.assignee_id, ticket.channel_id
        if user_id is None or channel_id is None:
            return True
        guild = self._guild(ticket)
        try:
            member = await guild.fetch_member(user_id)
            held = frozenset(RoleId(role) for role in member._roles)
            if held.isdisjoint(await self._is.ticket_access.team_roles(ticket)):
                return True
            channel = guild.get_channel(channel_id)
            if ticket.place == Place.THREAD:
                await thread_members.let_in(self._bot, channel_id, user_id)
            elif isinstance(channel, discord.TextChannel) and not _is_shown(channel, member):
                await channel.set_permissions(member, overwrite=TALK, reason="Has this ticket")
        except discord.NotFound:
            return True  # the person or the place is gone, which is dealt with elsewhere
        except discord.Forbidden as refusal:
            _log.warning("assignee_not_let_in", ticket=ticket.id, code=refusal.code)
            return False
        return True

    async def let_back_in(self, job: Job) -> None:
        """Whoever had a ticket when it was closed, and has it again, in its new place."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        if ticket.state is TicketState.OPEN:
            await self.let_in(ticket)

    async def let_out(self, job: Job) -> None:
        """What they were shown for the ticket alone; in a thread the team may stay."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        former = UserId(int(job.payload["user_id"]))
        if ticket.state is not TicketState.OPEN or ticket.assignee_id == former:
            return
        if former in {ticket.opener_id, *await self._is.ticket_people.of_ticket(ticket)}:
            return
        channel = self._guild(ticket).get_channel(ticket.channel_id or 0)
        if not isinstance(channel, discord.TextChannel):
            return  # a thread, or gone
        if not any(target.id == former for target in channel.overwrites):
            return
        try:
            await self._bot.http.delete_channel_permissions(
                channel.id, former, reason="Does not have this ticket any more"
            )
        except (discord.Forbidden, discord.NotFound) as refusal:
            _log.warning("assignee_not_let_out", ticket=ticket.id, code=refusal.code)

    def _guild(self, ticket: Ticket) -> discord.Guild:
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        return guild


def _is_shown(channel: discord.TextChannel, member: discord.Member) -> bool:
    """By their roles: an overwrite of their own may be about to go."""
    return (
        member.id == channel.guild.owner_id
        or member.guild_permissions.administrator
        or any(is_shown_to(channel, role) for role in member.roles)
    )
