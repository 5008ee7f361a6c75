"""The team's work on a ticket: who has it, what is recorded, timers that fire once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.desk_errors import (
    AlreadyClaimed,
    CloseAsked,
    CloseRequestOver,
    InvalidSnooze,
    InvalidTag,
    MacroUsed,
    MemberWaits,
    NotClaimed,
    NothingToMerge,
    NotOfTheTeam,
    TooManyTags,
)
from bot.domain.errors import NotPermitted, NotYours, TicketExists, TicketOver
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, MessageId, RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.macro import AddTag, Assign, Close, Macro, Reply, SetPriority, Snooze
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_work import MOST_TAGS, Act
from bot.services import close_requests, macros, ticket_acts
from bot.services.close_requests import CloseRequestService
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.macros import MacroService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_merges import TicketMergeService
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import TicketService
from storage import erasure, jobs, ticket_events, ticket_turns, tickets
from storage.database import Database
from storage.schema import jobs as table
from tests.integration.storage.samples import GUILD, MAX, MIA, NOOR, Clock, service_context

SUPPORT, MODERATORS = RoleId(5), RoleId(6)
SETTINGS = {GUILD: GuildSettings(SUPPORT, MODERATORS, ChannelId(7), ChannelId(8))}
SAM = UserId(1009)


def actor(user_id: UserId, *roles: RoleId) -> Actor:
    return Actor(user_id, GUILD, frozenset(roles), manages_guild=False)


SAM_ACTS, MAX_ACTS, MIA_ACTS = actor(SAM, SUPPORT), actor(MAX, MODERATORS), actor(MIA)


def work_over(context: Context) -> TicketWorkService:
    return TicketWorkService(context, TicketAccess(context, GuildService(context, SETTINGS)))


@pytest.fixture
def work(context: Context) -> TicketWorkService:
    return work_over(context)


@pytest.fixture
def asking(context: Context, work: TicketWorkService) -> CloseRequestService:
    return CloseRequestService(context, work)


Open = Callable[..., Awaitable[Ticket]]


@pytest.fixture
async def opened(context: Context) -> AsyncIterator[Open]:
    service = TicketService(context, GuildService(context, SETTINGS))

    async def one(opener: UserId = MIA, topic: str = "billing") -> Ticket:
        ticket = await service.open(
            guild_id=GUILD,
            opener_id=opener,
            topic_id=topic,
            answers={},
            screen=Screen(1, "token"),
        )
        async with context.database.write() as connection:
            await tickets.advance(
                connection,
                ticket.id,
                expected=(TicketState.OPENING,),
                to=TicketState.OPEN,
                channel_id=ChannelId(900 + ticket.number),
                welcome_id=MessageId(800 + ticket.number),
            )
        return await service.find(ticket.id)

    yield one


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
        rows = await connection.scalars(sa.select(table.c.payload).where(table.c.kind == kind))
        return list(rows)


async def answer(context: Context, ticket: Ticket) -> None:
    """Somebody of the team has answered: it is the member's turn."""
    async with context.database.write() as connection:
        found = await ticket_turns.find(connection, ticket.id)
        assert found is not None
        turn = found.turn.after_team(context.clock(), SAM)
        await ticket_turns.save(connection, replace(found, turn=turn))


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


async def test_two_tickets_of_one_member_become_one(
    context: Context, work: TicketWorkService, opened: Open, database: Database
) -> None:
    """Tags, priority and who has it stay; a chain of merges ends in the last one."""
    merging = TicketMergeService(context, work)
    first, second, third = await opened(), await opened(topic="help"), await opened(opener=NOOR)
    with pytest.raises(NothingToMerge):
        await merging.candidates(SAM_ACTS, third.id)
    with pytest.raises(NothingToMerge):
        await merging.merge(SAM_ACTS, second.id, into=third.id)
    with pytest.raises(NothingToMerge):
        await merging.merge(SAM_ACTS, second.id, into=second.id)
    await work.tag(SAM_ACTS, second.id, "bug")
    await work.claim(SAM_ACTS, second.id)
    await work.set_priority(SAM_ACTS, second.id, Priority.HIGH)
    kept = await merging.merge(SAM_ACTS, second.id, into=first.id)
    assert (kept.assignee_id, kept.priority) == (SAM, Priority.HIGH)
    assert (await work.look(SAM_ACTS, first.id)).tags == ("bug",)
    gone = await now_is(database, second)
    assert (gone.state, gone.merged_into) == (TicketState.CLOSING, first.id)
    with pytest.raises(TicketOver):
        await merging.merge(SAM_ACTS, second.id, into=first.id)
    last = await opened(topic="help")
    await merging.merge(SAM_ACTS, first.id, into=last.id)
    assert (await now_is(database, second)).merged_into == last.id


async def test_two_merges_the_other_way_round_leave_one_ticket(
    context: Context, work: TicketWorkService, opened: Open, database: Database
) -> None:
    merging = TicketMergeService(context, work)
    first, second = await opened(), await opened(topic="help")
    outcomes = await asyncio.gather(
        merging.merge(SAM_ACTS, first.id, into=second.id),
        merging.merge(MAX_ACTS, second.id, into=first.id),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Ticket) for each in outcomes) == 1
    states = {(await now_is(database, each)).state for each in (first, second)}
    assert states == {TicketState.OPEN, TicketState.CLOSING}


