"""The team of a server, its tickets, and what the store says of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, RoleId, UserId
from bot.domain.job import Job
from bot.domain.macro import AddTag, Assign, Macro, Reply, SetPriority, Snooze
from bot.domain.ticket import Priority, Ticket
from bot.domain.ticket_work import Act
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_merges import TicketMergeService
from bot.services.ticket_work import TicketWorkService
from storage import jobs, ticket_events, ticket_turns, tickets
from storage.database import Database
from storage.schema import jobs as table
from tests.integration.storage.samples import GUILD, MAX, MIA, Clock

SUPPORT, MODERATORS = RoleId(5), RoleId(6)

SETTINGS = {GUILD: GuildSettings(SUPPORT, MODERATORS, ChannelId(7), ChannelId(8))}

SAM = UserId(1009)


def actor(user_id: UserId, *roles: RoleId) -> Actor:
    return Actor(user_id, GUILD, frozenset(roles), manages_guild=False)


SAM_ACTS, MAX_ACTS, MIA_ACTS = actor(SAM, SUPPORT), actor(MAX, MODERATORS), actor(MIA)


def access_over(context: Context) -> TicketAccess:
    return TicketAccess(context, GuildService(context, SETTINGS))


def work_over(context: Context) -> TicketWorkService:
    return TicketWorkService(context, access_over(context))


def merging_over(context: Context) -> TicketMergeService:
    return TicketMergeService(context, work_over(context), access_over(context))


Open = Callable[..., Awaitable[Ticket]]


async def now_is(database: Database, ticket: Ticket) -> Ticket:
    async with database.read() as connection:
        found = await tickets.find(connection, ticket.id)
    assert found is not None
    return found


async def acts_on(database: Database, ticket: Ticket) -> list[Act]:
    async with database.read() as connection:
        return [each.act for each in await ticket_events.of_ticket(connection, ticket.id)]


async def due(database: Database, clock: Clock, kind: str) -> list[Job]:
    """The jobs of a kind that would run now; each is claimed once."""
    async with database.write() as connection:
        return await jobs.claim(
            connection,
            now=clock(),
            lease=timedelta(days=99),
            token="t",
            most=50,
            kind=kind,
        )


async def payloads(database: Database, kind: str) -> list[Mapping[str, Any]]:
    """What was enqueued, whatever it has to wait for."""
    async with database.read() as connection:
        which = sa.select(table.c.payload).where(table.c.kind == kind).order_by(table.c.id)
        rows = await connection.scalars(which)
        return list(rows)


async def answer(context: Context, ticket: Ticket) -> None:
    """Somebody of the team has answered: it is the member's turn."""
    async with context.database.write() as connection:
        found = await ticket_turns.find(connection, ticket.id)
        assert found is not None
        turn = found.turn.after_team(context.clock(), SAM)
        await ticket_turns.save(connection, replace(found, turn=turn))


# Macros


MACRO = Macro(
    "all",
    "All of it",
    (
        Reply("Hello {member}"),
        AddTag("bug"),
        SetPriority(Priority.LOW),
        Assign(to_me=True),
        Snooze(timedelta(days=1)),
    ),
)
