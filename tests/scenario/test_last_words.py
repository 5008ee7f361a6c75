"""The end of a ticket: what is said while it closes, and in a channel that stays behind."""

from dataclasses import replace

import pytest

from bot.sandbox.discord import Channel, SandboxRefusal
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import everything_stored, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_ticket_overflow import in_thread
from tests.scenario.test_ticket_records import address_in, fetched
from tests.scenario.test_ticket_transcripts import stored
from tests.scenario.ticketing import (
    OpenedTicket,
    ask,
    close,
    open_ticket,
    read_transcript,
    settled,
    states,
    ticket_channels,
)

CARD = "4242 4242 4242 4242"
STORY = "What can we help with?"
DM = r"/users/@me/channels$"


def left_behind(stage: Stage, *also: int) -> None:
    """Take the right to delete channels from the bot, and other rights with it."""
    stage.expect_error("ticket_channel_not_deleted")
    for role in (stage.scene.guild.everyone, stage.scene.guild.bot_member.roles[-1]):
        for right in (may.MANAGE_CHANNELS, *also):
            role.permissions &= ~right
        stage.scene.guild.announce_role_update(role)


def may_delete_again(stage: Stage) -> None:
    """An administrator has read the log."""
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions |= may.MANAGE_CHANNELS
    stage.scene.guild.announce_role_update(role)


async def another_ticket(stage: Stage) -> Channel:
    """Mia's second one."""
    sent = await stage.mia.submit(await ask(stage, stage.mia, "help"), {STORY: "It is slow"})
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    return stage.scene.guild.channels[-1]


async def added_by_sam(stage: Stage, channel: Channel) -> None:
    """Noor is in a ticket of Mia's."""
    answer = await stage.sam.slash("ticket add", channel=channel, member=stage.noor.user)
    assert answer.message is not None
    await answer.message.changed(containing="was added to this ticket")


async def closed_and_left(stage: Stage, *without: int) -> OpenedTicket:
    """Sam has closed Mia's ticket, and its channel is still there."""
    ticket = await open_ticket(stage)
    left_behind(stage, *without)
    await close(stage.sam, ticket)
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    assert not ticket.channel.deleted
    return ticket


async def test_what_is_said_while_the_ticket_closes_is_in_its_record(stage: Stage) -> None:
    """Mia's file is on its way; her link and the team's file have her last words."""
    ticket = await open_ticket(stage)
    held = stage.scene.discord.faults.add(method="POST", path=DM, hold=True, times=1)
    await close(stage.sam, ticket)
    await until(lambda: held.struck)

    await stage.mia.say(ticket.channel, "Wait, my order is 77")
    held.remove()

    told = await stage.mia.wait_for_message("dm", containing="is closed")
    await settled(stage, "closed")
    _, page, _ = await fetched(address_in(told, stage))
    assert "Wait, my order is 77" in page
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert read_transcript(logged).said_by("Mia") == ["Wait, my order is 77"]


async def test_last_words_after_a_kill_while_the_ticket_closes_are_in_its_record(
    stage: Stage,
) -> None:
    ticket = await open_ticket(stage)
    held = stage.scene.discord.faults.add(method="POST", path=DM, hold=True, drop=True, times=1)
    await close(stage.sam, ticket)
    await until(lambda: held.struck)
    await stage.bot.kill()
    held.remove()
    again = stage.scene.discord.faults.add(method="POST", path=DM, hold=True, times=1)
    await stage.bot.start()
    await until(lambda: again.struck, seconds=RECOVERY_SECONDS)

    await stage.mia.say(ticket.channel, "Wait, my order is 77")
    again.remove()

    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert read_transcript(logged).said_by("Mia") == ["Wait, my order is 77"]


async def test_who_still_sees_a_closed_tickets_channel_is_told_and_cannot_write(
    stage: Stage,
) -> None:
    """Once, with the way back; the team can still read and write there."""
    ticket = await closed_and_left(stage)

    told = await stage.mia.wait_for_message(ticket.channel, containing="This ticket is closed")

    with pytest.raises(SandboxRefusal):
        await stage.mia.say(ticket.channel, "hello?")
    await stage.sam.say(ticket.channel, "I shall delete this by hand")
    said = [each.text for each in stage.mia.messages(ticket.channel)]
    assert sum("This ticket is closed" in each for each in said) == 1
    may_delete_again(stage)
    answer = await stage.mia.click(told, "Reopen ticket")
    assert answer.message is not None
    await answer.message.changed(containing="Your ticket is open")
    await settled(stage, "open")
    await jobs_done(stage)


