"""Timers of tickets: each is set once for what it is about, and looks again when it runs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.support_hours import SupportHours
from bot.domain.support_policy import SupportPolicy
from bot.domain.ticket import TicketState
from bot.services import ticket_turns as turns
from bot.services.guilds import Actor
from bot.services.refund_requests import RefundRequestService
from bot.services.ticket_silence import CLOSE_SILENT, TELL_SILENT
from storage import payments, subscriptions
from tests.integration.storage.records import SUPPORT
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    NOOR,
    PAYMENT,
    SUBSCRIPTION,
    add_customer,
)
from tests.integration.storage.test_ticket_turns import DAY, KIM, SAM, Desk, desk

__all__ = ["desk"]


async def test_two_starts_set_no_timer_twice(desk: Desk) -> None:
    """Of a ticket that the team opened, of one that was reminded of, of one that is late, and of
    one in which nobody has said a word that is known."""
    by_team, reminded = await desk.open(by=SAM), await desk.open(NOOR)
    wordless = await desk.open(KIM)
    await desk.say(reminded, SAM)
    await desk.set(wordless.id, waiting_since=None)
    desk.clock.advance(hours=1)
    before = await desk.timers()
    for _ in range(2):
        await desk.start()
        desk.clock.advance(hours=1)
    assert await desk.timers() == before
    assert any(by_team.id in key for key in before)

    desk.clock.advance(days=3)
    late = await desk.open(topic="billing")
    assert (await desk.due()).count(TELL_SILENT) == 2
    desk.clock.advance(hours=5)
    before = await desk.timers()
    for _ in range(2):
        await desk.start()
        desk.clock.advance(minutes=1)
    assert await desk.timers() == before
    assert await desk.due() == [turns.SLA_DUE, turns.SLA_ALERT]
    assert [target for target, _ in await desk.breaches()] == ["first_reply"]
    assert any(late.id in key for key in before)


async def test_what_was_switched_off_when_its_time_came_is_looked_at_when_it_is_on_again(
    desk: Desk,
) -> None:
    silent, late = await desk.open(), await desk.open(NOOR, topic="billing")
    await desk.say(silent, SAM)
    switched_on = desk.context.policy
    desk.configure(replace(switched_on, support=SupportPolicy(hours=SupportHours())))
    desk.clock.advance(days=4)
    assert TELL_SILENT not in await desk.due()
    assert await desk.breaches() == []

    desk.configure(switched_on)
    await desk.start()

    done = await desk.due()
    assert (done.count(TELL_SILENT), done.count(turns.SLA_ALERT)) == (1, 1)
    assert (await desk.tickets.find(late.id)).state is TicketState.OPEN


async def test_a_resolution_is_told_when_the_turn_comes_back_after_its_time(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    desk.clock.advance(days=3, minutes=1)
    assert turns.SLA_ALERT not in await desk.due()

    await desk.say(ticket, MIA)

    await desk.due()
    assert [target for target, _ in await desk.breaches()] == ["resolution"]


async def test_a_snooze_after_the_reminder_puts_the_end_off_and_no_more(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    desk.clock.advance(days=3)
    assert TELL_SILENT in await desk.due()
    await desk.set(ticket.id, snoozed_until=desk.clock() + 4 * DAY)
    desk.clock.advance(days=2)
    await desk.due()
    desk.clock.advance(days=2)
    await desk.set(ticket.id, snoozed_until=None)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN

    desk.clock.advance(days=2)
    done = await desk.due()

    assert TELL_SILENT not in done
    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSING


async def test_the_timer_of_an_older_reminder_does_not_close_after_newer_talk(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    desk.clock.advance(days=3)
    assert TELL_SILENT in await desk.due()
    desk.clock.advance(days=1)
    await desk.say(ticket, MIA)
    await desk.say(ticket, SAM)

    desk.clock.advance(days=1)
    assert CLOSE_SILENT in await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN

    # Reminded anew, three days after the later word, and closed after that.
    desk.clock.advance(days=2)
    assert TELL_SILENT in await desk.due()
    desk.clock.advance(days=2)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSING


async def test_silence_closes_nothing_before_the_reminder_was_posted(desk: Desk) -> None:
    """Discord refuses it, or is away for weeks: from the reminder on there is time to answer."""
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    desk.may_write = False
    desk.clock.advance(days=30)
    await desk.due()
    desk.clock.advance(days=30)
    assert CLOSE_SILENT not in await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN

    desk.may_write = True
    assert desk.telling is not None
    await desk.remind_in_ticket(desk.telling)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN
    desk.clock.advance(days=2)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSING


async def test_nobody_is_reminded_after_newer_talk(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.say(ticket, SAM)
    desk.may_write = False
    desk.clock.advance(days=3)
    await desk.due()
    assert desk.telling is not None
    assert await desk.silence.reminder(desk.telling) is not None

    await desk.say(ticket, SAM)

    assert await desk.silence.reminder(desk.telling) is None


async def test_silence_closes_nothing_while_a_refund_is_asked_for_and_nobody_looks(
    desk: Desk,
) -> None:
    """The member has said something by it. Once the team has answered, silence counts again."""
    await add_customer(desk.context.database)
    async with desk.context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=desk.clock())
        await payments.save(connection, PAYMENT, asked_at=desk.clock())
    ticket, reminded = await desk.open(), await desk.open(topic="billing")
    await desk.say(ticket, SAM)
    await desk.say(reminded, SAM)
    requests = RefundRequestService(desk.context, desk.guilds)
    wished = await requests.wish(
        Actor(MIA, GUILD, frozenset(), manages_guild=False), ticket.id, PAYMENT.id, why=""
    )
    desk.clock.advance(days=9)
    done = await desk.due()
    assert done.count(TELL_SILENT) == 1
    desk.clock.advance(days=9)
    await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN
    assert (await desk.tickets.find(reminded.id)).state is TicketState.CLOSING

    await requests.decline(
        Actor(SAM, GUILD, frozenset({SUPPORT}), manages_guild=False), wished.refund.id, reason="no"
    )

    desk.clock.advance(days=2, hours=23)
    assert await desk.due() == []
    desk.clock.advance(hours=1)
    assert TELL_SILENT in await desk.due()
    desk.clock.advance(days=2)
    assert CLOSE_SILENT in await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.CLOSING


@pytest.mark.parametrize("pause", [timedelta(hours=1), 9 * DAY])
async def test_the_end_of_a_wish_is_a_step_of_the_team(desk: Desk, pause: timedelta) -> None:
    """Also where the member was reminded before, and where the time to close came meanwhile.

    A word that is taken back afterwards changes nothing about it.
    """
    await add_customer(desk.context.database)
    async with desk.context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=desk.clock())
        await payments.save(connection, PAYMENT, asked_at=desk.clock())
    ticket = await desk.open()
    said = await desk.say(ticket, SAM)
    desk.clock.advance(days=2)
    await desk.say(ticket, SAM)
    desk.clock.advance(days=3)
    assert TELL_SILENT in await desk.due()
    desk.clock.advance(days=1, hours=22)
    requests = RefundRequestService(desk.context, desk.guilds)
    wished = await requests.wish(
        Actor(MIA, GUILD, frozenset(), manages_guild=False), ticket.id, PAYMENT.id, why=""
    )
    desk.clock.advance(seconds=pause.total_seconds())
    await desk.due()
    by_sam = Actor(SAM, GUILD, frozenset({SUPPORT}), manages_guild=False)
    await requests.decline(by_sam, wished.refund.id, reason="no")
    await desk.records.capture_deletions([said])

    desk.clock.advance(days=2, hours=23)
    assert TELL_SILENT not in await desk.due()
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN
    desk.clock.advance(hours=1)
    assert TELL_SILENT in await desk.due()
    desk.clock.advance(days=2)
    assert CLOSE_SILENT in await desk.due()
    closed = await desk.tickets.find(ticket.id)
    assert (closed.state, closed.close_reason) == (TicketState.CLOSING, "No answer for 5 days.")
