"""What is said in a place before the bot listens there: it is none the less kept, or removed (S21).

Members see a new channel at once. The process that made it may be killed before it listens.
"""

import pytest

from bot.sandbox.discord import Channel
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.outside import everything_stored, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_ticket_kills import CHANNEL, not_in
from tests.scenario.test_ticket_transcripts import stored
from tests.scenario.ticketing import (
    ANSWERS,
    OpenedTicket,
    ask,
    close,
    open_ticket,
    read_transcript,
    settled,
    ticket_channels,
)

CARD = "4242 4242 4242 4242"


async def killed_while_opening(stage: Stage, step: str) -> tuple[DiscordStrike, Channel]:
    """The channel is there; its ticket does not know it yet, or has just been welcomed."""
    method, path = {"channel": CHANNEL, "welcome": not_in(stage.scene.log.id)}[step]
    modal = await ask(stage, stage.mia)
    strike = DiscordStrike(stage, method, path, after_work=True)
    await stage.mia.submit(modal, ANSWERS)
    await stage.bot.ended()
    [channel] = ticket_channels(stage)
    return strike, channel


@pytest.mark.parametrize("step", ["channel", "welcome"])
async def test_s21_what_was_said_while_nobody_listened_in_a_new_channel_is_kept(
    stage: Stage, step: str
) -> None:
    """However soon Mia goes on after that; and her card goes."""
    strike, channel = await killed_while_opening(stage, step)
    await stage.mia.say(channel, "I was charged twice")
    secret = await stage.mia.say(channel, f"My card is {CARD}")

    await strike.restart()
    await stage.mia.say(channel, "Are you there?")

    await until(lambda: secret.deleted, seconds=RECOVERY_SECONDS)
    await settled(stage, "open", seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert CARD not in everything_stored(stage)
    [welcome] = [each for each in channel.messages if each.buttons]
    await close(stage.sam, OpenedTicket(channel, welcome, welcome))
    told = await stage.mia.wait_for_message("dm", containing="is closed")
    assert read_transcript(told).said_by("Mia") == [
        "I was charged twice",
        "My card is [removed]",
        "Are you there?",
    ]


async def test_opening_reads_no_history(stage: Stage) -> None:
    """Nobody can have said anything in a channel that was made a moment ago."""
    ticket = await open_ticket(stage)
    await jobs_done(stage)

    entries = stage.scene.discord.requests.entries
    read = [
        each.path for each in entries if each.method == "GET" and ticket.channel.id in each.path
    ]
    assert read == []


async def test_what_was_noted_before_the_bot_listens_in_its_notes_is_kept(stage: Stage) -> None:
    """Ada, who sees every thread, writes in the one that a killed process has made."""
    ticket = await open_ticket(stage)
    await jobs_done(stage)
    strike = DiscordStrike(stage, "POST", r"/threads$", after_work=True)
    await stage.sam.slash("note", channel=ticket.channel, text="The third one today")
    await stage.bot.ended()
    [notes] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    await stage.ada.say(notes, "Do not refund it twice")
    secret = await stage.ada.say(notes, f"Her card is {CARD}")

    await strike.restart()

    await until(lambda: secret.deleted, seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert "Do not refund it twice" in stored(stage)
    assert CARD not in everything_stored(stage)


async def test_s21_what_is_said_while_discords_answer_is_on_its_way_is_heard(stage: Stage) -> None:
    """Mia sees the new channel before the bot knows that it is there."""
    method, path = CHANNEL
    modal = await ask(stage, stage.mia)
    late = stage.scene.discord.faults.add(
        method=method, path=path, hold=True, times=1, after_work=True
    )
    await stage.mia.submit(modal, ANSWERS)
    [channel] = await until(lambda: ticket_channels(stage))

    secret = await stage.mia.say(channel, f"My card is {CARD}")
    assert late.struck
    late.remove()

    await until(lambda: secret.deleted, seconds=RECOVERY_SECONDS)
    await jobs_done(stage)
    assert stored(stage) == ["My card is [removed]"]
