"""Macros, on both databases: everything that they say, once, or nothing."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.desk_errors import (
    AlreadyClaimed,
    MacroUsed,
)
from bot.domain.job import Job
from bot.domain.macro import Close, Macro, Reply
from bot.domain.ticket import Priority, TicketState
from bot.domain.ticket_work import Act
from bot.services import macros
from bot.services.context import Context
from bot.services.macros import MacroService
from bot.services.ticket_work import TicketWorkService
from storage.schema import jobs as table
from tests.integration.storage.samples import Clock
from tests.integration.storage.ticket_work.team import (
    MACRO,
    MAX_ACTS,
    SAM,
    SAM_ACTS,
    Open,
    acts_on,
    answer,
    now_is,
    payloads,
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


@pytest.mark.parametrize("answered_since", [False, True])
async def test_a_reply_that_was_not_said_is_no_answer(
    context: Context, work: TicketWorkService, opened: Open, *, answered_since: bool
) -> None:
    """However often the job runs; what somebody has said themselves since then counts."""
    database, running, ticket = context.database, MacroService(context, work), await opened()
    hello = Macro("hello", "Hello", (Reply("Hello"),))
    await running.run(SAM_ACTS, ticket.id, hello, run_id="c", reply="Hello")
    assert (await now_is(database, ticket)).waiting_since is None
    [payload] = await payloads(database, macros.REPLY)
    job = Job(1, macros.REPLY, "key", payload, 1)

    await running.not_said(job)
    if answered_since:
        await answer(context, ticket)
    await running.not_said(job)

    assert ((await now_is(database, ticket)).waiting_since is None) == answered_since
    assert await acts_on(database, ticket) == [Act.MACRO]
