"""The end of a ticket: what is said while it closes, and in a channel that stays behind."""

import pytest

from bot.sandbox.discord import SandboxRefusal
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import everything_stored, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_ticket_overflow import in_thread
from tests.scenario.test_ticket_records import address_in, fetched
from tests.scenario.test_ticket_transcripts import stored
from tests.scenario.ticketing import (
    OpenedTicket,
    close,
    open_ticket,
    read_transcript,
    settled,
    states,
    ticket_channels,
)

CARD = "4242 4242 4242 4242"
DM = r"/users/@me/channels$"


def left_behind(stage: Stage, *also: int) -> None:
    """Take the right to delete channels from the bot, and other rights with it."""
    stage.expect_error("ticket_channel_not_deleted")
    for role in (stage.scene.guild.everyone, stage.scene.guild.bot_member.roles[-1]):
        for right in (may.MANAGE_CHANNELS, *also):
            role.permissions &= ~right
        stage.scene.guild.announce_role_update(role)


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
    held = stage.scene.discord.faults.add(method="POST", path=DM, latency=2.0, times=1)
    await close(stage.sam, ticket)
    await until(lambda: held.struck)

    await stage.mia.say(ticket.channel, "Wait, my order is 77")

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
    held = stage.scene.discord.faults.add(method="POST", path=DM, latency=2.0, drop=True, times=1)
    await close(stage.sam, ticket)
    await until(lambda: held.struck)
    await stage.bot.kill()
    again = stage.scene.discord.faults.add(method="POST", path=DM, latency=2.0, times=1)
    await stage.bot.start()
    await until(lambda: again.struck, seconds=RECOVERY_SECONDS)

    await stage.mia.say(ticket.channel, "Wait, my order is 77")

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
    answer = await stage.mia.click(told, "Reopen ticket")
    assert answer.message is not None
    assert "Reopening ticket 0001" in answer.message.text


async def test_s21_a_secret_in_a_channel_that_stayed_behind_is_removed(stage: Stage) -> None:
    """Mia can write there where the bot may not change it; also after a start of the bot."""
    ticket = await closed_and_left(stage, may.MANAGE_ROLES)
    said = await stage.mia.say(ticket.channel, f"It is not solved, card {CARD}")
    await until(lambda: said.deleted)

    await stage.kill_and_restart()
    said = await stage.mia.say(ticket.channel, f"Again, my card is {CARD}")

    await until(lambda: said.deleted)
    await jobs_done(stage)
    assert CARD not in everything_stored(stage)
    assert states(stage) == ["closed"]


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
