"""A topic's role is one server's. In every other one the topic is the server's own team's."""

from dataclasses import replace

import pytest

from bot.domain.assignment import Assignment
from bot.domain.errors import GuildNotSetUp, NotPermitted
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId, MessageId, RoleId, UserId
from bot.domain.support_policy import SupportPolicy
from bot.domain.ticket import Ticket
from bot.services.agents import AgentService
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.tickets import TicketService
from tests.integration.storage.samples import GUILD, MIA

OTHER, EMPTY = GuildId(7002), GuildId(7003)
SUPPORT, MODERATORS = RoleId(5), RoleId(6)
OTHERS_SUPPORT, OTHERS_MODERATORS = RoleId(15), RoleId(16)
ACCOUNTANTS = RoleId(77)
SAM, KIM, LEA = UserId(2001), UserId(2002), UserId(2003)
SETTINGS = {
    GUILD: GuildSettings(SUPPORT, MODERATORS),
    OTHER: GuildSettings(OTHERS_SUPPORT, OTHERS_MODERATORS),
    EMPTY: GuildSettings(),
}


def billing_is_the_accountants(context: Context) -> Context:
    """As in the vendor's file."""
    topics = tuple(
        replace(topic, staff_role_id=ACCOUNTANTS) if topic.id == "billing" else topic
        for topic in context.policy.topics
    )
    support = SupportPolicy(assignment=Assignment.ROUND_ROBIN)
    return replace(context, policy=replace(context.policy, topics=topics, support=support))


class Servers:
    """One process, to which the gateway has told of its servers' roles."""

    def __init__(self, context: Context) -> None:
        self.guilds = GuildService(context, SETTINGS)
        self.access = TicketAccess(context, self.guilds)
        self.tickets = TicketService(context, self.guilds)
        self.agents = AgentService(context, self.guilds)

    async def hear_of_roles(self) -> None:
        await self.guilds.note_roles(GUILD, {SUPPORT, MODERATORS, ACCOUNTANTS})
        await self.guilds.note_roles(OTHER, {OTHERS_SUPPORT, OTHERS_MODERATORS})

    async def open(self, guild_id: GuildId) -> Ticket:
        ticket = await self.tickets.open(
            guild_id=guild_id,
            opener_id=MIA,
            topic_id="billing",
            answers={},
            screen=Screen(1, "token"),
        )
        return await self.tickets.opened(ticket.id, MessageId(1))


def actor(user_id: UserId, role_id: RoleId, guild_id: GuildId) -> Actor:
    return Actor(user_id, guild_id, frozenset({role_id}), manages_guild=False)


@pytest.fixture
async def servers(context: Context) -> Servers:
    built = Servers(billing_is_the_accountants(context))
    await built.hear_of_roles()
    return built


async def test_each_server_has_a_team_for_the_topic(servers: Servers) -> None:
    """The accountants where they are, and the support role elsewhere: at each click, in the
    queue, in search, and when tickets are given out."""
    access, agents = servers.access, servers.agents
    await agents.set_taking(actor(LEA, ACCOUNTANTS, GUILD), takes_tickets=True)
    await agents.set_taking(actor(SAM, SUPPORT, GUILD), takes_tickets=True)
    await agents.set_taking(actor(KIM, OTHERS_SUPPORT, OTHER), takes_tickets=True)
    here, there = await servers.open(GUILD), await servers.open(OTHER)

    assert (here.assignee_id, there.assignee_id) == (LEA, KIM)
    assert await access.team_role(here) == ACCOUNTANTS
    assert await access.team_role(there) == OTHERS_SUPPORT
    assert await access.is_team(actor(LEA, ACCOUNTANTS, GUILD), here)
    assert not await access.is_team(actor(SAM, SUPPORT, GUILD), here)
    assert await access.is_team(actor(KIM, OTHERS_SUPPORT, OTHER), there)
    assert "billing" in (await access.topics_in_sight(actor(SAM, SUPPORT, GUILD))).without
    assert not (await access.topics_in_sight(actor(KIM, OTHERS_SUPPORT, OTHER))).without
    assert await access.is_for_one_team(here)
    assert not await access.is_for_one_team(there)
    with pytest.raises(NotPermitted):
        await agents.set_taking(actor(LEA, ACCOUNTANTS, OTHER), takes_tickets=True)


async def test_a_server_without_a_support_role_has_nobody_for_anothers_topic(
    servers: Servers,
) -> None:
    assert await servers.access.role_for(EMPTY, "billing") is None
    with pytest.raises(GuildNotSetUp):
        await servers.agents.set_taking(actor(LEA, ACCOUNTANTS, EMPTY), takes_tickets=True)


async def test_a_role_that_was_deleted_leaves_the_topic_to_moderators_after_a_restart_too(
    servers: Servers, context: Context
) -> None:
    """It was meant for few: what is gone must not open it to many."""
    ticket = await servers.open(GUILD)
    await servers.guilds.note_roles(GUILD, {SUPPORT, MODERATORS})
    restarted = Servers(billing_is_the_accountants(context))
    await restarted.guilds.note_roles(GUILD, {SUPPORT, MODERATORS})

    for process in (servers, restarted):
        assert await process.access.team_role(ticket) == ACCOUNTANTS
        assert not await process.access.is_team(actor(SAM, SUPPORT, GUILD), ticket)
        assert await process.access.is_team(actor(SAM, MODERATORS, GUILD), ticket)
