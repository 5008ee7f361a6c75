"""After closing: the same ticket again, ratings; and who may see one while it lasts."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.errors import (
    NoSuchThing,
    NotAdded,
    NotInTicket,
    NotPermitted,
    NotReopened,
    NotYours,
    RatingOver,
    SeesTicketAlready,
    TicketExists,
    TicketOver,
)
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, MessageId, RoleId, TicketId, UserId
from bot.domain.opening_errors import TicketsBlocked
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_work import Act
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_blocks import TicketBlockService
from bot.services.ticket_people import TELL_LEFT, TicketPeople
from bot.services.ticket_ratings import TicketRatings
from bot.services.ticket_reopening import TicketReopening
from bot.services.tickets import TicketService
from storage import ticket_events
from storage.database import Database
from storage.schema import jobs, tickets
from tests.integration.storage.samples import GUILD, MAX, MIA, NOOR, Clock, service_context

SCREEN = Screen(1, "token")
SUPPORT, MODERATORS, SPECIALISTS = RoleId(5), RoleId(6), RoleId(77)
CHANNEL = ChannelId(900)
SETTINGS = {GUILD: GuildSettings(SUPPORT, MODERATORS, ChannelId(7), ChannelId(8))}
SAM = UserId(2001)


class Desk:
    """Every service that has to do with a ticket's life, over one store."""

    def __init__(self, context: Context) -> None:
        self.guilds = guilds = GuildService(context, SETTINGS)
        self.access = TicketAccess(context, guilds)
        self.tickets = TicketService(context, guilds)
        self.people = TicketPeople(context, self.access)
        self.ratings = TicketRatings(context)
        self.reopening = TicketReopening(context, guilds, self.access)
        self._next = 900

    async def open(self, *, opener: UserId = MIA, topic: str = "billing") -> Ticket:
        ticket = await self.tickets.open(
            guild_id=GUILD, opener_id=opener, topic_id=topic, answers={}, screen=SCREEN
        )
        return await self.make_channel(ticket.id)

    async def make_channel(self, ticket_id: TicketId) -> Ticket:
        self._next += 1
        await self.tickets.attach_channel(ticket_id, ChannelId(self._next))
        return await self.tickets.opened(ticket_id, MessageId(self._next))

    async def close(self, ticket: Ticket, *, asked_for_rating: bool = False) -> None:
        await self.tickets.close(sam(), ticket.id, reason="Solved")
        await self.tickets.closed(ticket.id, asked_for_rating=asked_for_rating)


@pytest.fixture
def desk(context: Context) -> Desk:
    return Desk(context)


def actor(user_id: UserId, *roles: RoleId, guild: GuildId = GUILD) -> Actor:
    return Actor(user_id, guild, frozenset(roles), manages_guild=False)


def sam() -> Actor:
    return actor(SAM, SUPPORT)


async def acts(database: Database, ticket: Ticket) -> list[tuple[Act, UserId | None]]:
    async with database.read() as connection:
        found = await ticket_events.of_ticket(connection, ticket.id)
    return [(event.act, event.actor_id) for event in found]


async def job_keys(database: Database, kind: str) -> list[str]:
    async with database.read() as connection:
        statement = sa.select(jobs.c.key).where(jobs.c.kind == kind).order_by(jobs.c.id)
        return list(await connection.scalars(statement))


async def test_a_ticket_is_seen_by_its_opener_the_added_and_the_team(desk: Desk) -> None:
    ticket = await desk.open()
    seen = desk.access.may_see

    assert await seen(actor(MIA), ticket)
    assert await seen(sam(), ticket)
    assert await seen(actor(MAX, MODERATORS), ticket)
    for stranger in (
        actor(NOOR),
        actor(NOOR, RoleId(99)),
        actor(MIA, guild=GuildId(7002)),
        actor(SAM, SUPPORT, guild=GuildId(7002)),
    ):
        assert not await seen(stranger, ticket)
        with pytest.raises(NotPermitted):
            await desk.access.require_sight(stranger, ticket)

    await desk.people.add(sam(), ticket.id, actor(NOOR), SCREEN)
    assert await seen(actor(NOOR), ticket)
    assert not await desk.access.is_team(actor(NOOR), ticket)
    await desk.people.remove(sam(), ticket.id, actor(NOOR), SCREEN)
    assert not await seen(actor(NOOR), ticket)


