"""Whose turn it is in a ticket: nobody is closed out who waits, or who was never asked."""

from contextlib import suppress
from pathlib import Path

import pytest

from bot.sandbox.discord import messaging
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_moving import with_engineers
from tests.scenario.test_sleeping_threads import come_back, sleeping
from tests.scenario.test_support_queue import hours_pass, queue, say
from tests.scenario.ticketing import OpenedTicket, open_ticket, settled, states

PINNED = 6


def waits(stage: Stage) -> bool:
    """Whether the one ticket waits for the team, and nobody has answered it yet."""
    [row] = stage.rows("SELECT waiting_since, first_reply_at FROM tickets")
    return row["waiting_since"] is not None and row["first_reply_at"] is None


async def pin(stage: Stage, ticket: OpenedTicket) -> None:
    """Sam pins something: Discord says so under his name, and the bot has stored it."""
    said = messaging.Post(ticket.channel, stage.sam.user, {"content": "A message"}, kind=PINNED)
    notice = messaging.post(stage.sam._world, said)
    stored = "SELECT 1 FROM ticket_messages WHERE message_id = ?"
    await until(lambda: stage.rows(stored, int(notice.id)))


def reminders(stage: Stage, ticket: OpenedTicket) -> list[str]:
    """How often the member was asked in the ticket."""
    said = stage.mia.messages(ticket.channel)
    return [each.text for each in said if "still need help" in each.text]


async def test_a_pin_and_a_bystander_answer_nobody(stage: Stage) -> None:
    """Noor sees every channel as an administrator; it is Mia who waits, for as long as it takes."""
    friends = stage.scene.guild.add_role("Friends", permissions=may.ADMINISTRATOR)
    stage.scene.guild.give_role(stage.noor.user, friends)
    ticket = await open_ticket(stage)
    await say(stage, stage.mia, ticket, "I was charged twice, please help!")

    await pin(stage, ticket)
    await say(stage, stage.noor, ticket, "The same happened to me!")

    assert waits(stage)
    assert "1 ticket waits" in (await queue(stage.sam, stage)).text
    asked = await stage.sam.slash("close-request", channel=ticket.channel)
    assert asked.message is not None
    assert "waits for an answer" in asked.message.text
    for days in (4, 3):
        await hours_pass(stage, 24 * days)
        await jobs_done(stage)
    assert reminders(stage, ticket) == []
    assert states(stage) == ["open"]


async def test_of_what_was_said_in_an_outage_only_the_teams_words_are_answers(
    stage: Stage,
) -> None:
    """Fetched messages come without roles: Discord is asked about whoever is not known."""
    friends = stage.scene.guild.add_role("Friends", permissions=may.ADMINISTRATOR)
    stage.scene.guild.give_role(stage.noor.user, friends)
    ticket = await open_ticket(stage)
    await stage.bot.kill()
    await stage.noor.say(ticket.channel, "Has anybody looked at this?")
    await stage.bot.start()
    await until(
        lambda: bool(stage.rows("SELECT 1 FROM ticket_messages WHERE content LIKE 'Has any%'")),
        seconds=RECOVERY_SECONDS,
    )
    await jobs_done(stage)
    assert waits(stage)

    await stage.bot.kill()
    await stage.sam.say(ticket.channel, "We have: the second charge is on its way back.")
    await stage.bot.start()
    await until(lambda: not waits(stage), seconds=RECOVERY_SECONDS)
    [row] = stage.rows("SELECT first_reply_by FROM tickets")
    assert str(row["first_reply_by"]) == stage.sam.user.id


async def test_an_answer_from_before_a_move_is_one_for_the_team_of_then(
    stage: Stage, tmp_path: Path
) -> None:
    """Sam has answered before it went to the engineers, and nobody heard it until after that."""
    await with_engineers(stage, tmp_path)
    ticket = await sleeping(stage)
    stage.scene.guild.add_to_thread(ticket.channel, stage.max.user)
    await stage.sam.say(ticket.channel, "We have a cheaper plan for you.")
    stage.scene.guild.archive_thread(ticket.channel)
    await come_back(stage, ticket)
    panel = await stage.max.click(ticket.welcome, "More…")
    assert panel.message is not None
    await stage.max.choose(panel.message, "move")

    await stage.max.choose(panel.message, "Help with the product")

    await until(lambda: not waits(stage), seconds=RECOVERY_SECONDS)
    [row] = stage.rows("SELECT topic_id, first_reply_by FROM tickets")
    assert (row["topic_id"], str(row["first_reply_by"])) == ("help", stage.sam.user.id)


async def test_an_answer_in_the_wrong_ticket_is_none_once_it_is_deleted(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    wrong = await stage.sam.say(ticket.channel, "Oops, wrong ticket")
    await until(lambda: not waits(stage), seconds=10)

    await stage.sam.delete(wrong)

    await until(lambda: waits(stage), seconds=10)
    assert "1 ticket waits" in (await queue(stage.sam, stage)).text


@pytest.mark.parametrize("takes_messages", [True, False])
async def test_a_member_who_could_not_be_reminded_is_not_closed(
    stage: Stage, takes_messages: bool
) -> None:
    """The bot may not write in the ticket: Mia hears it elsewhere, or else the team does."""
    ticket = await open_ticket(stage)
    await say(stage, stage.sam, ticket, "Could you send the invoice's number?")
    stage.mia.accepts_dms = takes_messages
    stage.scene.discord.faults.add(
        method="POST", path=rf"/channels/{ticket.channel.id}/messages", status=403
    )
    await hours_pass(stage, 24 * 4)

    if takes_messages:
        told = await stage.mia.wait_for_message(
            "dm", containing="Do you still need help?", timeout=RECOVERY_SECONDS
        )
        assert "stays open until somebody closes it" in told.text
        assert ticket.channel.id in told.text
    else:
        told = await stage.sam.wait_for_message(
            stage.scene.log, containing="could not be reminded", timeout=RECOVERY_SECONDS
        )
        assert told.mentions == []
    await jobs_done(stage)
    await hours_pass(stage, 24 * 3)
    await jobs_done(stage)
    assert states(stage) == ["open"]


async def test_a_reminder_that_was_posted_once_closes_after_a_kill(stage: Stage) -> None:
    """Posted, and killed before that was noted: said once, and closed in time."""
    ticket = await open_ticket(stage)
    await say(stage, stage.sam, ticket, "Could you send the invoice's number?")
    posting = rf"/channels/{ticket.channel.id}/messages"
    strike = DiscordStrike(stage, "POST", posting, after_work=True)
    with suppress(RuntimeError):  # it may die before it was well
        await hours_pass(stage, 24 * 4)
    await strike.restart()
    await jobs_done(stage)
    assert len(reminders(stage, ticket)) == 1
    await hours_pass(stage, 24 * 3)
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
