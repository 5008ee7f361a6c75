"""Open tickets go to whoever answers them now: others were chosen, or a role was deleted."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import structlog

from bot.domain.identifiers import GuildId, RoleId
from bot.domain.job import Job, NewJob
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_search import TopicsInSight
from bot.domain.topic import Place
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.handover_jobs import (
    AGAIN,
    HAND_OVER_EVERY,
    REFUSED_PAUSE,
    TELL_DELETED,
    TELL_REFUSED,
    TICKET,
    Handover,
    Refusal,
    begin,
    walk,
)
from bot.services.role_changes import handovers_between
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_acts import FORMER_TEAM, MOVED
from storage import guilds, jobs, open_tickets

# Moving a ticket waits until it was handed over: never for longer than a portion takes.
PORTION = 20

_log = structlog.get_logger(__name__)


class HandoverService:
    """One job for each ticket: what is to be done there is found out when it runs."""

    def __init__(self, context: Context, guild_service: GuildService, access: TicketAccess) -> None:
        """`access` says which role answers a ticket."""
        self._context = context
        self._guilds = guild_service
        self._access = access

    async def role_deleted(
        self, guild_id: GuildId, role_id: RoleId, there: Collection[RoleId]
    ) -> None:
        """Its tickets go to the moderators, where their role is `there`, until another is chosen.

        Told again of the same role, nothing happens: Discord gives no number twice.
        """
        settings = await self._guilds.settings(guild_id)
        moderators, support = settings.moderator_role_id, settings.support_role_id
        topics = await self._answered_by(guild_id, role_id)
        if topics is None and role_id == moderators and support and support not in there:
            topics = await self._answered_by(guild_id, support)  # Moderators did, until now.
        if topics is None and role_id != moderators:
            return
        key = f"{TELL_DELETED}:{guild_id}:{role_id}"
        async with self._context.database.read() as connection:
            if await jobs.exists(connection, key):
                return
        handover = Handover(
            guild_id,
            f"deleted-{role_id}",
            topics or TopicsInSight(only=frozenset()),
            former=frozenset({role_id}),
            coming=frozenset({moderators} if moderators and moderators in there else ()),
            moderators=role_id == moderators,
        )
        about: dict[str, object] = {"guild_id": guild_id, "moderators": moderators in there}
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await begin(connection, handover, now=now)
            if topics is not None:
                about["tickets"] = await open_tickets.count(connection, guild_id, topics)
            # Also where no ticket is open: those that come are the moderators' from the beginning.
            await jobs.add(connection, [NewJob(TELL_DELETED, key, about)], now=now)

    async def roles_there(self, guild_id: GuildId, role_ids: Collection[RoleId]) -> None:
        """The server has these roles: others may have been deleted while nobody listened.

        And `mooring.toml` may name others than at the last start.
        """
        if not self._guilds.trusts(guild_id):
            return
        await self._guilds.note_roles(guild_id, role_ids)
        await self._follow_choice(guild_id, role_ids)
        settings = await self._guilds.settings(guild_id)
        chosen = {settings.support_role_id, settings.moderator_role_id}
        for topic in self._context.policy.topics:
            chosen.add(await self._guilds.topic_role(guild_id, topic.id))
        for role_id in sorted(each for each in chosen if each and each not in role_ids):
            await self.role_deleted(guild_id, role_id, role_ids)

    async def _follow_choice(self, guild_id: GuildId, there: Collection[RoleId]) -> None:
        """Hand over what other roles answer than those that are noted."""
        after = await self._guilds.answering_roles(guild_id)
        async with self._context.database.read() as connection:
            if await guilds.load_answering(connection, guild_id) == after:
                return
        now, tickets = self._context.clock(), 0
        async with self._context.database.write() as connection:
            before = await guilds.load_answering(connection, guild_id) or after
            await guilds.save_answering(connection, guild_id, after)
            new_id = self._context.new_id
            for each in handovers_between(guild_id, before, after, there, new_id=new_id):
                tickets += await begin(connection, each, now=now)
        _log.info("answering_roles_noted", guild=guild_id, tickets_handed_over=tickets)

    async def _answered_by(self, guild_id: GuildId, role_id: RoleId) -> TopicsInSight | None:
        """Whose tickets the role was called to; None where to none."""
        settings = await self._guilds.settings(guild_id)
        with_team = await self._guilds.topics_with_team(guild_id)
        if role_id == settings.support_role_id:
            others = frozenset(topic for topic, role in with_team.items() if role != role_id)
            return TopicsInSight(without=others)
        own = frozenset(topic for topic, role in with_team.items() if role == role_id)
        return TopicsInSight(only=own) if own else None

    async def walk(self, job: Job) -> None:
        """A portion of the tickets, one after another, and the next portion after them."""
        handover = Handover.from_payload(job.payload)
        opener_id, number = job.payload["after"]
        now = run_at = self._context.clock()
        following: list[NewJob] = []
        async with self._context.database.write() as connection:
            found = await open_tickets.page(
                connection,
                handover.guild_id,
                handover.concerned,
                after=(opener_id, number),
                most=PORTION,
            )
            for ticket in found:
                if own := _of_ticket(ticket, handover, run_at):
                    following += own
                    run_at += HAND_OVER_EVERY
            if len(found) == PORTION:
                after = open_tickets.cursor_of(found[-1])
                following.append(walk(handover, after=after, run_at=run_at))
            await jobs.add(connection, following, now=now)

    async def again_later(self, job: Job) -> None:
        """Discord refused it. Outside the ticket's line, where all else would wait for it."""
        payload = {**job.payload, "tries": int(job.payload.get("tries", 0)) + 1}
        now = self._context.clock()
        later = NewJob(AGAIN, _key(AGAIN, payload), payload, run_at=now + REFUSED_PAUSE)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [later], now=now)

    async def again(self, job: Job) -> None:
        """The right may be there by now."""
        line = f"{MOVED}:{job.payload['ticket_id']}"
        ticket = NewJob(TICKET, _key(TICKET, job.payload), job.payload, line=line)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [ticket], now=self._context.clock())

    async def refused(self, guild_id: GuildId, occasion: str, why: Refusal) -> None:
        """Have the team told once, however many tickets it is about."""
        about = {"guild_id": guild_id, "why": why.value}
        told = NewJob(TELL_REFUSED, f"{TELL_REFUSED}:{guild_id}:{occasion}:{why}", about)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [told], now=self._context.clock())


def _of_ticket(ticket: Ticket, handover: Handover, run_at: datetime | None) -> list[NewJob]:
    line = f"{MOVED}:{ticket.id}"
    if ticket.state is TicketState.OPENING:
        # It may have been given the former roles. In its line everything that follows would wait.
        line, run_at = ticket.id, None
    about = {**handover.to_payload(), "ticket_id": ticket.id}
    following = []
    if handover.changes(ticket):
        following.append(NewJob(TICKET, _key(TICKET, about), about, line, run_at))
    if ticket.place == Place.THREAD or ticket.state is TicketState.OPENING:
        # A thread has no list of roles: its people go one by one, after the message that wakes it.
        following.append(NewJob(FORMER_TEAM, _key(FORMER_TEAM, about), about, line, run_at))
    return following


def _key(kind: str, about: Mapping[str, Any]) -> str:
    """A ticket has one of a kind for each occasion, and for each time that it is tried again."""
    return f"{kind}:{about['ticket_id']}:{about['occasion']}:{about.get('tries', 0)}"
