"""What people change in a ticket while nobody listens, or while the store takes nothing (S21)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import change_store, everything_stored, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_sleeping_threads import asked_about, come_back, sleeping
from tests.scenario.test_ticket_transcripts import stored
from tests.scenario.ticketing import close, open_ticket, read_transcript, transcript_of

CARD = "4242 4242 4242 4242"
HISTORY = may.READ_MESSAGE_HISTORY


@contextmanager
def busy_store(stage: Stage) -> Iterator[None]:
    """Somebody else writes into the store all the time."""
    path = stage.bot.environment["DATABASE_URL"].removeprefix("sqlite:///")
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def half_a_minute_passes(stage: Stage) -> None:
    """Until the bot looks for what was changed where people have talked of late."""
    waiting = "SELECT 1 FROM jobs WHERE kind = 'ticket.look_back'"
    await until(lambda: stage.rows(waiting))
    change_store(stage, "UPDATE jobs SET run_at = 0 WHERE kind = 'ticket.look_back'")
    await until(lambda: not stage.rows(waiting), seconds=RECOVERY_SECONDS)


async def test_s21_a_card_edited_into_an_old_message_while_the_bot_was_away_goes(
    stage: Stage,
) -> None:
    """Without another word in the ticket; and what Mia took back meanwhile is hers to take."""
    ticket = await open_ticket(stage)
    changed = await stage.mia.say(ticket.channel, "One moment")
    regretted = await stage.mia.say(ticket.channel, "I regret this")
    kept = await stage.mia.say(ticket.channel, "And this stays")
    await until(lambda: len(stored(stage)) == 3)
    await stage.bot.kill()
    await stage.mia.edit(changed, f"My card is {CARD}")
    await stage.mia.delete(regretted)

    await stage.bot.start()
    await half_a_minute_passes(stage)

    await stage.mia.wait_for_message(ticket.channel, containing="I removed your message")
    assert changed.deleted
    assert not kept.deleted
    assert CARD not in everything_stored(stage)
    transcript = await transcript_of(stage, ticket)
    assert transcript.said_by("Mia") == ["My card is [removed]", "And this stays"]


async def test_what_was_missed_in_a_ticket_is_looked_for_once(stage: Stage) -> None:
    """After that every word costs nothing, until the next time that nobody listens."""
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "before")
    await until(lambda: "before" in stored(stage))
    await jobs_done(stage)
    stage.scene.discord.requests.clear()
    await stage.kill_and_restart()
    await jobs_done(stage)
    assert asked_about(stage, ticket.channel) == []
    await half_a_minute_passes(stage)
    assert len(asked_about(stage, ticket.channel)) == 1
    stage.scene.discord.requests.clear()

    await stage.mia.say(ticket.channel, "after")
    await until(lambda: "after" in stored(stage))
    await close(stage.mia, ticket)
    await stage.mia.wait_for_message("dm", containing="is closed")

    assert asked_about(stage, ticket.channel) == []
    assert stage.rows("SELECT 1 FROM jobs WHERE kind = 'ticket.look_back'") == []


async def test_s21_a_thread_that_slept_is_looked_at_when_somebody_goes_on_in_it(
    stage: Stage,
) -> None:
    ticket = await sleeping(stage)
    [said] = [each for each in ticket.channel.messages if each.content == "It costs too much"]
    await stage.noor.edit(said, f"Take it back to {CARD}")
    stage.scene.guild.archive_thread(ticket.channel)
    await come_back(stage, ticket)
    assert not said.deleted

    await stage.noor.say(ticket.channel, "Are you there?")

    await until(lambda: said.deleted)


async def test_closing_looks_for_what_was_taken_back_while_nobody_listened(stage: Stage) -> None:
    ticket = await sleeping(stage)
    [said] = [each for each in ticket.channel.messages if each.content == "It costs too much"]
    await stage.noor.delete(said)
    stage.scene.guild.archive_thread(ticket.channel)
    await come_back(stage, ticket)

    await close(stage.sam, ticket)

    told = await stage.noor.wait_for_message("dm", containing="is closed")
    assert read_transcript(told).said_by("Noor") == []


async def test_where_the_bot_may_not_read_back_nothing_counts_as_taken_back(stage: Stage) -> None:
    """Discord shows no messages then, and does not say why."""
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "please keep this")
    await until(lambda: "please keep this" in stored(stage))
    await stage.bot.kill()
    own = ticket.channel.overwrites[stage.scene.guild.bot_member.id]
    hidden = replace(own, allow=own.allow & ~HISTORY, deny=own.deny | HISTORY)
    ticket.channel.overwrites = {**ticket.channel.overwrites, own.target_id: hidden}
    stage.scene.discord.requests.clear()
    await stage.bot.start()
    await half_a_minute_passes(stage)
    assert asked_about(stage, ticket.channel)

    transcript = await transcript_of(stage, ticket)

    assert transcript.said_by("Mia") == ["please keep this"]


async def test_edits_and_deletions_wait_in_order_while_the_store_is_busy(stage: Stage) -> None:
    """As new messages do: the card goes, and what Mia took back is taken back."""
    stage.expect_error("messages_not_stored")
    stage.expect_error("store_unreachable")
    ticket = await open_ticket(stage)
    changed = await stage.mia.say(ticket.channel, "One moment")
    regretted = await stage.mia.say(ticket.channel, "I regret this")
    await until(lambda: len(stored(stage)) == 2)
    await jobs_done(stage)

    with busy_store(stage):
        await stage.mia.edit(changed, f"My card is {CARD}")
        hasty = await stage.mia.say(ticket.channel, "Too hasty")
        await stage.mia.delete(regretted)
        await stage.mia.delete(hasty)
        failed = ("messages_not_stored", "listener_failed")
        await until(
            lambda: [each for each in failed if each in stage.bot.log_tail(100_000)], seconds=40
        )

    await until(lambda: changed.deleted, seconds=20)
    gone = "SELECT 1 FROM ticket_messages WHERE deleted_at IS NOT NULL AND NOT from_bot"
    await until(lambda: len(stage.rows(gone)) == 3, seconds=20)