async def test_a_topic_with_a_team_of_its_own_is_for_that_team_and_moderators(
    context: Context,
) -> None:
    topics = tuple(
        replace(topic, staff_role_id=SPECIALISTS) if topic.id == "billing" else topic
        for topic in context.policy.topics
    )
    desk = Desk(replace(context, policy=replace(context.policy, topics=topics)))
    await desk.guilds.note_roles(GUILD, {SUPPORT, SPECIALISTS})
    ticket = await desk.open()

    assert await desk.access.is_team(actor(SAM, SPECIALISTS), ticket)
    assert await desk.access.is_team(actor(MAX, MODERATORS), ticket)
    assert not await desk.access.may_see(sam(), ticket)
    with pytest.raises(NotPermitted):
        await desk.tickets.close(sam(), ticket.id, reason=None)
    await desk.tickets.close(actor(SAM, SPECIALISTS), ticket.id, reason=None)


async def test_only_the_team_lets_people_in_and_each_change_is_recorded_once(
    desk: Desk, database: Database
) -> None:
    ticket = await desk.open()
    for stranger in (actor(MIA), actor(NOOR)):
        with pytest.raises(NotPermitted):
            await desk.people.add(stranger, ticket.id, actor(NOOR), SCREEN)
    for seeing in (actor(MIA), actor(MAX, MODERATORS)):
        with pytest.raises(SeesTicketAlready):
            await desk.people.add(sam(), ticket.id, seeing, SCREEN)
    with pytest.raises(NotAdded):
        await desk.people.remove(sam(), ticket.id, actor(NOOR), SCREEN)

    outcomes = await asyncio.gather(
        *(desk.people.add(sam(), ticket.id, actor(NOOR), SCREEN) for _ in range(3)),
        return_exceptions=True,
    )

    refused = [type(each) for each in outcomes if each is not None]
    assert refused == [SeesTicketAlready] * 2
    assert await acts(database, ticket) == [(Act.PERSON_ADDED, SAM)]
    assert len(await job_keys(database, "ticket.person")) == 1
    assert await desk.people.of_ticket(ticket) == [NOOR]
    await desk.people.not_let_in(ticket.id, NOOR)
    assert await desk.people.of_ticket(ticket) == []
    assert (await acts(database, ticket))[-1] == (Act.PERSON_REMOVED, None)
    await desk.close(ticket)
    with pytest.raises(TicketOver):
        await desk.people.add(sam(), ticket.id, actor(NOOR), SCREEN)


async def test_a_command_in_another_channel_is_in_no_ticket(desk: Desk) -> None:
    ticket = await desk.open()
    assert ticket.channel_id is not None
    assert (await desk.people.at(ticket.channel_id)).id == ticket.id
    with pytest.raises(NotInTicket):
        await desk.people.at(ChannelId(1))


async def test_an_opener_who_left_is_noted_in_this_servers_tickets_alone(
    desk: Desk, database: Database
) -> None:
    ticket = await desk.open()
    await desk.people.opener_left(GuildId(7002), MIA)
    await desk.people.opener_left(GUILD, NOOR)
    assert await job_keys(database, TELL_LEFT) == []

    await desk.people.opener_left(GUILD, MIA)

    assert await acts(database, ticket) == [(Act.LEFT, None)]
    assert len(await job_keys(database, TELL_LEFT)) == 1


async def test_a_closed_ticket_goes_on_under_its_number(
    desk: Desk, database: Database, clock: Clock
) -> None:
    ticket = await desk.open()
    await desk.close(ticket)
    clock.advance(days=7)

    again = await desk.reopening.by_opener(MIA, ticket.id, SCREEN)

    assert (again.id, again.number, again.state) == (ticket.id, 1, TicketState.OPENING)
    assert (again.channel_id, again.welcome_id, again.closed_at) == (None, None, None)
    assert again.waiting_since == clock()
    with pytest.raises(TicketExists):
        await desk.open()
    opened = await desk.make_channel(ticket.id)
    assert opened.state is TicketState.OPEN
    await desk.close(opened)
    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSED
    assert len(set(await job_keys(database, "ticket.open"))) == 2
    assert len(set(await job_keys(database, "ticket.close"))) == 2
    assert [act for act, _ in await acts(database, ticket)] == [
        Act.CLOSED,
        Act.REOPENED,
        Act.CLOSED,
    ]


async def test_who_may_reopen_and_until_when(desk: Desk, clock: Clock) -> None:
    ticket = await desk.open()
    with pytest.raises(TicketExists):
        await desk.reopening.by_opener(MIA, ticket.id, SCREEN)
    await desk.tickets.close(sam(), ticket.id, reason=None)
    with pytest.raises(NotReopened, check=lambda error: error.why == "still_closing"):
        await desk.reopening.by_opener(MIA, ticket.id, SCREEN)
    await desk.tickets.closed(ticket.id)
    with pytest.raises(NotYours):
        await desk.reopening.by_opener(NOOR, ticket.id, SCREEN)
    with pytest.raises(NotPermitted):
        await desk.reopening.by_team(actor(NOOR), ticket.id, SCREEN)
    with pytest.raises(NoSuchThing):
        await desk.reopening.by_opener(MIA, TicketId("nothing"), SCREEN)
    clock.advance(days=7, seconds=1)
    with pytest.raises(NotReopened, check=lambda error: error.why == "late"):
        await desk.reopening.by_team(sam(), ticket.id, SCREEN)


