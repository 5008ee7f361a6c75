"""The team's work in a ticket, on both databases: each act once, whoever is first."""

import asyncio

import pytest

from bot.domain.desk_errors import (
    AlreadyClaimed,
    InvalidSnooze,
    InvalidTag,
    NotClaimed,
    NotOfTheTeam,
    OnMembersSide,
    TooManyTags,
)
from bot.domain.errors import NotPermitted, TicketExists, TicketOver
from bot.domain.identifiers import TicketId
from bot.domain.macro import Assign, Macro
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_work import MOST_TAGS, Act
from bot.services import ticket_acts
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.macros import MacroService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_people import TicketPeople
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import TicketService
from storage import erasure, tickets
from storage.database import Database
from tests.integration.storage.samples import MAX, MIA, NOOR, Clock, service_context
from tests.integration.storage.ticket_work.team import (
    MAX_ACTS,
    MIA_ACTS,
    SAM_ACTS,
    SETTINGS,
    SUPPORT,
    Open,
    actor,
    acts_on,
    due,
    now_is,
    payloads,
    work_over,
)


async def test_of_two_who_claim_at_once_one_has_it(
    context: Context, opened: Open, database_url: str, clock: Clock
) -> None:
    """Also over two processes; the other one is told who."""
    ticket = await opened()
    other = Database(database_url)
    async with service_context(other, clock) as far:
        outcomes = await asyncio.gather(
            work_over(context).claim(SAM_ACTS, ticket.id),
            work_over(far).claim(MAX_ACTS, ticket.id),
            return_exceptions=True,
        )
    await other.close()
    [winner] = [each for each in outcomes if isinstance(each, Ticket)]
    [refused] = [each for each in outcomes if isinstance(each, AlreadyClaimed)]
    assert refused.by == winner.assignee_id
    assert await acts_on(context.database, ticket) == [Act.CLAIMED]


async def test_claim_release_and_transfer_within_the_team(
    work: TicketWorkService, opened: Open, database: Database
) -> None:
    ticket = await opened()
    with pytest.raises(NotPermitted):
        await work.claim(MIA_ACTS, ticket.id)
    with pytest.raises(NotClaimed):
        await work.release(SAM_ACTS, ticket.id)
    await work.claim(SAM_ACTS, ticket.id)
    await work.claim(SAM_ACTS, ticket.id)
    with pytest.raises(NotOfTheTeam):
        await work.transfer(SAM_ACTS, ticket.id, to=actor(NOOR))
    moved = await work.transfer(SAM_ACTS, ticket.id, to=MAX_ACTS)
    assert moved.assignee_id == MAX
    assert (await work.release(SAM_ACTS, ticket.id)).assignee_id is None
    expected = [Act.CLAIMED, Act.TRANSFERRED, Act.RELEASED]
    assert await acts_on(database, ticket) == expected


async def test_nobody_of_the_team_is_given_a_ticket_that_is_about_them(
    context: Context, work: TicketWorkService, opened: Open, database: Database
) -> None:
    """Mia opened it and Noor was added to it; both have come to the team since."""
    ticket = await opened()
    people = TicketPeople(context, TicketAccess(context, GuildService(context, SETTINGS)))
    await people.add(SAM_ACTS, ticket.id, actor(NOOR), Screen(1, "token"))
    to_me = Macro("mine", "Mine", (Assign(to_me=True),))
    for person in (actor(MIA, SUPPORT), actor(NOOR, SUPPORT)):
        with pytest.raises(OnMembersSide) as refused:
            await work.claim(person, ticket.id)
        assert refused.value.user_id == person.user_id
        for somebody in (SAM_ACTS, person):
            with pytest.raises(OnMembersSide):
                await work.transfer(somebody, ticket.id, to=person)
        with pytest.raises(OnMembersSide):
            await MacroService(context, work).run(
                person, ticket.id, to_me, run_id=str(person.user_id), reply=None
            )
    assert (await now_is(database, ticket)).assignee_id is None
    assert await acts_on(database, ticket) == [Act.PERSON_ADDED]

    await work.claim(SAM_ACTS, ticket.id)
    await work.release(actor(MIA, SUPPORT), ticket.id)


async def test_clicks_in_a_row_change_the_card_once(
    work: TicketWorkService, opened: Open, database: Database, clock: Clock
) -> None:
    ticket = await opened()
    for _ in range(5):
        await work.claim(SAM_ACTS, ticket.id)
        await work.release(SAM_ACTS, ticket.id)
    clock.advance(seconds=2)
    assert len(await due(database, clock, ticket_acts.CARD)) == 1


