"""Who of the team takes new tickets, and giving them out in the transaction that opens one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.assignment import Agent, Assignment, choose, turn_of
from bot.domain.errors import GuildNotSetUp, NotPermitted
from bot.domain.identifiers import GuildId, RoleId, TicketId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.ticket import Ticket
from bot.domain.ticket_work import Act, TicketEvent
from bot.domain.topic import Place
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.handover_jobs import CHECK_ROLES
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_acts import take_back
from storage import agents, jobs, open_tickets, ticket_events

CHECK = CHECK_ROLES
GAVE_BACK = "agents.gave_back"
LEAVE = "agents.leave"
# One call for each of these, in one run.
PORTION = 50


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

    async def everywhere(self, job: Job) -> list[tuple[GuildId, UserId]]:
        """The next portion of those whose roles to look at; tomorrow's look is set."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, [_check(now + timedelta(days=1))], now=now)
        async with self._context.database.read() as connection:
            known = await agents.everywhere(connection)
            everybody = sorted({*known, *await open_tickets.working(connection)})
        guild_id, user_id = job.payload.get("after", (0, 0))
        return [each for each in everybody if each > (guild_id, user_id)][:PORTION]

    async def looked_at(self, job: Job, portion: Sequence[tuple[GuildId, UserId]]) -> None:
        """Go on behind them."""
        if len(portion) < PORTION:
            return
        look = job.payload.get("look", job.key)
        guild_id, user_id = portion[-1]
        payload = {"look": look, "after": [guild_id, user_id]}
        following = NewJob(CHECK, f"{look}:{guild_id}-{user_id}", payload)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [following], now=self._context.clock())

    async def seen(
        self, guild_id: GuildId, user_id: UserId, role_ids: Collection[RoleId] | None
    ) -> None:
        """What Discord says somebody's roles are now; None for who is not in the server.

        It tells this of everybody, so that most often there is nothing to do. Only who was of the
        team has lost anything: others may be in a ticket's thread because somebody let them in.
        """
        async with self._context.database.read() as connection:
            known = await agents.role_ids_of(connection, guild_id, user_id)
            theirs = await agents.have(connection, guild_id, user_id)
            worked: list[open_tickets.Worked] = []
            if await open_tickets.has_worked(connection, user_id):
                worked = await open_tickets.worked_in(connection, guild_id, user_id)
        if known is None and not (theirs or worked):
            return
        held = frozenset(role_ids or ())
        answering = held & await self._answering(guild_id)
        lost = [
            ticket for ticket in theirs if held.isdisjoint(await self._access.team_roles(ticket))
        ]
        leaving, staying = await self._departures(guild_id, user_id, held, worked)
        if lost or leaving or staying or known not in (None, answering):
            kept = None if known is None else answering
            await self._change(guild_id, user_id, kept, lost, leaving=leaving, staying=staying)

    async def _departures(
        self,
        guild_id: GuildId,
        user_id: UserId,
        held: frozenset[RoleId],
        worked: Sequence[open_tickets.Worked],
    ) -> tuple[dict[TicketId, int], list[str]]:
        """The threads that they have worked in and may not see any more, with what they did last;
        and the keys of former departures from those that they answer again."""
        hidden = {
            topic
            for topic in {each.topic_id for each in worked}
            if held.isdisjoint(await self._access.team_roles_for(guild_id, topic))
        }
        keys = {each: _departure(each.ticket_id, user_id, each.last) for each in worked}
        async with self._context.database.read() as connection:
            before = await jobs.known(connection, list(keys.values()))
        leaving = {
            each.ticket_id: each.last
            for each in worked
            if each.topic_id in hidden and keys[each] not in before
        }
        staying = [
            keys[each] for each in worked if each.topic_id not in hidden and keys[each] in before
        ]
        return leaving, staying

    async def role_deleted(self, guild_id: GuildId, role_id: RoleId) -> None:
        """Nobody has this role any more: Discord tells it of the role alone.

        Whoever has tickets and may answer them no more is found by the look that follows.
        """
        async with self._context.database.write() as connection:
            for each in await agents.of_guild(connection, guild_id):
                if role_id in each.role_ids:
                    kept = each.role_ids - {role_id}
                    await agents.set_roles(connection, guild_id, each.user_id, kept)

    async def _change(
        self,
        guild_id: GuildId,
        user_id: UserId,
        role_ids: Collection[RoleId] | None,
        lost: Sequence[Ticket],
        *,
        leaving: Mapping[TicketId, int],
        staying: Sequence[str],
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
            # Whoever was only given a ticket is in its thread, too.
            threads = {each.id for each in lost if each.place == Place.THREAD} & taken.keys()
            left = {**{ticket_id: taken[ticket_id] for ticket_id in threads}, **leaving}
            occasion = self._context.new_id()
            going = [_leave(each, user_id, last, occasion) for each, last in left.items()]
            await jobs.add(connection, going, now=now)
            await jobs.free(connection, staying)


def _check(moment: datetime) -> NewJob:
    return NewJob(CHECK, f"{CHECK}:{moment:%Y-%m-%d}", {}, run_at=moment)


def _departure(ticket_id: TicketId, user_id: UserId, last: int) -> str:
    """`last` is what they did there last, or how they lost it: it makes each departure one."""
    return f"{LEAVE}:{ticket_id}:{user_id}:{last}"


def _leave(ticket_id: TicketId, user_id: UserId, last: int, occasion: str) -> NewJob:
    """Have somebody taken out of a thread; what Discord refuses is said once for an occasion."""
    payload = {"ticket_id": ticket_id, "user_id": user_id, "occasion": occasion}
    return NewJob(LEAVE, _departure(ticket_id, user_id, last), payload)