async def test_a_channel_that_stays_behind_lets_in_nobody_of_what_was_merged_into_it(
    stage: Stage,
) -> None:
    """Noor was added to Mia's other ticket, and has never seen this one."""
    ticket = await open_ticket(stage)
    other = await another_ticket(stage)
    await added_by_sam(stage, other)
    asked = await stage.sam.slash("merge", channel=other)
    choice = await asked.settled()
    await stage.sam.choose(choice, choice.selects[0].options[0].value)
    await until(lambda: states(stage) == ["open", "closed"], seconds=RECOVERY_SECONDS)
    left_behind(stage)

    await close(stage.sam, ticket)

    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    assert stage.noor.user.id not in ticket.channel.overwrites
    assert ticket.channel not in stage.noor.channels(stage.scene.guild)


async def test_a_channel_that_stays_behind_takes_the_right_to_write_and_changes_nothing_else(
    stage: Stage,
) -> None:
    """Noor was taken out by hand, and stays out; Mia reads on."""
    ticket = await open_ticket(stage)
    await added_by_sam(stage, ticket.channel)
    before = dict(ticket.channel.overwrites)
    del before[stage.noor.user.id]
    ticket.channel.overwrites = before
    stage.scene.guild.announce_channel_update(ticket.channel)
    left_behind(stage)

    await close(stage.sam, ticket)

    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    own = before[stage.mia.user.id]
    silent = replace(own, allow=own.allow & ~may.SEND_MESSAGES, deny=own.deny | may.SEND_MESSAGES)
    assert ticket.channel.overwrites == {**before, stage.mia.user.id: silent}


async def test_s21_a_secret_in_a_channel_that_stayed_behind_is_removed(stage: Stage) -> None:
    """Mia can write there where the bot may not change it; also after a start of the bot."""
    ticket = await closed_and_left(stage, may.MANAGE_ROLES)
    said = await stage.mia.say(ticket.channel, f"It is not solved, card {CARD}")
    await until(lambda: said.deleted)

    await in_thread(stage)
    await stage.kill_and_restart()
    # Where people talk is looked through once the bot listens, in what stayed behind as well.
    looking = "SELECT 1 FROM jobs WHERE kind IN ('ticket.backfill', 'ticket.look_back')"
    await until(lambda: stage.rows(looking))
    said = await stage.mia.say(ticket.channel, f"Again, my card is {CARD}")

    await until(lambda: said.deleted)
    await jobs_done(stage)
    assert CARD not in everything_stored(stage)
    assert states(stage) == ["closed", "open"]


async def test_a_modal_from_before_a_reopening_does_not_close_it_again(stage: Stage) -> None:
    """Sam had asked for the reason in the ticket's earlier life."""
    ticket = await open_ticket(stage)
    asked = await stage.sam.click(ticket.welcome, "Close ticket")
    assert asked.modal is not None
    await close(stage.mia, ticket)
    told = await stage.mia.wait_for_message("dm", containing="is closed")
    await settled(stage, "closed")
    await stage.mia.click(told, "Reopen ticket")
    await settled(stage, "open")

    late = await stage.sam.submit(asked.modal, {"Reason": "Solved"})

    assert late.message is not None
    assert "already closed" in late.message.text
    await jobs_done(stage)
    assert states(stage) == ["open"]
    [channel] = ticket_channels(stage)
    welcome = channel.messages[0]
    await close(stage.sam, OpenedTicket(channel, welcome, welcome))
    await settled(stage, "closed")


async def test_an_awake_thread_that_is_deleted_by_hand_closes_its_ticket(stage: Stage) -> None:
    ticket = await in_thread(stage)
    await stage.noor.say(ticket.channel, "It costs too much")
    await until(lambda: "It costs too much" in stored(stage))

    stage.scene.guild.delete_channel(ticket.channel)

    told = await stage.noor.wait_for_message("dm", containing="because its channel was deleted")
    assert read_transcript(told).said_by("Noor") == ["It costs too much"]
    await settled(stage, "closed")


async def test_a_thread_and_its_notes_that_stay_behind_are_both_named_in_the_log(
    stage: Stage,
) -> None:
    """With the right that the bot lacks; a thread is not deleted with Manage Channels."""
    ticket = await in_thread(stage)
    noted = await stage.sam.slash("note", channel=ticket.channel, text="The third one today")
    assert noted.message is not None
    await noted.message.changed(containing="Note written")
    [notes] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    left_behind(stage, may.MANAGE_THREADS)

    await close(stage.sam, ticket)

    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    warnings = [each for each in logged.text.splitlines() if "may not delete" in each]
    assert [each.split("<#")[1].split(">")[0] for each in warnings] == [
        notes.id,
        ticket.channel.id,
    ]
    assert all("Manage Threads" in each for each in warnings)
    assert "Manage Channels" not in logged.text