async def test_tags_are_ten_at_most_and_of_one_form(
    work: TicketWorkService, opened: Open, database: Database
) -> None:
    ticket = await opened()
    assert await work.tag(SAM_ACTS, ticket.id, "Login Problem") == "login-problem"
    for number in range(MOST_TAGS - 1):
        await work.tag(SAM_ACTS, ticket.id, f"t{number}")
    assert await work.tag(SAM_ACTS, ticket.id, "login-problem") == "login-problem"
    with pytest.raises(TooManyTags):
        await work.tag(SAM_ACTS, ticket.id, "one-more")
    with pytest.raises(InvalidTag):
        await work.tag(SAM_ACTS, ticket.id, "@everyone")
    assert await work.untag(SAM_ACTS, ticket.id, "t1")
    assert not await work.untag(SAM_ACTS, ticket.id, "t1")
    assert len((await work.look(SAM_ACTS, ticket.id)).tags) == MOST_TAGS - 1


async def test_a_snooze_ends_once_and_an_older_timer_is_stale(
    work: TicketWorkService, opened: Open, database: Database, clock: Clock
) -> None:
    ticket = await opened()
    with pytest.raises(InvalidSnooze):
        await work.snooze(SAM_ACTS, ticket.id, "yesterday")
    await work.snooze(SAM_ACTS, ticket.id, "1h")
    until = await work.snooze(SAM_ACTS, ticket.id, "2h")
    clock.advance(hours=1, minutes=1)
    [stale] = await due(database, clock, ticket_acts.SNOOZE_OVER)
    await work.snooze_over(stale)
    assert (await now_is(database, ticket)).snoozed_until == until
    clock.advance(hours=1)
    [timer] = await due(database, clock, ticket_acts.SNOOZE_OVER)
    await work.snooze_over(timer)
    await work.snooze_over(timer)
    assert (await now_is(database, ticket)).snoozed_until is None
    assert (await acts_on(database, ticket)).count(Act.WOKEN) == 1
    assert len(await due(database, clock, ticket_acts.SNOOZE_TOLD)) == 1


async def test_escalating_raises_the_priority_and_calls_once_each_time(
    work: TicketWorkService, opened: Open, database: Database, clock: Clock
) -> None:
    """S21: a secret in the words to the moderators is removed too."""
    ticket = await opened()
    escalated = await work.escalate(SAM_ACTS, ticket.id, why="Card 4242 4242 4242 4242")
    assert escalated.priority is Priority.HIGH
    await work.set_priority(SAM_ACTS, ticket.id, Priority.URGENT)
    again = await work.escalate(SAM_ACTS, ticket.id, why="Again")
    assert again.priority is Priority.URGENT
    called = await due(database, clock, ticket_acts.ESCALATED)
    assert [each.payload["why"] for each in called] == ["Card [removed]", "Again"]


async def test_moving_to_a_topic_that_the_member_has_a_ticket_of_is_refused(
    work: TicketWorkService, opened: Open, database: Database
) -> None:
    ticket, other = await opened(), await opened(topic="help")
    with pytest.raises(TicketExists) as refused:
        await work.move(SAM_ACTS, ticket.id, "help")
    assert refused.value.channel_id == other.channel_id
    assert (await now_is(database, ticket)).topic_id == "billing"
    mine = await opened(opener=NOOR)
    assert (await work.move(SAM_ACTS, mine.id, "help")).topic_id == "help"
    assert await acts_on(database, ticket) == []


async def test_nobody_works_on_a_closed_ticket(
    work: TicketWorkService, opened: Open, context: Context
) -> None:
    ticket = await opened()
    closing = TicketService(context, GuildService(context, SETTINGS))
    await closing.close(SAM_ACTS, ticket.id, reason=None)
    with pytest.raises(TicketOver):
        await work.claim(SAM_ACTS, ticket.id)
    with pytest.raises(TicketOver):
        await work.tag(SAM_ACTS, ticket.id, "bug")


async def test_erasing_the_member_forgets_what_jobs_hold_of_the_teams_words(
    context: Context, work: TicketWorkService, opened: Open, database: Database
) -> None:
    """Of their own closed tickets, and of nobody else's."""
    ticket, other = await opened(), await opened(opener=NOOR)
    for each in (ticket, other):
        await work.escalate(SAM_ACTS, each.id, why="They are angry")
    async with database.write() as connection:
        await tickets.advance(
            connection, ticket.id, expected=(TicketState.OPEN,), to=TicketState.CLOSED
        )
        await erasure.erase(connection, MIA, reference="E-1", now=context.clock())
    [left] = await payloads(database, ticket_acts.ESCALATED)
    assert left["ticket_id"] == other.id


async def test_a_place_leads_to_its_ticket(work: TicketWorkService, opened: Open) -> None:
    ticket = await opened()
    assert ticket.channel_id is not None
    assert (await work.at(ticket.channel_id)).id == ticket.id
    assert (await work.state(TicketId(ticket.id))).tags == ()
