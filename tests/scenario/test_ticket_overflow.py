"""Where tickets go when their place is full, and tickets that are threads."""

from collections.abc import Mapping

from bot.sandbox.discord import Channel, Message
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    ANSWERS,
    OpenedTicket,
    ask,
    change_configuration,
    close,
    in_dm,
    may_not_make_threads,
    open_ticket,
    opened,
    settled,
    states,
    ticket_channels,
)

STORY = {"What can we help with?": "I do not need it any more"}


def threads(stage: Stage) -> list[Channel]:
    return [each for each in stage.scene.guild.threads if each.name.startswith("ticket-")]


def fill(stage: Stage, category: Channel) -> None:
    while len(stage.scene.guild.children(category)) < 50:
        stage.scene.guild.add_text_channel("old", category=category)


def fill_server(stage: Stage) -> None:
    while len(stage.scene.guild.channels) < 500:
        stage.scene.guild.add_text_channel("room")


async def with_configuration(stage: Stage, changes: Mapping[str, str]) -> None:
    """Start the bot anew with these changes of its file."""
    change_configuration(stage, changes)
    await stage.kill_and_restart()


async def in_thread(stage: Stage) -> OpenedTicket:
    """Noor opens a ticket of the topic whose tickets are threads."""
    sent = await stage.noor.submit(await ask(stage, stage.noor, "leaving"), STORY)
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    [thread] = threads(stage)
    welcome = await stage.noor.wait_for_message(thread, containing="Cancelling")
    return OpenedTicket(thread, welcome, sent.message)


async def screen_of_refusal(stage: Stage) -> Message:
    stage.expect_error("ticket_not_opened")
    sent = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    assert sent.message is not None
    await sent.message.changed(containing="could not be opened")
    assert states(stage) == ["failed"]
    assert ticket_channels(stage) == threads(stage) == []
    return sent.message


async def test_a_full_category_overflows_to_the_next_one_and_then_into_threads(
    stage: Stage,
) -> None:
    second = stage.scene.guild.add_category("More tickets")
    before = "[tickets]\n"
    await with_configuration(stage, {before: f"{before}overflow_categories = [{second.id}]\n"})
    fill(stage, stage.scene.tickets)

    ticket = await open_ticket(stage)
    assert ticket.channel.category is second
    assert ticket.channel in stage.sam.channels(stage.scene.guild)
    assert ticket.channel not in stage.noor.channels(stage.scene.guild)

    fill(stage, second)
    sent = await stage.noor.submit(await ask(stage, stage.noor), ANSWERS)
    assert sent.message is not None
    other = await opened(stage, sent.message, by=stage.noor)
    assert other.channel.is_private_thread
    assert other.channel.parent is stage.here
    assert other.channel not in stage.mia.channels(stage.scene.guild)
    assert [row["place"] for row in stage.rows("SELECT place FROM tickets ORDER BY number")] == [
        "channel",
        "thread",
    ]


async def test_a_thread_is_for_the_member_and_the_team_costs_four_calls_and_closes(
    stage: Stage,
) -> None:
    modal = await ask(stage, stage.noor, "leaving")
    stage.scene.discord.requests.clear()
    sent = await stage.noor.submit(modal, STORY)
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    log = f"/channels/{stage.scene.log.id}/messages"
    await until(lambda: [e for e in stage.scene.discord.requests.entries if e.path == log])
    calls = [e.path for e in stage.scene.discord.requests.entries if e.path != log]
    assert len(calls) <= 4, calls
    [thread] = threads(stage)
    welcome = await stage.noor.wait_for_message(thread, containing="Cancelling")
    ticket = OpenedTicket(thread, welcome, sent.message)

    guild = stage.scene.guild
    assert thread in stage.noor.channels(guild)
    assert thread in stage.sam.channels(guild)
    assert thread not in stage.mia.channels(guild)
    await stage.sam.say(thread, "May I ask why?")
    guild.archive_thread(thread)
    again = await stage.noor.slash("ticket open", channel=stage.here, topic="leaving")
    assert again.message is not None
    assert f"<#{thread.id}>" in again.message.text
    await stage.noor.say(thread, "It costs too much")
    note = await stage.sam.slash("note", channel=thread, text="She may get a discount")
    assert note.message is not None
    await note.message.changed(containing="Note written")
    [notes] = [each for each in guild.threads if each.name == "notes-0001"]
    assert notes.parent is stage.scene.log
    stage.scene.discord.requests.clear()

    await close(stage.sam, ticket, "Understood")

    told = await stage.noor.wait_for_message("dm", containing="is closed")
    page = told.attachments[0].data.decode()
    assert "May I ask why?" in page
    assert "It costs too much" in page
    assert "discount" not in page
    await settled(stage, "closed")
    await until(lambda: guild.threads == [])
    entries = stage.scene.discord.requests.entries
    calls = [each.path for each in entries if not each.path.endswith("/callback")]
    assert len(calls) <= 5, calls


