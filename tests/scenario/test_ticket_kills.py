"""kill -9 at each request of opening and closing: one channel, one welcome, one transcript."""

import pytest

from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    ANSWERS,
    ask,
    in_dm,
    open_ticket,
    read_transcript,
    settled,
    states,
    ticket_channels,
)

CHANNEL = ("POST", r"^/guilds/\d+/channels$")
ANSWER = ("POST", r"^/interactions/\d+/[^/]+/callback$")
SCREEN = ("PATCH", r"^/webhooks/")
DM = ("POST", r"^/users/@me/channels$")
DELETE = ("DELETE", r"^/channels/\d+$")


def message_in(channel_id: str) -> tuple[str, str]:
    return "POST", rf"^/channels/{channel_id}/messages$"


def not_in(channel_id: str) -> tuple[str, str]:
    return "POST", rf"^/channels/(?!{channel_id}/)\d+/messages$"


@pytest.mark.parametrize(
    ("step", "after_work"),
    [
        ("answer", True),
        ("channel", False),
        ("channel", True),
        ("welcome", False),
        ("welcome", True),
        ("screen", False),
        ("screen", True),
        ("log", True),
    ],
)
async def test_opening_survives_kill_9(stage: Stage, step: str, after_work: bool) -> None:
    log = stage.scene.log
    method, path = {
        "answer": ANSWER,
        "channel": CHANNEL,
        "welcome": not_in(log.id),
        "screen": SCREEN,
        "log": message_in(log.id),
    }[step]
    modal = await ask(stage, stage.mia)
    strike = DiscordStrike(stage, method, path, after_work=after_work)
    sent = await stage.mia.submit(modal, ANSWERS)

    await strike.restart()
    await settled(stage, "open", seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)

    [channel] = ticket_channels(stage)
    [row] = stage.rows("SELECT channel_id, welcome_id, number FROM tickets")
    [welcome] = channel.messages
    assert (str(row["channel_id"]), str(row["welcome_id"])) == (channel.id, welcome.id)
    assert sent.message is not None
    assert "Your ticket is open" in sent.message.text
    told = [each for each in stage.sam.messages(log) if "Ticket 0001 opened" in each.text]
    assert len(told) == 1
    await stage.mia.say(channel, "hello")
    asked = await stage.mia.click(welcome, "Close ticket")
    assert asked.modal is not None


@pytest.mark.parametrize(
    ("step", "after_work"),
    [
        ("answer", True),
        ("dm", True),
        ("transcript", False),
        ("transcript", True),
        ("delete", False),
        ("delete", True),
        ("log", False),
        ("log", True),
    ],
)
async def test_closing_survives_kill_9(stage: Stage, step: str, after_work: bool) -> None:
    ticket = await open_ticket(stage)
    await jobs_done(stage)
    await stage.mia.say(ticket.channel, "please keep this")
    log = stage.scene.log
    method, path = {
        "answer": ANSWER,
        "dm": DM,
        "transcript": not_in(log.id),
        "delete": DELETE,
        "log": message_in(log.id),
    }[step]
    asked = await stage.sam.click(ticket.welcome, "Close ticket")
    assert asked.modal is not None
    strike = DiscordStrike(stage, method, path, after_work=after_work)
    await stage.sam.submit(asked.modal, {"Reason": "answered"})

    await strike.restart()
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)

    assert states(stage) == ["closed"]
    assert ticket_channels(stage) == []
    [told] = in_dm(stage.mia, "is closed")
    assert read_transcript(told).said_by("Mia") == ["please keep this"]
    logged = [each for each in stage.sam.messages(log) if "Ticket 0001 closed" in each.text]
    assert len(logged) == 1
    assert read_transcript(logged[0]).said_by("Mia") == ["please keep this"]


async def test_a_message_of_the_bot_that_nobody_confirmed_is_not_sent_again(stage: Stage) -> None:
    """Both halves die: opening after the welcome, closing after the transcript."""
    log = stage.scene.log.id
    modal = await ask(stage, stage.mia)
    strike = DiscordStrike(stage, *not_in(log), after_work=True)
    await stage.mia.submit(modal, ANSWERS)
    await strike.restart()
    await settled(stage, "open", seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    [channel] = ticket_channels(stage)
    [welcome] = channel.messages
    asked = await stage.mia.click(welcome, "Close ticket")
    assert asked.modal is not None
    strike = DiscordStrike(stage, *not_in(log), after_work=True)
    await stage.mia.submit(asked.modal, {})
    await strike.restart()

    await settled(stage, "closed", seconds=RECOVERY_SECONDS)

    assert len(in_dm(stage.mia, "is closed")) == 1
