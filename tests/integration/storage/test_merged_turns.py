"""Whose turn it is in a ticket that another one was merged into, and in one that goes on."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from bot.domain.identifiers import ChannelId, MessageId
from bot.domain.job import Job
from bot.domain.sla import Target
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_ends import asks_for_rating
from bot.services import ticket_turns as turns
from bot.services.housekeeping import HousekeepingService
from bot.services.screens import Screen
from bot.services.ticket_merges import MERGED, TicketMergeService
from bot.services.ticket_reopening import TicketReopening
from bot.services.ticket_silence import TELL_SILENT
from bot.services.ticket_work import TicketWorkService
from storage import ticket_turns
from storage.database import Database
from storage.schema import sla_breaches
from tests.integration.storage.samples import MIA, NOW
from tests.integration.storage.test_ticket_turns import DAY, KIM, SAM, Desk, desk, team
from tests.integration.storage.ticket_work.team import payloads

__all__ = ["desk"]

_ids = count(5_000)


async def turn(desk: Desk, ticket: Ticket) -> tuple[object, object, object]:
    """Since when the member waits, and the first reply."""
    async with desk.context.database.read() as connection:
        found = await ticket_turns.find(connection, ticket.id)
    assert found is not None
    return found.turn.waiting_since, found.turn.first_reply_at, found.turn.first_reply_by


async def merge(desk: Desk, source: Ticket, target: Ticket) -> Ticket:
    work = TicketWorkService(desk.context, desk.access)
    return await TicketMergeService(desk.context, work, desk.access).merge(
        team(), source.id, into=target.id
    )


async def two(desk: Desk) -> tuple[Ticket, Ticket]:
    """Mia's, a minute apart."""
    first = await desk.open(MIA, "help")
    desk.clock.advance(minutes=1)
    return first, await desk.open(MIA, "billing")


async def reopen(desk: Desk, ticket: Ticket) -> Ticket:
    """By the team, with a new channel."""
    reopening = TicketReopening(desk.context, desk.guilds, desk.access)
    await reopening.by_team(team(), ticket.id, Screen(1, "t"))
    await desk.tickets.attach_channel(ticket.id, ChannelId(next(_ids)))
    return await desk.tickets.opened(ticket.id, MessageId(next(_ids)))


async def close(desk: Desk, ticket: Ticket) -> None:
    await desk.tickets.close(team(), ticket.id, reason="By mistake")
    await desk.tickets.closed(ticket.id)


# Merged


async def test_who_talked_a_moment_ago_in_one_of_both_is_not_closed_for_silence_in_the_other(
    desk: Desk,
) -> None:
    first = await desk.open(MIA, "help")
    await desk.say(first, SAM)
    desk.clock.advance(days=3)
    assert TELL_SILENT in await desk.due()
    desk.clock.advance(hours=47)
    second = await desk.open(MIA, "billing")
    await desk.say(second, MIA)
    await desk.say(second, SAM)

    await merge(desk, second, first)

    for days in (1, 1):
        desk.clock.advance(days=days)
        assert TELL_SILENT not in await desk.due()
        assert (await desk.tickets.find(first.id)).state is TicketState.OPEN
    desk.clock.advance(days=1)
    assert TELL_SILENT in await desk.due()


async def test_what_is_heard_in_the_ticket_that_goes_counts_where_it_goes_on(desk: Desk) -> None:
    """Also where that one went on in a third one."""
    first, second = await two(desk)
    third = await desk.open(MIA, "bug")
    for ticket in (first, second, third):
        await desk.say(ticket, SAM)
    desk.clock.advance(hours=1)
    await merge(desk, first, second)
    await merge(desk, second, third)
    assert (await turn(desk, third))[0] is None

    desk.clock.advance(minutes=1)
    asked = await desk.say(first, MIA)
    assert (await turn(desk, third))[0] == desk.clock()

    await desk.records.capture_deletions([asked])
    assert (await turn(desk, third))[0] is None


