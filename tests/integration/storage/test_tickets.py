"""Tickets: one per member and topic, numbered, captured message by message."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.errors import NoSuchThing, NotPermitted, TicketExists, TicketOver
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import (
    AttemptId,
    ChannelId,
    GuildId,
    MessageId,
    RoleId,
    TicketId,
    UserId,
)
from bot.domain.opening_errors import TopicGone
from bot.domain.ticket import Ticket, TicketState
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from bot.services.tickets import TicketService
from storage import cancel_attempts, jobs, tickets
from storage.database import Database
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOOR,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    service_context,
)

SCREEN = Screen(1, "token")
SUPPORT = RoleId(5)
CHANNEL = ChannelId(900)
SETTINGS = {GUILD: GuildSettings(SUPPORT, RoleId(6), ChannelId(7), ChannelId(8))}


def service_over(context: Context) -> TicketService:
    return TicketService(context, GuildService(context, SETTINGS))


@pytest.fixture
def service(context: Context) -> TicketService:
    return service_over(context)


async def open_ticket(
    service: TicketService, *, opener: UserId = MIA, topic: str = "billing", guild: GuildId = GUILD
) -> Ticket:
    return await service.open(
        guild_id=guild,
        opener_id=opener,
        topic_id=topic,
        answers={"description": "Card 4242 4242 4242 4242 declined"},
        screen=SCREEN,
    )


async def opened(service: TicketService) -> Ticket:
    ticket = await open_ticket(service)
    await service.attach_channel(ticket.id, CHANNEL)
    return await service.opened(ticket.id, MessageId(1))


def actor(user_id: UserId, *roles: RoleId, guild: GuildId = GUILD) -> Actor:
    return Actor(user_id, guild, frozenset(roles), manages_guild=False)


async def test_opening_reserves_a_row_and_a_job_without_secrets(
    database: Database, service: TicketService
) -> None:
    ticket = await open_ticket(service)

    assert (ticket.number, ticket.state, ticket.channel_id) == (1, TicketState.OPENING, None)
    assert ticket.answers == {"description": "Card [removed] declined"}
    async with database.write() as connection:
        [job] = await jobs.claim(
            connection, now=NOW, lease=timedelta(seconds=1), token="t", most=10
        )
    assert job.kind == "ticket.open"
    assert job.payload == {
        "ticket_id": ticket.id,
        "screen": SCREEN.to_payload(),
        "files": [],
        "asked_in": None,
        "by_team": False,
    }


async def test_of_two_clicks_at_once_one_gets_the_ticket(
    service: TicketService, database_url: str, clock: Clock
) -> None:
    """Also when they reach two processes: the unique index decides."""
    other = Database(database_url)
    async with service_context(other, clock) as context:
        far = TicketService(replace(context, new_id=lambda: "FAR"), GuildService(context, SETTINGS))
        outcomes = await asyncio.gather(
            *(open_ticket(each) for each in (service, far, service, service)),
            return_exceptions=True,
        )
    await other.close()

    assert sum(isinstance(each, Ticket) for each in outcomes) == 1
    assert sum(isinstance(each, TicketExists) for each in outcomes) == 3


async def test_other_topics_members_and_servers_do_not_collide(service: TicketService) -> None:
    first = await open_ticket(service)
    second = await open_ticket(service, topic="help")
    third = await open_ticket(service, opener=NOOR)
    elsewhere = await open_ticket(service, guild=GuildId(7002))

    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert elsewhere.number == 1
    with pytest.raises(TicketExists):
        await open_ticket(service, topic="help")
    with pytest.raises(TopicGone):
        await open_ticket(service, topic="weather")


async def test_the_answer_names_the_channel_once_there_is_one(service: TicketService) -> None:
    await opened(service)
    with pytest.raises(TicketExists) as existing:
        await open_ticket(service)
    assert existing.value.channel_id == CHANNEL


@pytest.mark.parametrize("end", ["closed", "failed", "channel gone"])
async def test_a_ticket_that_ended_makes_room(service: TicketService, end: str) -> None:
    ticket = await open_ticket(service)
    if end == "failed":
        await service.opening_failed(ticket.id, "no room")
    else:
        await service.attach_channel(ticket.id, CHANNEL)
        await service.opened(ticket.id, MessageId(1))
        if end == "closed":
            await service.close(actor(MIA), ticket.id, reason="My card is 4242424242424242")
        else:
            await service.channel_gone(ticket.id)

    assert (await open_ticket(service)).number == 2
    if end == "closed":
        assert (await service.find(ticket.id)).close_reason == "My card is [removed]"


async def test_who_may_close(service: TicketService) -> None:
    ticket = await opened(service)
    for stranger in (actor(NOOR), actor(MIA, guild=GuildId(1)), actor(NOOR, RoleId(99))):
        with pytest.raises(NotPermitted):
            await service.close(stranger, ticket.id, reason=None)

    closing = await service.close(actor(NOOR, SUPPORT), ticket.id, reason="Solved")

    assert (closing.state, closing.closed_by) == (TicketState.CLOSING, NOOR)
    with pytest.raises(TicketOver):
        await service.close(actor(MIA), ticket.id, reason=None)
    await service.closed(ticket.id)
    assert (await service.find(ticket.id)).state is TicketState.CLOSED
    with pytest.raises(TicketOver):
        await service.opened(ticket.id, MessageId(2))


async def test_one_channel_belongs_to_one_ticket(service: TicketService) -> None:
    await opened(service)
    second = await open_ticket(service, topic="help")
    with pytest.raises(IntegrityError):
        await service.attach_channel(second.id, CHANNEL)


async def test_a_ticket_from_the_cancel_flow_is_noted_on_the_members_own_attempt_only(
    database: Database, service: TicketService
) -> None:
    await add_customer(database)
    attempt = AttemptId("A1")
    async with database.write() as connection:
        await cancel_attempts.add(
            connection,
            attempt,
            user_id=MIA,
            guild_id=GUILD,
            customer_id=MIAS,
            subscription_id=SUBSCRIPTION.id,
            now=NOW,
        )
    for opener, expected in ((NOOR, None), (MIA, "noted")):
        ticket = await service.open(
            guild_id=GUILD,
            opener_id=opener,
            topic_id="help",
            answers={},
            screen=SCREEN,
            attempt_id=attempt,
        )
        async with database.read() as connection:
            found = await cancel_attempts.find(connection, attempt)
        assert found is not None
        assert found.ticket_id == (ticket.id if expected else None)


async def test_a_ticket_that_does_not_exist(service: TicketService, database: Database) -> None:
    with pytest.raises(NoSuchThing):
        await service.find(TicketId("nothing"))
    async with database.read() as connection:
        found = await tickets.occupying(
            connection, guild_id=GUILD, opener_id=MIA, topic_id="billing"
        )
    assert found is None