async def test_who_is_blocked_reopens_nothing_and_the_team_may_for_them(
    desk: Desk, context: Context, clock: Clock
) -> None:
    ticket = await desk.open()
    await desk.close(ticket)
    until = clock() + timedelta(days=1)
    await TicketBlockService(context, desk.guilds).block(sam(), MIA, until=until, reason=None)

    with pytest.raises(TicketsBlocked, check=lambda error: error.until == until):
        await desk.reopening.by_opener(MIA, ticket.id, SCREEN)

    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSED
    again = await desk.reopening.by_team(sam(), ticket.id, SCREEN)
    assert again.state is TicketState.OPENING


async def test_two_clicks_at_once_reopen_it_once(
    desk: Desk, database: Database, database_url: str, clock: Clock
) -> None:
    """Also when they reach two processes, and when a new ticket has the place by then."""
    ticket = await desk.open()
    await desk.close(ticket)
    other = Database(database_url)
    async with service_context(other, clock) as context:
        far = Desk(context)
        outcomes = await asyncio.gather(
            desk.reopening.by_opener(MIA, ticket.id, SCREEN),
            far.reopening.by_team(sam(), ticket.id, SCREEN),
            return_exceptions=True,
        )
    await other.close()
    assert sorted(type(each).__name__ for each in outcomes) == ["Ticket", "TicketExists"]

    await desk.close(await desk.make_channel(ticket.id))
    await desk.open()
    with pytest.raises(TicketExists):
        await desk.reopening.by_opener(MIA, ticket.id, SCREEN)
    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSED


async def test_a_reopening_that_failed_can_be_tried_again(desk: Desk, clock: Clock) -> None:
    ticket = await desk.open()
    await desk.close(ticket)
    await desk.reopening.by_opener(MIA, ticket.id, SCREEN)

    await desk.tickets.opening_failed(ticket.id, "This server has 500 channels.")

    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSED
    clock.advance(minutes=1)
    assert (await desk.reopening.by_opener(MIA, ticket.id, SCREEN)).state is TicketState.OPENING


async def test_a_ticket_is_found_by_number_or_as_the_last_one(desk: Desk, clock: Clock) -> None:
    first, second = await desk.open(), await desk.open(topic="help")
    with pytest.raises(NoSuchThing):
        await desk.reopening.numbered(actor(MIA), None)
    await desk.close(second)
    clock.advance(minutes=1)
    await desk.close(first)

    assert (await desk.reopening.numbered(actor(MIA), None)).id == first.id
    assert (await desk.reopening.numbered(sam(), 2)).id == second.id
    with pytest.raises(NoSuchThing):
        await desk.reopening.numbered(sam(), 3)
    with pytest.raises(NoSuchThing):
        await desk.reopening.numbered(actor(NOOR), None)


async def test_a_rating_is_kept_changed_for_a_day_and_told_each_time_it_changed(
    desk: Desk, database: Database, clock: Clock
) -> None:
    ticket = await desk.open()
    await desk.close(ticket, asked_for_rating=True)

    await desk.ratings.rate(MIA, ticket.id, 2)
    clock.advance(hours=23)
    await desk.ratings.rate(MIA, ticket.id, 2)
    await desk.ratings.rate(MIA, ticket.id, 4)
    await desk.ratings.comment(MIA, ticket.id, "Quick. My card is 4242 4242 4242 4242")

    kept = await desk.tickets.find(ticket.id)
    assert (kept.rating, kept.rating_comment) == (4, "Quick. My card is [removed]")
    assert len(await job_keys(database, "ticket.tell_rating")) == 3
    with pytest.raises(NotYours):
        await desk.ratings.rate(NOOR, ticket.id, 1)
    with pytest.raises(NoSuchThing):
        await desk.ratings.rate(MIA, ticket.id, 6)
    clock.advance(hours=1, seconds=1)
    with pytest.raises(RatingOver):
        await desk.ratings.rate(MIA, ticket.id, 1)
    with pytest.raises(RatingOver):
        await desk.ratings.may_comment(MIA, ticket.id)


async def test_nobody_rates_what_they_were_not_asked_about(desk: Desk, database: Database) -> None:
    ticket = await desk.open()
    with pytest.raises(RatingOver):
        await desk.ratings.rate(MIA, ticket.id, 5)
    await desk.close(ticket)
    with pytest.raises(RatingOver):
        await desk.ratings.rate(MIA, ticket.id, 5)
    async with database.read() as connection:
        assert await connection.scalar(sa.select(tickets.c.rating)) is None
