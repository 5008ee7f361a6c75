"""Who answers tickets no more: they get none, and those that they had are nobody's."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket
from bot.domain.ticket_work import Act
from bot.services import agents as service
from bot.services import ticket_acts
from bot.services.ticket_work import TicketWorkService
from storage import ticket_events
from storage.schema import jobs as jobs_table
from tests.integration.storage.records import MODERATORS, SUPPORT
from tests.integration.storage.samples import GUILD, MIA, NOOR
from tests.integration.storage.test_ticket_turns import KIM, SAM, Desk, desk, team

__all__ = ["desk"]

ACCOUNTANTS = RoleId(77)


async def taking(desk: Desk, *people: UserId) -> None:
    for person in people:
        await desk.agents.set_taking(team(person), takes_tickets=True)


async def who_has(desk: Desk, *tickets: Ticket) -> list[UserId | None]:
    return [(await desk.tickets.find(each.id)).assignee_id for each in tickets]


async def told(desk: Desk) -> list[tuple[UserId, list[TicketId]]]:
    """What the team will read."""
    table = jobs_table
    statement = sa.select(table.c.payload).where(table.c.kind == service.GAVE_BACK)
    async with desk.context.database.read() as connection:
        rows = list(await connection.scalars(statement.order_by(table.c.id)))
    return [(row["user_id"], row["tickets"]) for row in rows]


async def jobs_of(desk: Desk, kind: str) -> int:
    counted = sa.select(sa.func.count()).where(jobs_table.c.kind == kind)
    async with desk.context.database.read() as connection:
        return int(await connection.scalar(counted) or 0)


async def claim(desk: Desk, ticket: Ticket, by: UserId) -> None:
    await TicketWorkService(desk.context, desk.access).claim(team(by), ticket.id)


async def test_who_loses_the_role_has_no_tickets_from_then_on(desk: Desk) -> None:
    await taking(desk, SAM)
    first, second = await desk.open(), await desk.open(NOOR)
    assert await who_has(desk, first, second) == [SAM, SAM]

    await desk.agents.seen(GUILD, SAM, frozenset({RoleId(99)}))

    assert await who_has(desk, first, second) == [None, None]
    assert (await desk.open(KIM)).assignee_id is None
    assert await told(desk) == [(SAM, [first.id, second.id])]
    assert await jobs_of(desk, ticket_acts.CARD) == 2
    async with desk.context.database.read() as connection:
        events = await ticket_events.of_ticket(connection, first.id)
    assert (events[-1].act, events[-1].actor_id, events[-1].details) == (
        Act.RELEASED,
        None,
        {"from": SAM},
    )
    await desk.agents.seen(GUILD, SAM, None)
    assert len(await told(desk)) == 1


async def test_who_has_claimed_tickets_and_never_ran_agent_on_counts_too(desk: Desk) -> None:
    ticket = await desk.open()
    await claim(desk, ticket, KIM)
    assert (GUILD, KIM) in await desk.agents.everywhere(Job(1, service.CHECK, "k", {}, 1))

    await desk.agents.seen(GUILD, KIM, None)

    assert await who_has(desk, ticket) == [None]
    assert await told(desk) == [(KIM, [ticket.id])]


@pytest.mark.parametrize("kept", [SUPPORT, MODERATORS])
async def test_other_roles_may_go(desk: Desk, kept: RoleId) -> None:
    """Moderators work on every ticket; but nothing is given out to them."""
    await taking(desk, SAM)
    ticket = await desk.open()

    await desk.agents.seen(GUILD, SAM, frozenset({kept, RoleId(99)}))

    assert await who_has(desk, ticket) == [SAM]
    assert await told(desk) == []
    is_agent = [each.user_id for each in await desk.agents.roster(team(KIM))]
    assert is_agent == ([SAM] if kept is SUPPORT else [])


async def test_of_two_roles_one_may_stay_with_its_tickets(desk: Desk) -> None:
    topics = tuple(
        replace(topic, staff_role_id=ACCOUNTANTS) if topic.id == "billing" else topic
        for topic in desk.context.policy.topics
    )
    desk.configure(replace(desk.context.policy, topics=topics))
    await desk.guilds.note_roles(GUILD, {SUPPORT, ACCOUNTANTS})
    await desk.agents.set_taking(team(SAM, SUPPORT, ACCOUNTANTS), takes_tickets=True)
    helped, paid = await desk.open(), await desk.open(topic="billing")

    await desk.agents.seen(GUILD, SAM, frozenset({ACCOUNTANTS}))

    assert await who_has(desk, helped, paid) == [None, SAM]
    assert (await desk.open(NOOR, topic="billing")).assignee_id == SAM
    assert (await desk.open(NOOR)).assignee_id is None


async def test_a_role_that_is_deleted_gives_nobody_any_more_tickets(desk: Desk) -> None:
    """Those that they have stay until their own roles are known: moderators keep them."""
    await taking(desk, SAM, KIM)
    theirs = [await desk.open(), await desk.open(NOOR)]
    before = await who_has(desk, *theirs)
    assert sorted(each or 0 for each in before) == [SAM, KIM]

    await desk.agents.role_deleted(GUILD, RoleId(99))
    assert len(await desk.agents.roster(team(KIM))) == 2
    await desk.agents.role_deleted(GUILD, SUPPORT)

    assert await desk.agents.roster(team(KIM)) == []
    assert (await desk.open(UserId(5000))).assignee_id is None
    assert await who_has(desk, *theirs) == before
    look = Job(1, service.CHECK, "look", {}, 1)
    assert await desk.agents.everywhere(look) == [(GUILD, SAM), (GUILD, KIM)]
    await desk.agents.seen(GUILD, SAM, frozenset())
    await desk.agents.seen(GUILD, KIM, frozenset({MODERATORS}))
    assert set(await who_has(desk, *theirs)) == {None, KIM}
    assert [who for who, _ in await told(desk)] == [SAM]


async def test_who_has_nothing_to_do_with_tickets_changes_nothing(desk: Desk) -> None:
    await taking(desk, SAM)
    ticket = await desk.open()
    for roles in (frozenset({SUPPORT}), frozenset({RoleId(1)}), None):
        await desk.agents.seen(GUILD, MIA, roles)

    assert await who_has(desk, ticket) == [SAM]
    assert await told(desk) == []
