"""Tickets when Discord says no, says it late, or says nothing after having done the work."""

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    ANSWERS,
    ask,
    in_dm,
    open_ticket,
    opened,
    settled,
    states,
    ticket_channels,
    transcript_of,
)

CREATE = r"/guilds/\d+/channels$"
WELCOME = r"/channels/\d+/messages$"


async def submit(stage: Stage) -> Message:
    """Mia's answer to the questions, and the screen that she looks at from then on."""
    sent = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    assert sent.message is not None
    return sent.message


async def refused(stage: Stage, words: str) -> None:
    """Mia reads why there is no ticket, and her place is free."""
    stage.expect_error("ticket_not_opened")
    screen = await submit(stage)
    await screen.changed(containing="could not be opened")
    assert words in screen.text
    assert "team@lumen.example" in screen.text
    assert states(stage) == ["failed"]
    assert ticket_channels(stage) == []


def may_not_manage_channels(stage: Stage) -> None:
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions &= ~may.MANAGE_CHANNELS
    stage.scene.guild.announce_role_update(role)


def may_manage_channels(stage: Stage) -> None:
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions |= may.MANAGE_CHANNELS
    stage.scene.guild.announce_role_update(role)


async def test_a_category_that_was_deleted_does_not_stop_tickets(stage: Stage) -> None:
    stage.scene.guild.delete_channel(stage.scene.tickets)

    ticket = await open_ticket(stage)

    assert ticket.channel not in stage.noor.channels(stage.scene.guild)


async def test_without_manage_channels_the_member_is_told_and_the_place_stays_free(
    stage: Stage,
) -> None:
    may_not_manage_channels(stage)
    await refused(stage, "needs Manage Channels")

    may_manage_channels(stage)
    screen = await submit(stage)

    await opened(stage, screen)
    assert states(stage) == ["failed", "open"]


async def test_before_setup_the_command_says_what_is_missing(stage: Stage) -> None:
    guild = stage.scene.discord.add_guild("Elsewhere", owner=stage.ada.user)
    guild.add_member(stage.mia.user)
    lobby = guild.add_text_channel("lobby")

    answer = await stage.mia.slash("ticket open", channel=lobby, topic="billing")

    assert answer.modal is None
    assert answer.message is not None
    assert "not set up yet" in answer.message.text
    assert "support role" in answer.message.text
    assert states(stage) == []


@pytest.mark.parametrize("path", [CREATE, WELCOME, r"/webhooks/"])
@pytest.mark.parametrize("status", [429, 500])
async def test_one_refusal_of_discord_is_got_over(stage: Stage, path: str, status: int) -> None:
    fault = stage.scene.discord.faults.add(
        method="PATCH" if "webhooks" in path else "POST", path=path, status=status, times=1
    )

    screen = await submit(stage)

    ticket = await opened(stage, screen, seconds=20)
    assert fault.struck == 1
    assert ticket_channels(stage) == [ticket.channel]
    assert len(ticket.channel.messages) == 1


@pytest.mark.parametrize("path", [CREATE, WELCOME])
@pytest.mark.parametrize("drop", [True, False], ids=["no_answer", "500"])
async def test_what_discord_did_without_saying_so_is_not_done_twice(
    stage: Stage, path: str, drop: bool
) -> None:
    stage.expect_error("job_failed")
    stage.scene.discord.faults.add(
        method="POST",
        path=path,
        after_work=True,
        drop=drop,
        status=None if drop else 500,
        times=1,
    )

    screen = await submit(stage)

    ticket = await opened(stage, screen, seconds=20)
    assert ticket_channels(stage) == [ticket.channel]
    assert len(ticket.channel.messages) == 1
    assert states(stage) == ["open"]


async def test_closing_gets_over_answers_that_were_lost(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await jobs_done(stage)
    stage.expect_error("job_failed")
    faults = stage.scene.discord.faults
    faults.add(method="POST", path=WELCOME, after_work=True, drop=True, times=1)
    faults.add(method="DELETE", path=r"/channels/\d+$", after_work=True, status=500, times=1)

    await transcript_of(stage, ticket)

    await settled(stage, "closed", seconds=20)
    await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert len(in_dm(stage.mia, "is closed")) == 1
    assert ticket_channels(stage) == []


async def test_a_slow_first_answer_is_still_followed_by_the_outcome(stage: Stage) -> None:
    """The channel is there before Discord has shown "Opening ticket"."""
    modal = await ask(stage, stage.mia)
    slow = stage.scene.discord.faults.add(
        method="POST", path=r"/interactions/.*/callback$", latency=1.5, times=1
    )

    sent = await stage.mia.submit(modal, ANSWERS)

    assert slow.struck == 1
    assert sent.message is not None
    await opened(stage, sent.message)


async def test_a_log_channel_that_refuses_holds_nothing_up(stage: Stage) -> None:
    stage.scene.guild.delete_channel(stage.scene.log)
    ticket = await open_ticket(stage)

    transcript = await transcript_of(stage, ticket)

    assert transcript.articles
    await settled(stage, "closed")
    await until(lambda: not ticket_channels(stage))
