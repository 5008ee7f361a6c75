"""Who speaks for whom in a ticket: only the two sides change whose turn it is."""

from dataclasses import replace

import pytest

from bot.domain.assignment import Assignment
from bot.domain.identifiers import RoleId, UserId
from bot.domain.ticket import Ticket, TicketState
from bot.services.close_requests import OVER, CloseRequestService
from bot.services.ticket_acts import answered
from bot.services.ticket_records import NotStoredError
from bot.services.ticket_work import TicketWorkService
from storage import agents, ticket_turns
from storage.database import Database
from tests.integration.storage.records import MODERATORS, SUPPORT
from tests.integration.storage.samples import GUILD, MIA, NOOR, NOW
from tests.integration.storage.test_ticket_turns import HOUR, KIM, SAM, Desk, desk, team
from tests.integration.storage.ticket_work.team import due

__all__ = ["desk"]

LEO = UserId(2003)


async def turn(desk: Desk, ticket: Ticket) -> tuple[object, object, object]:
    """Since when the member waits, and the first reply."""
    async with desk.context.database.read() as connection:
        found = await ticket_turns.find(connection, ticket.id)
    assert found is not None
    return found.turn.waiting_since, found.turn.first_reply_at, found.turn.first_reply_by


WAITS = (NOW, None, None)


async def test_what_discord_says_by_itself_is_no_answer(desk: Desk) -> None:
    ticket = await desk.open()
    desk.clock.advance(hours=1)

    await desk.say(ticket, SAM, is_word=False)

    assert await turn(desk, ticket) == WAITS
    await desk.say(ticket, SAM)
    answered = await turn(desk, ticket)
    await desk.say(ticket, MIA, is_word=False)
    assert await turn(desk, ticket) == answered


async def test_whoever_was_let_in_by_hand_answers_nobody(desk: Desk) -> None:
    """And silence does not close for a member whom nobody but them has answered."""
    ticket = await desk.open()
    desk.clock.advance(hours=1)
    await desk.say(ticket, NOOR)
    assert await turn(desk, ticket) == WAITS

    desk.clock.advance(days=30)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN


async def test_the_assignee_and_the_moderators_are_of_the_team(desk: Desk) -> None:
    first, second = await desk.open(), await desk.open(NOOR)
    await desk.set(first.id, assignee_id=LEO)

    await desk.say(first, LEO)
    await desk.say(second, LEO, author_roles=frozenset({MODERATORS}))

    for ticket in (first, second):
        assert await turn(desk, ticket) == (None, NOW, LEO)


async def test_of_fetched_messages_the_store_knows_the_team_and_else_discord_is_asked(
    desk: Desk,
) -> None:
    """One who takes tickets, one who has worked on it, one whom only Discord knows, a stranger."""
    no_turns = replace(desk.context.policy.support, assignment=Assignment.NONE)
    desk.configure(replace(desk.context.policy, support=no_turns))
    work = TicketWorkService(desk.context, desk.access)
    taking, worked, asked, strange = [await desk.open(UserId(5000 + n)) for n in range(4)]
    await desk.agents.set_taking(team(KIM), takes_tickets=True)
    await work.tag(team(SAM), worked.id, "bug")
    desk.members.held[LEO] = frozenset({SUPPORT})

    await desk.say(taking, KIM, fetched=True)
    await desk.say(worked, SAM, fetched=True)
    assert desk.members.asked == []
    await desk.say(asked, LEO, fetched=True)
    await desk.say(asked, LEO, fetched=True)
    async with desk.context.database.write() as connection:
        # Takes tickets, but none like this one.
        await agents.save(connection, GUILD, NOOR, role_ids={RoleId(99)}, takes_tickets=True)
    await desk.say(strange, NOOR, fetched=True)

    assert desk.members.asked == [LEO, NOOR]
    assert [(await turn(desk, each))[2] for each in (taking, worked, asked, strange)] == [
        KIM,
        SAM,
        LEO,
        None,
    ]


async def test_while_discord_does_not_say_who_it_was_nothing_is_stored(desk: Desk) -> None:
    """The timer that has it fetched comes again, and decides nothing on doubt."""
    ticket = await desk.open()
    desk.members.answers = False
    with pytest.raises(NotStoredError):
        await desk.say(ticket, LEO, fetched=True)
    assert await turn(desk, ticket) == WAITS

    await desk.say(ticket, MIA, fetched=True)  # the member is known without asking
    await desk.say(ticket, SAM)


