"""How a ticket ends by merging or by asking, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.desk_errors import (
    CloseAsked,
    CloseRequestOver,
    MemberWaits,
    NothingToMerge,
)
from bot.domain.errors import NotYours, TicketOver
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.services import close_requests
from bot.services.close_requests import CloseRequestService
from bot.services.context import Context
from bot.services.ticket_work import TicketWorkService
from storage.database import Database
from tests.integration.storage.samples import MIA, NOOR, Clock
from tests.integration.storage.ticket_work.team import (
    MAX_ACTS,
    MIA_ACTS,
    SAM,
    SAM_ACTS,
    Open,
    answer,
    due,
    merging_over,
    now_is,
    payloads,
)


async def test_two_tickets_of_one_member_become_one(
    context: Context, work: TicketWorkService, opened: Open, database: Database
) -> None:
    """Tags, priority and who has it stay; a chain of merges ends in the last one."""
    merging = merging_over(context)
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
    merging = merging_over(context)
    first, second = await opened(), await opened(topic="help")
    outcomes = await asyncio.gather(
        merging.merge(SAM_ACTS, first.id, into=second.id),
        merging.merge(MAX_ACTS, second.id, into=first.id),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Ticket) for each in outcomes) == 1
    states = {(await now_is(database, each)).state for each in (first, second)}
    assert states == {TicketState.OPEN, TicketState.CLOSING}


async def waits_no_more(context: Context, ticket: Ticket) -> None:
    """Sam has answered."""
    await answer(context, ticket)
    assert (await now_is(context.database, ticket)).waiting_since is None


@pytest.mark.parametrize("is_answered", [False, True])
async def test_a_merge_ends_the_question_whether_it_is_solved(
    context: Context, asking: CloseRequestService, opened: Open, clock: Clock, is_answered: bool
) -> None:
    """It was asked about one of both: silence closes nothing, and the team can ask again."""
    first, second, database = await opened(), await opened(topic="help"), context.database
    await waits_no_more(context, first)
    if is_answered:
        await waits_no_more(context, second)
    deadline = await asking.ask(SAM_ACTS, first.id)

    await merging_over(context).merge(SAM_ACTS, second.id, into=first.id)

    merged = await now_is(database, first)
    assert merged.waiting_since == (None if is_answered else second.waiting_since)
    assert (merged.close_requested_at, merged.close_requested_by) == (None, None)
    await waits_no_more(context, first)
    clock.now = deadline
    [timer] = await due(database, clock, close_requests.OVER)
    await asking.over(timer)
    assert (await now_is(database, first)).state is TicketState.OPEN
    assert await asking.ask(SAM_ACTS, first.id) > deadline


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