async def test_an_answer_after_a_merge_that_is_deleted_leaves_the_wait_that_was_merged(
    desk: Desk,
) -> None:
    """Whoever was answered before in the one that goes on still waits for the other one."""
    first, second = await two(desk)
    since = desk.clock()
    desk.clock.advance(minutes=1)
    await desk.say(first, SAM)
    await merge(desk, second, first)
    answered = await turn(desk, first)
    assert answered == (since, desk.clock(), SAM)
    desk.clock.advance(minutes=1)
    wrong = await desk.say(first, KIM)
    assert (await turn(desk, first))[0] is None

    await desk.records.capture_deletions([wrong])

    assert await turn(desk, first) == answered


async def test_an_answer_from_before_a_merge_still_is_one_when_a_later_one_is_deleted(
    desk: Desk,
) -> None:
    first, second = await two(desk)
    for ticket in (first, second):
        await desk.say(ticket, SAM)
    desk.clock.advance(minutes=1)
    await merge(desk, second, first)
    extra = await desk.say(first, KIM)

    await desk.records.capture_deletions([extra])

    assert (await turn(desk, first))[0] is None


async def test_one_wait_is_told_of_once_whatever_it_is_merged_into(desk: Desk) -> None:
    """The second question in one; in the other one it would be the first that is answered."""
    first, second = await two(desk)
    desk.clock.advance(minutes=1)
    await desk.say(first, SAM)
    desk.clock.advance(hours=4)
    assert (await desk.due()).count(turns.SLA_ALERT) == 1

    await merge(desk, second, first)
    desk.clock.advance(hours=9)

    assert turns.SLA_ALERT not in await desk.due()
    async with desk.context.database.read() as connection:
        rows = await connection.execute(sa.select(sla_breaches.c.ticket_id, sla_breaches.c.target))
        assert {tuple(each) for each in rows} == {
            (ticket.id, Target.FIRST_REPLY) for ticket in (first, second)
        }


async def test_a_wait_that_was_told_of_is_not_told_again_as_a_later_one(desk: Desk) -> None:
    """The one that goes was answered before: what waits in the other one is no first reply now."""
    first, second = await two(desk)
    await desk.say(second, SAM)
    desk.clock.advance(hours=2)
    assert (await desk.due()).count(turns.SLA_ALERT) == 1

    await merge(desk, second, first)
    desk.clock.advance(hours=9)

    assert turns.SLA_ALERT not in await desk.due()
    assert (await turn(desk, first))[0] == NOW


async def test_whoever_answered_first_in_either_has_answered(desk: Desk) -> None:
    """So that the member is asked what the help was worth."""
    first, second = await two(desk)
    await desk.say(second, KIM)

    kept = await merge(desk, second, first)

    assert (await turn(desk, first))[1:] == (desk.clock(), KIM)
    assert asks_for_rating(kept)


@pytest.mark.parametrize("is_known", [False, True])
async def test_an_escalation_goes_along_and_calls_nobody_twice(
    desk: Desk, database: Database, *, is_known: bool
) -> None:
    work = TicketWorkService(desk.context, desk.access)
    first, second = await two(desk)
    if is_known:
        await work.escalate(team(), first.id, why="A lawyer writes")
    since = (await work.escalate(team(), second.id, why="It is about a lawyer")).escalated_at

    kept = await merge(desk, second, first)

    assert kept.escalated_at == since
    [told] = await payloads(database, MERGED)
    assert told["lets_moderators_in"] is not is_known


async def test_what_was_merged_into_an_open_ticket_is_kept_as_long_as_that(desk: Desk) -> None:
    keep_days = desk.context.policy.records.keep_days
    first, second = await two(desk)
    await desk.say(second, MIA)
    await merge(desk, second, first)
    await desk.tickets.closed(second.id)

    async def kept_after(span: timedelta) -> int:
        desk.clock.advance(days=span / DAY)
        await HousekeepingService(desk.context).run(Job(1, "housekeeping.run", "k", {}, 1))
        return len((await desk.records.record(first.id)).messages)

    assert await kept_after((keep_days + 1) * DAY) == 1
    await close(desk, first)
    assert await kept_after((keep_days - 1) * DAY) == 1
    assert await kept_after(2 * DAY) == 0
    assert (await desk.tickets.find(second.id)).is_forgotten


