"""Open tickets go to whoever answers them now: after `/setup`, or when a role was deleted."""

from collections.abc import Collection

from bot.domain.identifiers import GuildId, RoleId
from bot.domain.job import Job, NewJob
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_search import TopicsInSight
from bot.domain.topic import Place
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.handover_jobs import (
    TELL_DELETED,
    TELL_REFUSED,
    TICKET,
    Handover,
    Refusal,
    begin,
    walk,
)
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_acts import FORMER_TEAM, MOVED
from storage import jobs, open_tickets

PORTION = 200


class HandoverService:
    """One job for each ticket: what is to be done there is found out when it runs."""

    def __init__(self, context: Context, guild_service: GuildService, access: TicketAccess) -> None:
        """`access` says which role answers a ticket."""
        self._context = context
        self._guilds = guild_service
        self._access = access

    async def role_deleted(self, guild_id: GuildId, role_id: RoleId) -> None:
        """Its tickets go to the moderators until another role is chosen.

        Told again of the same role, nothing happens: Discord gives no number twice.
        """
        settings = await self._guilds.settings(guild_id)
        topics = await self._topics_of(guild_id, role_id)
        if topics is None:
            return
        moderators = settings.moderator_role_id
        coming = frozenset({moderators} if moderators and moderators != role_id else ())
        occasion = f"deleted-{role_id}"
        handover = Handover(guild_id, occasion, topics, frozenset({role_id}), coming)
        async with self._context.database.read() as connection:
            if await jobs.exists(connection, walk(handover).key):
                return
        now = self._context.clock()
        async with self._context.database.write() as connection:
            tickets = await begin(connection, handover, now=now)
            if tickets and role_id != moderators:
                about = {"guild_id": guild_id, "tickets": tickets}
                told = NewJob(TELL_DELETED, f"{TELL_DELETED}:{guild_id}:{role_id}", about)
                await jobs.add(connection, [told], now=now)

    async def roles_there(self, guild_id: GuildId, role_ids: Collection[RoleId]) -> None:
        """The server has these roles: others may have been deleted while nobody listened."""
        settings = await self._guilds.settings(guild_id)
        chosen = {settings.support_role_id, settings.moderator_role_id}
        for topic in self._context.policy.topics:
            chosen.add(await self._guilds.topic_role(guild_id, topic.id))
        for role_id in sorted(each for each in chosen if each and each not in role_ids):
            await self.role_deleted(guild_id, role_id)

    async def _topics_of(self, guild_id: GuildId, role_id: RoleId) -> TopicsInSight | None:
        """Whose tickets the role saw; None where it saw none."""
        settings = await self._guilds.settings(guild_id)
        with_team = await self._guilds.topics_with_team(guild_id)
        if role_id == settings.moderator_role_id:
            return TopicsInSight()
        if role_id == settings.support_role_id:
            others = frozenset(topic for topic, role in with_team.items() if role != role_id)
            return TopicsInSight(without=others)
        own = frozenset(topic for topic, role in with_team.items() if role == role_id)
        return TopicsInSight(only=own) if own else None

    async def walk(self, job: Job) -> None:
        """A portion of the tickets, and the next one."""
        handover = Handover.from_payload(job.payload)
        opener_id, number = job.payload["after"]
        async with self._context.database.write() as connection:
            found = await open_tickets.page(
                connection,
                handover.guild_id,
                handover.topics,
                after=(opener_id, number),
                most=PORTION,
            )
            following = [each for ticket in found for each in _of_ticket(ticket, handover)]
            if len(found) == PORTION:
                following.append(walk(handover, after=open_tickets.cursor_of(found[-1])))
            await jobs.add(connection, following, now=self._context.clock())

    async def refused(self, guild_id: GuildId, occasion: str, why: Refusal) -> None:
        """Have the team told once, however many tickets it is about."""
        about = {"guild_id": guild_id, "why": why.value}
        told = NewJob(TELL_REFUSED, f"{TELL_REFUSED}:{guild_id}:{occasion}:{why}", about)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [told], now=self._context.clock())


def _of_ticket(ticket: Ticket, handover: Handover) -> list[NewJob]:
    # One that is being opened may have been given the former roles.
    line = ticket.id if ticket.state is TicketState.OPENING else f"{MOVED}:{ticket.id}"
    about = {**handover.to_payload(), "ticket_id": ticket.id}
    which = f"{ticket.id}:{handover.occasion}"
    following = [NewJob(TICKET, f"{TICKET}:{which}", about, line=line)]
    if ticket.place == Place.THREAD or ticket.state is TicketState.OPENING:
        # A thread has no list of roles: its people go one by one, after the message that wakes it.
        following.append(NewJob(FORMER_TEAM, f"{FORMER_TEAM}:{which}", about, line=line))
    return following
