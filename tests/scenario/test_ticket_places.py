"""One member, one topic, one ticket: double clicks, restarts, and channels that vanish."""

import asyncio

from bot.sandbox.discord import Interaction
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    ANSWERS,
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


def words_of(answer: Interaction) -> str:
    assert answer.message is not None
    return answer.message.text


async def test_two_submissions_at_once_give_one_ticket(stage: Stage) -> None:
    first, second = await ask(stage, stage.mia), await ask(stage, stage.mia)

    answers = await asyncio.gather(
        stage.mia.submit(first, ANSWERS), stage.mia.submit(second, ANSWERS)
    )

    said = sorted(words_of(answer) for answer in answers)
    assert sum("ticket 0001" in words or "ticket is open" in words for words in said) == 1, said
    assert sum("being opened" in words or "already have" in words for words in said) == 1, said
    await settled(stage, "open")
    assert len(states(stage)) == 1
    assert len(ticket_channels(stage)) == 1


async def test_the_same_modal_submitted_twice_gives_one_ticket(stage: Stage) -> None:
    modal = await ask(stage, stage.mia)

    await asyncio.gather(stage.mia.submit(modal, ANSWERS), stage.mia.submit(modal, ANSWERS))

    await settled(stage, "open")
    assert len(states(stage)) == 1
    assert len(ticket_channels(stage)) == 1


async def test_five_modals_opened_first_and_submitted_after_give_one_ticket(stage: Stage) -> None:
    modals = [await ask(stage, stage.mia) for _ in range(5)]

    first = await stage.mia.submit(modals[0], ANSWERS)
    assert first.message is not None
    ticket = await opened(stage, first.message)
    later = [await stage.mia.submit(modal, ANSWERS) for modal in modals[1:]]

    for answer in later:
        assert f"already have a ticket for this:** <#{ticket.channel.id}>" in words_of(answer)
    assert states(stage) == ["open"]
    assert ticket_channels(stage) == [ticket.channel]


async def test_the_command_leads_to_the_open_ticket(stage: Stage) -> None:
    ticket = await open_ticket(stage)

    answer = await stage.mia.slash("ticket open", channel=stage.here, topic="billing")

    assert answer.modal is None
    assert f"<#{ticket.channel.id}>" in words_of(answer)


async def test_another_topic_and_another_member_have_places_of_their_own(stage: Stage) -> None:
    await open_ticket(stage)

    await stage.mia.submit(await ask(stage, stage.mia, "help"), {"What can we help with?": "Hi"})
    await stage.noor.submit(await ask(stage, stage.noor), ANSWERS)

    await until(lambda: states(stage) == ["open"] * 3)
    assert len(ticket_channels(stage)) == 3


async def test_after_closing_the_place_is_free_at_once(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await close(stage.mia, ticket)

    again = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)

    assert again.message is not None
    await again.message.changed(containing="Your ticket is open")


async def test_the_close_button_works_after_a_restart(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await stage.kill_and_restart()

    await close(stage.mia, ticket, "done")

    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    assert "done" in told.text
    await settled(stage, "closed")


async def test_modals_opened_before_a_restart_are_taken_after_it(stage: Stage) -> None:
    modal = await ask(stage, stage.mia)
    await stage.kill_and_restart()
    sent = await stage.mia.submit(modal, ANSWERS)
    assert sent.message is not None
    ticket = await opened(stage, sent.message)
    asked = await stage.sam.click(ticket.welcome, "Close ticket")
    assert asked.modal is not None
    await stage.kill_and_restart()

    await stage.sam.submit(asked.modal, {"Reason": "answered"})

    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    assert "answered" in told.text


async def test_a_channel_deleted_by_hand_frees_the_place_and_the_transcript_comes(
    stage: Stage,
) -> None:
    ticket = await open_ticket(stage)
    await stage.sam.say(ticket.channel, "one last thing")

    stage.scene.guild.delete_channel(ticket.channel)

    told = await stage.mia.wait_for_message("dm", containing="is closed")
    assert "because its channel was deleted" in told.text
    assert read_transcript(told).said_by("Sam") == ["one last thing"]
    await settled(stage, "closed")
    await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    await until(lambda: states(stage) == ["closed", "open"])


async def test_a_channel_deleted_while_the_bot_was_down_frees_the_place(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await stage.bot.kill()
    stage.scene.guild.delete_channel(ticket.channel)
    await stage.bot.start()

    modal = await ask(stage, stage.mia)
    await stage.mia.wait_for_message(
        "dm", containing="because its channel was deleted", timeout=RECOVERY_SECONDS
    )
    sent = await stage.mia.submit(modal, ANSWERS)

    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    assert len(in_dm(stage.mia, "is closed")) == 1


async def test_only_discords_own_word_means_that_a_channel_is_gone(stage: Stage) -> None:
    """The bot may not see the channel after the restart: that is no deletion."""
    ticket = await open_ticket(stage)
    await stage.bot.kill()
    stage.scene.discord.faults.add(
        method="GET", path=rf"/channels/{ticket.channel.id}$", status=403
    )
    stage.scene.guild.delete_channel(ticket.channel)
    stage.expect_error("job_failed")
    await stage.bot.start()

    await until(
        lambda: stage.rows(
            "SELECT 1 FROM jobs WHERE kind = 'ticket.check_channel' AND last_error IS NOT NULL"
        )
    )

    assert states(stage) == ["open"]
    assert in_dm(stage.mia, "is closed") == []


async def test_a_channel_deleted_while_it_opens_ends_in_words_and_a_free_place(
    stage: Stage,
) -> None:
    held = stage.scene.discord.faults.add(
        method="POST", path=r"/channels/\d+/messages$", hold=True, times=1
    )
    sent = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    channel = await until(lambda: next(iter(ticket_channels(stage)), None))
    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE channel_id IS NOT NULL"))

    stage.scene.guild.delete_channel(channel)
    held.remove()

    assert sent.message is not None
    await sent.message.changed(containing="was deleted")
    await settled(stage, "closed")
    again = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    assert again.message is not None
    await again.message.changed(containing="Your ticket is open")


async def test_a_channel_deleted_after_a_kill_while_it_opened_ends_in_the_same_words(
    stage: Stage,
) -> None:
    held = stage.scene.discord.faults.add(
        method="POST", path=r"/channels/\d+/messages$", hold=True, drop=True, times=1
    )
    sent = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE channel_id IS NOT NULL"))
    await stage.bot.kill()
    held.remove()
    [channel] = ticket_channels(stage)
    stage.scene.guild.delete_channel(channel)

    await stage.bot.start()

    assert sent.message is not None
    await sent.message.changed(containing="was deleted", timeout=RECOVERY_SECONDS)
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)


async def test_opening_goes_on_after_a_kill_right_after_the_submission(stage: Stage) -> None:
    stuck = stage.scene.discord.faults.add(
        method="POST", path=r"/guilds/\d+/channels$", hold=True, drop=True, times=1
    )
    sent = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    await until(lambda: stuck.struck)
    await stage.bot.kill()
    stuck.remove()
    # The next process goes on at once: it is still at it when she asks again.
    going_on = stage.scene.discord.faults.add(
        method="POST", path=r"/guilds/\d+/channels$", hold=True, times=1
    )
    await stage.bot.start()

    answer = await stage.mia.slash("ticket open", channel=stage.here, topic="billing")
    assert "being opened" in words_of(answer)
    going_on.remove()
    assert sent.message is not None
    await opened(stage, sent.message, seconds=RECOVERY_SECONDS)
    assert len(ticket_channels(stage)) == 1
