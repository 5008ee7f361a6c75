"""Discord is away, tells things late, or people delete what a ticket needs: each has its end."""

import asyncio

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    ANSWERS,
    OpenedTicket,
    ask,
    close,
    in_dm,
    open_ticket,
    opened,
    read_transcript,
    settled,
    states,
    ticket_channels,
)

OUTAGE_SECONDS = 5
CHANNEL = ("POST", r"^/guilds/\d+/channels$")
SCREEN = ("PATCH", r"^/webhooks/")
REST_BUT_ANSWERS = r"^(?!/interactions/|/gateway)"


async def outage(stage: Stage) -> None:
    """Discord answers nothing but interactions for five seconds, and drops the gateway."""
    down = stage.scene.discord.faults.add(path=REST_BUT_ANSWERS, drop=True)
    await stage.scene.discord.drop_gateway(hold_events=OUTAGE_SECONDS)
    await asyncio.sleep(OUTAGE_SECONDS)
    down.remove()


async def closed_once(stage: Stage, ticket: OpenedTicket) -> Message:
    """Sam has closed it, and Mia has what was said."""
    await close(stage.sam, ticket)
    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    return told


async def test_five_seconds_without_discord_delay_opening_and_closing_and_lose_nothing(
    stage: Stage,
) -> None:
    for event in ("job_failed", "listener_failed", "interaction_failed"):
        stage.expect_error(event)
    modal = await ask(stage, stage.mia)
    away = asyncio.create_task(outage(stage))
    sent = await stage.mia.submit(modal, ANSWERS)
    await away
    assert sent.message is not None
    ticket = await opened(stage, sent.message, seconds=RECOVERY_SECONDS)
    assert ticket_channels(stage) == [ticket.channel]
    assert len(ticket.channel.messages) == 1
    await jobs_done(stage)
    await stage.mia.say(ticket.channel, "before the outage")
    asked = await stage.sam.click(ticket.welcome, "Close ticket")
    assert asked.modal is not None

    away = asyncio.create_task(outage(stage))
    await stage.sam.submit(asked.modal, {"Reason": "Solved"})
    await away

    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    assert read_transcript(told).said_by("Mia") == ["before the outage"]
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    assert ticket_channels(stage) == []
    assert len(in_dm(stage.mia, "is closed")) == 1


async def test_a_resumed_gateway_brings_what_was_missed(stage: Stage) -> None:
    """Said in one ticket and another ticket's channel deleted, while the connection was away."""
    ticket = await open_ticket(stage)
    other = await open_ticket(stage, by=stage.noor)
    await stage.scene.discord.drop_gateway(hold_events=1.0)
    await stage.mia.say(ticket.channel, "said meanwhile")
    stage.scene.guild.delete_channel(other.channel)

    gone = await stage.noor.wait_for_message("dm", containing="channel was deleted", timeout=30)
    assert gone.attachments
    told = await closed_once(stage, ticket)

    assert read_transcript(told).said_by("Mia") == ["said meanwhile"]


async def test_a_channel_deleted_by_hand_while_it_closes_is_no_obstacle(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    held = stage.scene.discord.faults.add(
        method="POST", path=r"/users/@me/channels$", hold=True, times=1
    )
    await close(stage.sam, ticket)
    await until(lambda: held.struck)

    stage.scene.guild.delete_channel(ticket.channel)
    held.remove()

    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    assert len(in_dm(stage.mia, "closed by the team")) == 1


async def test_a_channel_that_the_bot_may_not_delete_is_left_to_people(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    stage.expect_error("ticket_channel_not_deleted")
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions &= ~may.MANAGE_CHANNELS
    stage.scene.guild.announce_role_update(role)

    told = await closed_once(stage, ticket)

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert "may not delete" in log.text
    assert f"<#{ticket.channel.id}>" in log.text
    role.permissions |= may.MANAGE_CHANNELS
    stage.scene.guild.announce_role_update(role)
    again = await stage.mia.click(told, "Reopen ticket")
    assert again.message is not None
    reopened = await opened(stage, again.message)
    assert reopened.channel is not ticket.channel


@pytest.mark.parametrize(
    ("step", "after_work"),
    [("channel", False), ("channel", True), ("welcome", True), ("screen", True), ("log", True)],
)
async def test_reopening_survives_kill_9(stage: Stage, step: str, after_work: bool) -> None:
    told = await closed_once(stage, await open_ticket(stage))
    await jobs_done(stage)
    log = stage.scene.log
    method, path = {
        "channel": CHANNEL,
        "welcome": ("POST", rf"^/channels/(?!{log.id}/)\d+/messages$"),
        "screen": SCREEN,
        "log": ("POST", rf"^/channels/{log.id}/messages$"),
    }[step]
    strike = DiscordStrike(stage, method, path, after_work=after_work)
    answer = await stage.mia.click(told, "Reopen ticket")

    await strike.restart()
    await settled(stage, "open", seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)

    [channel] = ticket_channels(stage)
    [row] = stage.rows("SELECT channel_id, welcome_id, number FROM tickets")
    welcomes = [each for each in channel.messages if "was reopened" in each.text]
    assert [str(row["welcome_id"])] == [each.id for each in welcomes]
    assert (str(row["channel_id"]), row["number"]) == (channel.id, 1)
    assert answer.message is not None
    assert "Your ticket is open" in answer.message.text
    entries = [each for each in stage.sam.messages(log) if "Ticket 0001 reopened" in each.text]
    assert len(entries) == 1


async def test_a_reopening_that_discord_refuses_leaves_it_closed_for_another_try(
    stage: Stage,
) -> None:
    told = await closed_once(stage, await open_ticket(stage))
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions &= ~may.MANAGE_CHANNELS
    stage.scene.guild.announce_role_update(role)
    stage.expect_error("ticket_not_opened")
    answer = await stage.mia.click(told, "Reopen ticket")
    assert answer.message is not None
    await answer.message.changed(containing="could not be opened")
    assert states(stage) == ["closed"]
    role.permissions |= may.MANAGE_CHANNELS
    stage.scene.guild.announce_role_update(role)

    again = await stage.mia.click(told, "Reopen ticket")

    assert again.message is not None
    await opened(stage, again.message)