async def test_an_answer_that_was_taken_back_was_none(desk: Desk) -> None:
    ticket = await desk.open()
    desk.clock.advance(minutes=10)
    await desk.say(ticket, MIA)
    desk.clock.advance(minutes=10)
    wrong = await desk.say(ticket, SAM)
    desk.clock.advance(hours=2)
    await desk.due()
    assert (await turn(desk, ticket))[0] is None
    assert await desk.breaches() == []

    await desk.records.capture_deletions([wrong])

    assert await turn(desk, ticket) == WAITS
    # Its target counts as if nothing had been said.
    await desk.due()
    assert await desk.breaches() == [("first_reply", NOW + 2 * HOUR)]
    desk.clock.advance(days=30)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN


async def test_of_two_answers_the_one_that_is_left_counts(desk: Desk) -> None:
    ticket = await desk.open()
    desk.clock.advance(hours=1)
    await desk.say(ticket, SAM)
    desk.clock.advance(hours=1)
    await desk.say(ticket, MIA)
    desk.clock.advance(hours=1)
    wrong = await desk.say(ticket, KIM)

    await desk.records.capture_deletions([wrong])
    assert await turn(desk, ticket) == (NOW + 2 * HOUR, NOW + HOUR, SAM)

    await desk.say(ticket, KIM)
    desk.clock.advance(minutes=1)
    extra = await desk.say(ticket, SAM)
    await desk.records.capture_deletions([extra])
    await desk.records.capture_deletions([extra])
    assert (await turn(desk, ticket))[0] is None


async def test_a_question_that_was_taken_back_asks_nothing(desk: Desk) -> None:
    """But a member whose message the bot had to delete, for a secret in it, still waits."""
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    desk.clock.advance(hours=1)
    mistaken = await desk.say(ticket, MIA)
    await desk.records.capture_deletions([mistaken])
    assert (await turn(desk, ticket))[0] is None

    secret = await desk.say(ticket, MIA, rich={"removed": ["password"]})
    await desk.records.capture_deletions([secret])
    assert (await turn(desk, ticket))[0] == NOW + HOUR


async def test_what_was_decided_without_a_message_stays_when_one_is_taken_back(
    desk: Desk,
) -> None:
    """A ticket that the team opened is the member's; “not yet” is the team's; a macro answers."""
    asking = CloseRequestService(desk.context, TicketWorkService(desk.context, desk.access))
    by_team, refused = await desk.open(by=SAM), await desk.open(NOOR)
    desk.clock.advance(hours=1)
    wrong = await desk.say(by_team, KIM)
    await desk.records.capture_deletions([wrong])
    assert await turn(desk, by_team) == (None, None, None)

    await desk.say(refused, SAM)
    await asking.ask(team(), refused.id)
    desk.clock.advance(hours=1)
    await asking.refuse(replace(team(NOOR), role_ids=frozenset()), refused.id)
    mistaken = await desk.say(refused, NOOR)
    await desk.records.capture_deletions([mistaken])
    assert (await turn(desk, refused))[0] == NOW + 2 * HOUR


async def test_a_macros_answer_stays_when_a_later_one_is_taken_back(desk: Desk) -> None:
    ticket = await desk.open()
    async with TicketWorkService(desk.context, desk.access).working(team(), ticket.id) as work:
        await answered(work)
    desk.clock.advance(hours=1)
    wrong = await desk.say(ticket, KIM)

    await desk.records.capture_deletions([wrong])

    assert await turn(desk, ticket) == (None, NOW, SAM)


async def test_the_question_whether_it_is_solved_closes_nothing_after_its_answer_was_taken_back(
    desk: Desk, database: Database
) -> None:
    asking = CloseRequestService(desk.context, TicketWorkService(desk.context, desk.access))
    ticket = await desk.open()
    only = await desk.say(ticket, SAM)
    deadline = await asking.ask(team(), ticket.id)
    await desk.records.capture_deletions([only])
    desk.clock.now = deadline

    [timer] = await due(database, desk.clock, OVER)
    await asking.over(timer)

    now = await desk.tickets.find(ticket.id)
    assert (now.state, now.waiting_since) == (TicketState.OPEN, NOW)