# Opened again by the team


async def test_who_waited_when_it_was_closed_waits_when_the_team_opens_it_again(
    desk: Desk,
) -> None:
    """What is late is told, also where its time was over while the ticket was closed."""
    ticket = await desk.open(topic="billing")
    desk.clock.advance(hours=1)
    await close(desk, ticket)
    desk.clock.advance(hours=4)
    assert turns.SLA_ALERT not in await desk.due()

    again = await reopen(desk, ticket)

    assert (again.waiting_since, again.first_reply_at) == (NOW, None)
    assert turns.SLA_ALERT in await desk.due()
    wrong = await desk.say(ticket, SAM)
    await desk.records.capture_deletions([wrong])
    assert await turn(desk, ticket) == (NOW, None, None)
    desk.clock.advance(days=30)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN


async def test_who_was_answered_does_not_wait_when_the_team_opens_it_again(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    await close(desk, ticket)
    desk.clock.advance(days=2)

    again = await reopen(desk, ticket)

    assert again.waiting_since is None
    desk.clock.advance(days=2)
    assert TELL_SILENT not in await desk.due()
    desk.clock.advance(days=1)
    assert TELL_SILENT in await desk.due()


async def test_who_waits_still_waits_after_a_reopening_that_failed(desk: Desk) -> None:
    ticket = await desk.open()
    await close(desk, ticket)
    reopening = TicketReopening(desk.context, desk.guilds, desk.access)
    desk.clock.advance(hours=1)
    await reopening.by_team(team(), ticket.id, Screen(1, "t"))
    await desk.tickets.opening_failed(ticket.id, "This server has 500 channels.")
    desk.clock.advance(hours=1)

    assert (await reopen(desk, ticket)).waiting_since == NOW


async def test_who_writes_while_it_closes_waits_when_the_team_opens_it_again(desk: Desk) -> None:
    """Sam has answered, and closed it by mistake."""
    ticket = await desk.open()
    desk.clock.advance(minutes=1)
    await desk.say(ticket, SAM)
    replied_at = desk.clock()
    await desk.tickets.close(team(), ticket.id, reason="By mistake")
    desk.clock.advance(seconds=2)
    await desk.say(ticket, MIA)
    asked_at = desk.clock()
    await desk.tickets.closed(ticket.id)
    desk.clock.advance(minutes=1)

    await reopen(desk, ticket)

    assert await turn(desk, ticket) == (asked_at, replied_at, SAM)
    desk.clock.advance(days=30)
    assert TELL_SILENT not in await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN


async def test_who_is_answered_while_it_closes_is_answered_when_it_is_opened_again(
    desk: Desk,
) -> None:
    ticket = await desk.open()
    await desk.tickets.close(team(), ticket.id, reason="By mistake")
    desk.clock.advance(seconds=2)
    await desk.say(ticket, SAM)
    answered = (None, desk.clock(), SAM)
    await desk.tickets.closed(ticket.id)

    await reopen(desk, ticket)

    assert await turn(desk, ticket) == answered


async def test_an_answer_of_which_the_words_are_forgotten_still_is_one(desk: Desk) -> None:
    """Where words are kept for a shorter time than a ticket can be opened again."""
    policy = desk.context.policy
    desk.configure(replace(policy, records=replace(policy.records, keep_days=1)))
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    answered = await turn(desk, ticket)
    await close(desk, ticket)
    desk.clock.advance(days=2)
    await HousekeepingService(desk.context).run(Job(1, "housekeeping.run", "k", {}, 1))
    assert (await desk.records.record(ticket.id)).messages == ()

    await reopen(desk, ticket)

    assert await turn(desk, ticket) == answered
