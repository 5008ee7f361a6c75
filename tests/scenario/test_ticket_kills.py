"""kill -9 at each request of opening and closing: one channel, one welcome, one transcript."""

import asyncio
import re
import time
from typing import Any

import aiohttp
import pytest

from bot.sandbox.discord import Channel, DidNotRespond
from bot.sandbox.discord.requestlog import RequestEntry
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    ANSWERS,
    ask,
    in_dm,
    may_not_make_threads,
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
STORY = "What can we help with?"


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


async def test_a_ticket_opens_though_the_member_saw_no_answer(stage: Stage) -> None:
    """Killed between the reserved row and the first answer."""
    modal = await ask(stage, stage.mia)
    strike = DiscordStrike(stage, *ANSWER, after_work=False)
    stage.scene.discord.response_seconds = 1.0
    submitting = asyncio.create_task(stage.mia.submit(modal, ANSWERS))

    await strike.restart()
    with pytest.raises(DidNotRespond):
        await submitting
    await settled(stage, "open", seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)

    [channel] = ticket_channels(stage)
    [welcome] = channel.messages
    assert stage.mia.user in welcome.mentions


async def test_a_refusal_is_told_after_a_kill(stage: Stage) -> None:
    stage.expect_error("ticket_not_opened")
    while len(stage.scene.guild.channels) < 500:
        stage.scene.guild.add_text_channel(f"room-{len(stage.scene.guild.channels)}")
    may_not_make_threads(stage)
    modal = await ask(stage, stage.mia)
    strike = DiscordStrike(stage, *SCREEN, after_work=False)
    sent = await stage.mia.submit(modal, ANSWERS)

    await strike.restart()

    assert sent.message is not None
    await sent.message.changed(containing="500 channels", timeout=RECOVERY_SECONDS)
    assert states(stage) == ["failed"]


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


def own_places(stage: Stage) -> list[Channel]:
    """Channels and threads of tickets, and of notes."""
    guild = stage.scene.guild
    made = (*guild.channels, *guild.threads)
    return [each for each in made if each.name.startswith(("ticket-", "notes-"))]


async def make(stage: Stage, path: str, body: Any) -> str:
    """Have Discord do what a process of the bot has asked for; returns the new place's id."""
    headers = {"Authorization": f"Bot {stage.scene.discord.token}"}
    url = stage.scene.discord.api_url + path
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=body) as made,
    ):
        made.raise_for_status()
        return str((await made.json())["id"])


def asked_for(stage: Stage, path: str) -> RequestEntry:
    """The bot's newest request of this kind."""
    return [each for each in stage.scene.discord.requests.entries if re.search(path, each.path)][-1]


async def make_late(stage: Stage, asked: RequestEntry) -> None:
    """The same again: it was under way when its process was killed."""
    twin = await make(stage, asked.path, asked.body)
    await until(lambda: twin not in [each.id for each in own_places(stage)])


@pytest.mark.parametrize(("topic", "path"), [("help", r"/channels$"), ("leaving", r"/threads$")])
async def test_what_discord_makes_late_goes_again(stage: Stage, topic: str, path: str) -> None:
    """The next process has looked for it in vain, and has made another."""
    await stage.mia.submit(await ask(stage, stage.mia, topic), {STORY: "It is slow"})
    await jobs_done(stage)
    [place] = own_places(stage)
    for_the_place = asked_for(stage, path)
    await make_late(stage, for_the_place)
    await stage.sam.slash("note", channel=place, text="The third one today")
    await jobs_done(stage)
    for_the_notes = asked_for(stage, r"/threads$")
    await make_late(stage, for_the_notes)
    assert len(own_places(stage)) == 2

    closing = await stage.sam.click(place.messages[0], "Close ticket")
    assert closing.modal is not None
    await stage.sam.submit(closing.modal, {})
    await jobs_done(stage)
    await make_late(stage, for_the_place)

    assert own_places(stage) == []


async def test_a_thread_of_a_store_that_was_lost_is_nobodys_ticket(stage: Stage) -> None:
    """The numbers begin anew, and what was said there is not for the next member."""
    ids = stage.scene.discord._world.ids
    ids._clock, ids._millisecond = (lambda: time.time() - 86_400), 0
    body = {"name": "ticket-0001", "type": 12, "invitable": False}
    old = await make(stage, f"/channels/{stage.here.id}/threads", body)
    ids._clock = time.time

    await stage.mia.submit(await ask(stage, stage.mia, "leaving"), {STORY: "It is slow"})
    await jobs_done(stage)

    [former, place] = own_places(stage)
    assert (former.id, former.messages) == (old, [])
    [_welcome] = place.messages
