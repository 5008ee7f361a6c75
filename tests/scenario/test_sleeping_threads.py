"""Tickets whose thread Discord has put away: they cost nothing when the bot comes back."""

from bot.sandbox.discord import Channel
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_ticket_overflow import in_thread
from tests.scenario.test_ticket_transcripts import stored
from tests.scenario.ticketing import OpenedTicket, close, in_dm, read_transcript, states

LOOKS = "SELECT run_at FROM jobs WHERE kind = 'ticket.look' AND done_at IS NULL"


def asked_about(stage: Stage, channel: Channel) -> list[str]:
    """What the bot has asked of Discord about a channel."""
    path = f"/channels/{channel.id}"
    entries = stage.scene.discord.requests.entries
    return [each.path for each in entries if each.method == "GET" and each.path.startswith(path)]


async def time_passes(stage: Stage) -> None:
    """Until the bot has looked at every thread that slept."""
    change_store(stage, "UPDATE jobs SET run_at = 0 WHERE kind = 'ticket.look'")
    await until(lambda: not stage.rows(LOOKS), seconds=RECOVERY_SECONDS)


async def come_back(stage: Stage, ticket: OpenedTicket) -> None:
    """The bot starts, and has done what there is to do now."""
    stage.scene.discord.requests.clear()
    await stage.bot.start()
    await until(lambda: stage.rows(LOOKS))
    await jobs_done(stage)
    assert asked_about(stage, ticket.channel) == []


async def sleeping(stage: Stage) -> OpenedTicket:
    """Noor's ticket is a thread that sleeps, and all that was said in it is stored."""
    ticket = await in_thread(stage)
    await stage.noor.say(ticket.channel, "It costs too much")
    await until(lambda: "It costs too much" in stored(stage))
    await jobs_done(stage)
    stage.scene.guild.archive_thread(ticket.channel)
    await stage.bot.kill()
    return ticket


async def test_a_start_asks_nothing_about_threads_that_sleep(stage: Stage) -> None:
    """However often it starts, each is looked at once, and nothing of that is left behind."""
    ticket = await sleeping(stage)

    await come_back(stage, ticket)
    await stage.bot.kill()
    await come_back(stage, ticket)

    assert len(stage.rows(LOOKS)) == 1
    await time_passes(stage)
    assert asked_about(stage, ticket.channel) == [f"/channels/{ticket.channel.id}"]
    assert stage.rows("SELECT 1 FROM jobs WHERE kind = 'ticket.look'") == []
    assert states(stage) == ["open"]


async def test_a_sleeping_thread_that_was_deleted_meanwhile_is_found_in_the_end(
    stage: Stage,
) -> None:
    ticket = await sleeping(stage)
    stage.scene.guild.delete_channel(ticket.channel)
    await come_back(stage, ticket)
    assert states(stage) == ["open"]

    await time_passes(stage)

    told = await stage.noor.wait_for_message("dm", containing="because its channel was deleted")
    assert read_transcript(told).said_by("Noor") == ["It costs too much"]


async def test_a_thread_that_nobody_lets_the_bot_see_is_not_gone(stage: Stage) -> None:
    ticket = await sleeping(stage)
    refused = stage.scene.discord.faults.add(
        method="GET", path=rf"/channels/{ticket.channel.id}$", status=403
    )
    await come_back(stage, ticket)

    await time_passes(stage)

    assert refused.struck
    assert states(stage) == ["open"]
    assert in_dm(stage.noor, "is closed") == []


async def test_what_was_said_before_a_thread_went_to_sleep_is_fetched(stage: Stage) -> None:
    ticket = await sleeping(stage)
    await stage.noor.say(ticket.channel, "And I am never at home")
    stage.scene.guild.archive_thread(ticket.channel)
    await come_back(stage, ticket)
    assert stored(stage) == ["It costs too much"]

    await time_passes(stage)

    await until(lambda: stored(stage) == ["It costs too much", "And I am never at home"])
    assert stage.rows("SELECT 1 FROM tickets WHERE waiting_since IS NOT NULL")


async def test_a_thread_that_wakes_up_is_looked_at_before_it_goes_on(stage: Stage) -> None:
    """What is said now must not hide the gap before it."""
    ticket = await sleeping(stage)
    await stage.sam.say(ticket.channel, "May I ask for how long?")
    stage.scene.guild.archive_thread(ticket.channel)
    await come_back(stage, ticket)

    await stage.noor.say(ticket.channel, "For a year")

    await until(lambda: len(stored(stage)) == 3)
    assert stored(stage) == ["It costs too much", "May I ask for how long?", "For a year"]
    await until(lambda: not stage.rows(LOOKS))
    await close(stage.noor, ticket)
    told = await stage.noor.wait_for_message("dm", containing="is closed")
    assert read_transcript(told).said_by("Sam") == ["May I ask for how long?"]


async def test_a_ticket_that_is_closed_before_its_thread_was_looked_at_loses_nothing(
    stage: Stage,
) -> None:
    ticket = await sleeping(stage)
    await stage.noor.say(ticket.channel, "And I am never at home")
    stage.scene.guild.archive_thread(ticket.channel)
    await come_back(stage, ticket)

    await close(stage.sam, ticket)

    told = await stage.noor.wait_for_message("dm", containing="is closed")
    said = ["It costs too much", "And I am never at home"]
    assert read_transcript(told).said_by("Noor") == said


async def test_notes_that_sleep_are_looked_at_too(stage: Stage) -> None:
    ticket = await in_thread(stage)
    written = await stage.sam.slash("note", channel=ticket.channel, text="A regular")
    assert written.message is not None
    await written.message.changed(containing="Note written")
    [notes] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    await jobs_done(stage)
    await stage.bot.kill()
    await stage.sam.say(notes, "She was here last year, too")
    for thread in (notes, ticket.channel):
        stage.scene.guild.archive_thread(thread)
    await come_back(stage, ticket)
    assert "She was here last year, too" not in stored(stage)

    await time_passes(stage)

    await until(lambda: "She was here last year, too" in stored(stage))


async def test_a_channel_that_is_deleted_takes_its_sleeping_threads_with_it(stage: Stage) -> None:
    """Discord tells of the channel, and of none of its threads."""
    ticket = await in_thread(stage)
    await jobs_done(stage)
    stage.scene.guild.archive_thread(ticket.channel)
    parent = ticket.channel.parent
    assert parent is not None

    stage.scene.guild.delete_channel(parent)

    await until(lambda: stage.rows(LOOKS))
    await time_passes(stage)
    await stage.noor.wait_for_message("dm", containing="because its channel was deleted")