# Is this solved?


async def test_silence_closes_after_the_deadline(
    context: Context, asking: CloseRequestService, opened: Open, clock: Clock
) -> None:
    ticket, database = await opened(), context.database
    with pytest.raises(MemberWaits):
        await asking.ask(SAM_ACTS, ticket.id)
    await answer(context, ticket)
    deadline = await asking.ask(SAM_ACTS, ticket.id)
    with pytest.raises(CloseAsked):
        await asking.ask(MAX_ACTS, ticket.id)
    with pytest.raises(NotYours):
        await asking.accept(SAM_ACTS, ticket.id)
    clock.now = deadline - timedelta(seconds=1)
    assert await due(database, clock, close_requests.OVER) == []
    clock.now = deadline
    [timer] = await due(database, clock, close_requests.OVER)
    await asking.over(timer)
    await asking.over(timer)
    closed = await now_is(database, ticket)
    assert (closed.state, closed.closed_by) == (TicketState.CLOSING, SAM)


async def test_the_deadline_never_closes_for_a_member_who_waits(
    context: Context, asking: CloseRequestService, opened: Open, clock: Clock
) -> None:
    """“Not yet” hands it to the team; the old timer and the old button do nothing."""
    ticket, database = await opened(), context.database
    await answer(context, ticket)
    deadline = await asking.ask(SAM_ACTS, ticket.id)
    clock.advance(hours=1)
    await asking.refuse(MIA_ACTS, ticket.id)
    with pytest.raises(CloseRequestOver):
        await asking.accept(MIA_ACTS, ticket.id)
    clock.now = deadline
    [timer] = await due(database, clock, close_requests.OVER)
    await asking.over(timer)
    waiting = await now_is(database, ticket)
    assert waiting.state is TicketState.OPEN
    assert waiting.waiting_since == deadline - timedelta(hours=47)
    assert len(await payloads(database, close_requests.REFUSED)) == 1


async def test_yes_closes_as_the_member_would(
    context: Context, asking: CloseRequestService, opened: Open
) -> None:
    ticket = await opened()
    await answer(context, ticket)
    await asking.ask(SAM_ACTS, ticket.id)
    closed = await asking.accept(MIA_ACTS, ticket.id)
    assert (closed.state, closed.closed_by, closed.close_deadline) == (
        TicketState.CLOSING,
        MIA,
        None,
    )


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


async def test_a_macro_does_everything_once(
    context: Context, work: TicketWorkService, opened: Open, clock: Clock
) -> None:
    """The reply is the agent's answer: the member has the turn, and the first reply is theirs."""
    ticket, database = await opened(), context.database
    running = MacroService(context, work)
    twice = await asyncio.gather(
        running.run(SAM_ACTS, ticket.id, MACRO, run_id="a", reply="Hello Mia"),
        running.run(SAM_ACTS, ticket.id, MACRO, run_id="a", reply="Hello Mia"),
        return_exceptions=True,
    )
    assert sum(isinstance(each, MacroUsed) for each in twice) == 1
    [said] = await payloads(database, macros.REPLY)
    assert (said["text"], said["by"]) == ("Hello Mia", SAM)
    done = await now_is(database, ticket)
    assert (done.assignee_id, done.priority) == (SAM, Priority.LOW)
    assert done.waiting_since is None
    assert done.first_reply_at == clock()
    assert done.snoozed_until == clock() + timedelta(days=1)


async def test_a_macro_that_cannot_do_one_thing_does_nothing(
    context: Context, work: TicketWorkService, opened: Open
) -> None:
    ticket, database = await opened(), context.database
    await work.claim(MAX_ACTS, ticket.id)
    running = MacroService(context, work)
    with pytest.raises(AlreadyClaimed):
        await running.run(SAM_ACTS, ticket.id, MACRO, run_id="a", reply="Hello")
    assert await payloads(database, macros.REPLY) == []
    assert (await work.look(SAM_ACTS, ticket.id)).tags == ()
    assert await acts_on(database, ticket) == [Act.CLAIMED]


async def test_a_macro_answers_before_it_closes(
    context: Context, work: TicketWorkService, opened: Open
) -> None:
    """Both jobs are in the ticket's line, the reply first."""
    ticket = await opened()
    closing = Macro("bye", "Bye", (Reply("Bye"), Close("Solved")))
    closed = await MacroService(context, work).run(
        SAM_ACTS, ticket.id, closing, run_id="b", reply="Bye"
    )
    assert (closed.state, closed.close_reason) == (TicketState.CLOSING, "Solved")
    in_line = sa.select(table.c.kind).where(table.c.line == ticket.id).order_by(table.c.id)
    async with context.database.read() as connection:
        kinds = list(await connection.scalars(in_line))
    assert kinds.index(macros.REPLY) < kinds.index("ticket.close")


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