async def test_a_thread_that_was_made_before_a_kill_is_adopted(stage: Stage) -> None:
    lost = stage.scene.discord.faults.add(
        method="POST", path=r"/channels/\d+/threads$", after_work=True, hold=True, times=1
    )
    await stage.noor.submit(await ask(stage, stage.noor, "leaving"), STORY)
    await until(lambda: lost.struck and threads(stage))
    await stage.bot.kill()
    lost.remove()
    await stage.bot.start()

    await until(lambda: states(stage) == ["open"], seconds=RECOVERY_SECONDS)

    [thread] = threads(stage)
    assert len(thread.messages) == 1
    assert in_dm(stage.noor, "is closed") == []


async def test_a_full_server_uses_threads_and_without_them_says_so(stage: Stage) -> None:
    fill_server(stage)
    ticket = await open_ticket(stage)
    assert ticket.channel.is_private_thread
    await close(stage.mia, ticket)
    await settled(stage, "closed")


async def test_without_room_and_without_the_permission_for_threads_both_are_told(
    stage: Stage,
) -> None:
    fill_server(stage)
    may_not_make_threads(stage)

    screen = await screen_of_refusal(stage)

    assert "500 channels" in screen.text
    assert "Create Private Threads" in screen.text
    assert "team@lumen.example" in screen.text


async def test_a_place_in_which_the_bot_may_not_write_does_not_stay(stage: Stage) -> None:
    """Private threads can be made without the right to write in one."""
    guild = stage.scene.guild
    for role in (guild.everyone, guild.bot_member.roles[-1]):
        role.permissions &= ~may.SEND_MESSAGES_IN_THREADS
        guild.announce_role_update(role)
    stage.expect_error("ticket_not_opened")

    sent = await stage.noor.submit(await ask(stage, stage.noor, "leaving"), STORY)

    assert sent.message is not None
    await sent.message.changed(containing="Send Messages in Threads")
    assert states(stage) == ["failed"]
    await until(lambda: threads(stage) == [])


async def test_a_topic_has_its_own_team_and_category(stage: Stage) -> None:
    guild = stage.scene.guild
    engineers, bugs = guild.add_role("Engineer"), guild.add_category("Bugs")
    guild.give_role(stage.max.user, engineers)
    before = 'id = "bug"\n'
    await with_configuration(
        stage,
        {before: f"{before}staff_role = {engineers.id}\ncategory = {bugs.id}\n"},
    )
    modal = await ask(stage, stage.mia, "bug")

    sent = await stage.mia.submit(
        modal, {"What happens?": "It crashes", "Your system": ["Linux"], "How often?": ["Once"]}
    )

    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    [channel] = ticket_channels(stage)
    assert channel.category is bugs
    welcome = await stage.max.wait_for_message(channel, containing="Report a bug")
    assert welcome.mention_roles == [engineers.id]
    assert channel not in stage.sam.channels(guild)
    refused = await stage.max.click(welcome, "Close ticket")
    assert refused.modal is not None
