"""Who of the team takes new tickets, and giving them out in the transaction that opens one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.assignment import Agent, Assignment, choose, turn_of
from bot.domain.errors import GuildNotSetUp, NotPermitted
from bot.domain.identifiers import ChannelId, GuildId, RoleId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.ticket import Ticket
from bot.domain.ticket_work import Act, TicketEvent
from bot.services.context import Context
from bot.services.departures import leave
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.handover_jobs import CHECK_ROLES
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_acts import take_back
from storage import agents, jobs, open_tickets, ticket_events

CHECK = CHECK_ROLES
GAVE_BACK = "agents.gave_back"


async def assign(
    connection: AsyncConnection, context: Context, ticket: Ticket, *, role_id: RoleId | None
) -> Ticket:
    """Give a new ticket to whose turn it is, or leave it to whoever claims it.

    The agents' rows are locked, so that two tickets that are opened at once take two turns.
    """
    how = context.policy.support.assignment
    if how is Assignment.NONE or role_id is None:
        return ticket
    team = await agents.of_guild(connection, ticket.guild_id, for_update=True)
    agent = choose(team, how, role_id=role_id, opener_id=ticket.opener_id)
    if agent is None:
        return ticket
    now = context.clock()
    turn = turn_of(team, now=now)
    await agents.give(connection, ticket.guild_id, ticket.id, agent.user_id, turn=turn)
    await ticket_events.add(
        connection, TicketEvent(ticket.id, Act.ASSIGNED, None, {"to": agent.user_id}, now)
    )
    return replace(ticket, assignee_id=agent.user_id)


class AgentService:
    """`/agent`: who takes tickets."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who is support."""
        self._context = context
        self._guilds = guild_service
        self._access = TicketAccess(context, guild_service)

    @property
    def assignment(self) -> Assignment:
        """How new tickets are given out."""
        return self._context.policy.support.assignment

    async def set_taking(self, actor: Actor, *, takes_tickets: bool) -> None:
        """Whether the actor is given new tickets; raises NotPermitted for who answers none."""
        self._guilds.require_trusted(actor.guild_id)
        answering = await self._answering(actor.guild_id)
        if not answering:
            raise GuildNotSetUp(("support role",))
        role_ids = answering & actor.role_ids
        if not role_ids:
            raise NotPermitted(needs=Duty.SUPPORT)
        async with self._context.database.write() as connection:
            await agents.save(
                connection,
                actor.guild_id,
                actor.user_id,
                role_ids=role_ids,
                takes_tickets=takes_tickets,
            )

    async def roster(self, actor: Actor) -> Sequence[Agent]:
        """Everybody with their load, those who take tickets first; for the team alone."""
        await self._access.topics_in_sight(actor)
        async with self._context.database.read() as connection:
            team = await agents.of_guild(connection, actor.guild_id)
        return sorted(team, key=lambda agent: (not agent.takes_tickets, agent.user_id))

    async def _answering(self, guild_id: GuildId) -> frozenset[RoleId]:
        """The roles that answer tickets: the server's, and those of single topics."""
        topics = self._context.policy.topics
        roles = {await self._guilds.topic_role(guild_id, topic.id) for topic in topics}
        roles.add((await self._guilds.settings(guild_id)).support_role_id)
        return frozenset(role for role in roles if role is not None)

    # Somebody who has lost the role is given no more tickets, and has none.

    async def schedule(self) -> None:
        """At start: today's look at everybody's roles, unless it is there."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, [_check(now)], now=now)

    async def everywhere(self, _job: Job) -> list[tuple[GuildId, UserId]]:
        """Whose roles to look at; tomorrow's look is set."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, [_check(now + timedelta(days=1))], now=now)
        async with self._context.database.read() as connection:
            known = await agents.everywhere(connection)
            return sorted({*known, *await open_tickets.working(connection)})

    async def seen(
        self,
        guild_id: GuildId,
        user_id: UserId,
        role_ids: Collection[RoleId] | None,
        *,
        threads: Collection[ChannelId] = (),
    ) -> None:
        """What Discord says somebody's roles are now; None for who is not in the server.

        It tells this of everybody, so that most often there is nothing to do. `threads` are those
        in which they are known to be.
        """
        async with self._context.database.read() as connection:
            known = await agents.role_ids_of(connection, guild_id, user_id)
            theirs = await agents.have(connection, guild_id, user_id)
            worked = await open_tickets.worked_in(connection, guild_id, user_id)
            inside = await open_tickets.at(connection, user_id, threads) if threads else []
        if known is None and not (theirs or worked or inside):
            return
        held = frozenset(role_ids or ())
        answering = held & await self._answering(guild_id)
        lost = [
            ticket for ticket in theirs if held.isdisjoint(await self._access.team_roles(ticket))
        ]
        has_lost = bool(lost or (known or frozenset()) - answering)
        for ticket in inside:
            has_lost |= held.isdisjoint(await self._access.team_roles(ticket))
        if has_lost:
            leaving = await self._leaving(guild_id, user_id)
        else:
            leaving = await self._left_behind(guild_id, user_id, held, worked)
        if lost or leaving is not None or known not in (None, answering):
            kept = None if known is None else answering
            await self._change(guild_id, user_id, kept, lost, leaving)

    async def _leaving(self, guild_id: GuildId, user_id: UserId) -> NewJob | None:
        """None where no ticket is in a thread, so that nobody is asked for their roles."""
        async with self._context.database.read() as connection:
            if not await open_tickets.has_threads_of_others(connection, guild_id, user_id):
                return None
        return leave(guild_id, user_id, self._context.new_id())

    async def _left_behind(
        self,
        guild_id: GuildId,
        user_id: UserId,
        held: frozenset[RoleId],
        worked: Mapping[str, int],
    ) -> NewJob | None:
        """They have worked in threads that they may not see; nobody knows if they are out of them.

        What they did last tells the occasion, so that it is one.
        """
        done = [
            f"{topic}.{last}"
            for topic, last in sorted(worked.items())
            if held.isdisjoint(await self._access.team_roles_for(guild_id, topic))
        ]
        return leave(guild_id, user_id, "-".join(done)) if done else None

    async def role_deleted(self, guild_id: GuildId, role_id: RoleId) -> None:
        """Nobody has this role any more: Discord tells it of the role alone."""
        async with self._context.database.read() as connection:
            team = await agents.of_guild(connection, guild_id)
            having = await agents.have(connection, guild_id)
        lost = [each for each in having if await self._access.team_role(each) == role_id]
        kept = {
            each.user_id: each.role_ids - {role_id} for each in team if role_id in each.role_ids
        }
        for user_id in sorted({*kept, *(each.assignee_id for each in lost if each.assignee_id)}):
            theirs = [each for each in lost if each.assignee_id == user_id]
            await self._change(guild_id, user_id, kept.get(user_id), theirs, None)

    async def _change(
        self,
        guild_id: GuildId,
        user_id: UserId,
        role_ids: Collection[RoleId] | None,
        lost: Sequence[Ticket],
        leaving: NewJob | None,
    ) -> None:
        """In one transaction; the team is told which tickets are nobody's now."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            if role_ids is not None:
                await agents.set_roles(connection, guild_id, user_id, role_ids)
            events = {each.id: await take_back(connection, each, now=now) for each in lost}
            taken = {ticket_id: event for ticket_id, event in events.items() if event is not None}
            if taken:
                payload = {"guild_id": guild_id, "user_id": user_id, "tickets": list(taken)}
                told = NewJob(GAVE_BACK, f"{GAVE_BACK}:{min(taken.values())}", payload)
                await jobs.add(connection, [told], now=now)
            if leaving is not None:
                await jobs.add(connection, [leaving], now=now)


def _check(moment: datetime) -> NewJob:
    return NewJob(CHECK, f"{CHECK}:{moment:%Y-%m-%d}", {}, run_at=moment)
