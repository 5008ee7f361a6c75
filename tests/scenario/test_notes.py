"""Internal notes: the member's side of a ticket never reads them, and none of them is lost."""

import pytest

from bot.sandbox.discord import Channel, Interaction, Message, overwrite_for_member
from bot.sandbox.discord import permissions as may
from bot.sandbox.discord.users import MEMBERS_LIMITED
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_ticket_overflow import in_thread
from tests.scenario.ticketing import (
    OpenedTicket,
    close,
    open_ticket,
    read_transcript,
    settled,
)

HISTORY = "/messages"


async def written(stage: Stage, ticket: OpenedTicket, note: str) -> Channel:
    """Sam writes a note, and is in the thread with it."""
    asked = await stage.sam.slash("note", channel=ticket.channel, text=note)
    assert asked.message is not None
    await asked.message.changed(containing="Note written")
    [thread] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    await jobs_done(stage)
    return thread


@pytest.mark.parametrize("note", ["[see_this] " * 270, "[_]" * 900, "a\n" * 1_400])
async def test_a_long_note_is_written_whole(stage: Stage, note: str) -> None:
    """Quoted, it takes more room than one message has."""
    ticket = await open_ticket(stage)

    thread = await written(stage, ticket, note)

    shown = [each.text for each in stage.sam.messages(thread) if "**Note**" in each.text]
    assert len(shown) > 1
    for sign in ("see", "_", "a"):
        assert sum(each.count(sign) for each in shown) >= note.count(sign)


async def test_a_note_that_cannot_be_written_is_given_back(stage: Stage) -> None:
    """Sam reads why, and has the text still."""
    ticket = await open_ticket(stage)
    await written(stage, ticket, "Charged twice indeed")
    stage.expect_error("message_refused")
    [thread] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    posting = rf"/channels/{thread.id}/messages"
    for status, why in ((400, "Discord does not take"), (403, "Send Messages in Threads")):
        stage.scene.discord.faults.add(method="POST", path=posting, status=status, times=1)

        asked = await stage.sam.slash("note", channel=ticket.channel, text="A *second* note")

        assert asked.message is not None
        await asked.message.changed(containing=why)
        assert "A *second* note" in asked.message.text


def histories(stage: Stage) -> list[str]:
    """Whose messages the bot has asked for."""
    entries = stage.scene.discord.requests.entries
    return [each.path for each in entries if each.method == "GET" and HISTORY in each.path]


async def test_notes_from_before_a_kill_are_in_the_teams_transcript(stage: Stage) -> None:
    """The ticket was closing already. Of its own channel, where nothing is missing, nothing is
    read."""
    ticket = await open_ticket(stage)
    thread = await written(stage, ticket, "Charged twice indeed")
    held = stage.scene.discord.faults.add(
        method="POST", path=r"/users/@me/channels", hold=True, drop=True, times=1
    )
    await close(stage.mia, ticket)
    await until(lambda: held.struck)
    await stage.bot.kill()
    held.remove()
    await stage.sam.say(thread, "Do not refund it twice")
    stage.scene.discord.requests.clear()
    await stage.bot.start()
    await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    await settled(stage, "closed")

    assert histories(stage) == [f"/channels/{thread.id}/messages"]
    shown = await stage.sam.slash("ticket transcript", channel=stage.here, number=1)
    transcript = read_transcript(await shown.settled(timeout=20))
    assert transcript.said_by("Sam") == ["Do not refund it twice"]


async def test_closing_with_notes_reads_no_history(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    thread = await written(stage, ticket, "Charged twice indeed")
    await stage.sam.say(thread, "I will refund it")
    await stage.mia.say(ticket.channel, "Thank you")
    await until(lambda: stage.rows("SELECT 1 FROM ticket_messages WHERE content = 'Thank you'"))
    stage.scene.discord.requests.clear()

    await close(stage.mia, ticket)

    await settled(stage, "closed")
    entries = [each for each in stage.scene.discord.requests.entries if each.route]
    rest = [each for each in entries if not each.path.startswith(("/webhooks", "/interactions"))]
    assert len(rest) <= 5
    assert not [each for each in rest if each.method == "GET"]


async def noors_ticket(stage: Stage) -> OpenedTicket:
    """Noor asked for help, and answers tickets herself since: in a team that manages threads."""
    ticket = await open_ticket(stage, by=stage.noor)
    stage.scene.support.permissions |= may.MANAGE_THREADS
    stage.scene.guild.announce_role_update(stage.scene.support)
    stage.scene.guild.give_role(stage.noor.user, stage.scene.support)
    return ticket


def said(answer: Interaction) -> str:
    assert answer.message is not None
    return answer.message.text


async def test_who_opened_a_ticket_never_comes_to_its_notes(stage: Stage) -> None:
    """Not by the button, nor by the command, nor by a mention of her role, nor by hand."""
    ticket = await noors_ticket(stage)
    thread = await written(stage, ticket, "She was charged twice")

    assert "are not for you" in said(await stage.noor.click(ticket.welcome, "Notes"))
    noted = await stage.noor.slash("note", channel=ticket.channel, text="What do you write?")
    assert "are not for you" in said(noted)
    assert stage.noor.messages(thread) == []

    await stage.sam.say(thread, f"{stage.scene.support.mention}, please look")
    await stage.sam.wait_for_message(thread, containing="taken out again")
    assert stage.noor.messages(thread) == []
    stage.scene.guild.add_to_thread(thread, stage.noor.user)
    await until(lambda: len(warnings(stage, thread)) == 2)
    assert stage.noor.messages(thread) == []
    await jobs_done(stage)
    assert len(warnings(stage, thread)) == 2
    assert stage.sam.messages(thread)


async def test_a_mention_lets_nobody_of_them_stay_without_the_members_intent(
    stage: Stage,
) -> None:
    """Then Discord does not tell who comes into a thread; by whom, and how, is in the message."""
    stage.scene.discord.application.flags &= ~MEMBERS_LIMITED
    await stage.kill_and_restart()
    ticket = await noors_ticket(stage)
    thread = await written(stage, ticket, "She was charged twice")
    await stage.sam.say(thread, f"{stage.scene.support.mention}, please look")
    await until(lambda: len(warnings(stage, thread)) == 1)
    assert stage.noor.messages(thread) == []

    await stage.sam.say(thread, f"<@{stage.noor.user.id}>, please look")

    await until(lambda: len(warnings(stage, thread)) == 2)
    assert stage.noor.messages(thread) == []


def warnings(stage: Stage, thread: Channel) -> list[Message]:
    return [each for each in stage.sam.messages(thread) if "taken out again" in each.text]


async def test_who_is_added_to_a_ticket_leaves_its_notes(stage: Stage) -> None:
    """Noor answered tickets until yesterday, and is asked as a customer today."""
    guild = stage.scene.guild
    guild.give_role(stage.noor.user, stage.scene.support)
    ticket = await open_ticket(stage)
    thread = await written(stage, ticket, "Noor knows him")
    shown = await stage.noor.click(ticket.welcome, "Notes")
    assert shown.message is not None
    await shown.message.changed(containing="the member cannot see")
    assert stage.noor.messages(thread)
    guild.take_role(stage.noor.user, stage.scene.support)

    await stage.sam.slash("ticket add", channel=ticket.channel, member=stage.noor.user)

    await stage.noor.wait_for_message(ticket.channel, containing="was added to this ticket")
    await until(lambda: not stage.noor.messages(thread))


async def test_the_log_has_no_notes_and_leads_each_reader_to_their_own_copy(stage: Stage) -> None:
    """Noor reads the log as everybody of the team does."""
    ticket = await noors_ticket(stage)
    await stage.sam.say(await written(stage, ticket, "x"), "She was charged twice")
    await stage.noor.say(ticket.channel, "What happened?")
    await close(stage.sam, ticket)

    logged = await stage.noor.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")

    assert read_transcript(logged).said_by("Noor") == ["What happened?"]
    assert read_transcript(logged).said_by("Sam") == []
    sams = await (await stage.sam.click(logged, "The team's copy")).settled(timeout=20)
    noors = await (await stage.noor.click(logged, "The team's copy")).settled(timeout=20)
    assert read_transcript(sams).said_by("Sam") == ["She was charged twice"]
    assert read_transcript(noors).said_by("Sam") == []


async def test_whoever_has_a_ticket_of_their_own_is_not_called_into_its_notes(
    stage: Stage,
) -> None:
    """She has had it since before that was refused. The log calls her, and not the notes."""
    ticket = await noors_ticket(stage)
    thread = await written(stage, ticket, "She was charged twice")
    change_store(stage, "UPDATE tickets SET assignee_id = ?", int(stage.noor.user.id))
    snoozed = await stage.sam.slash("snooze", channel=ticket.channel, until="1d")
    assert "Snoozed until" in said(snoozed)
    await stage.bot.stop()
    change_store(stage, "UPDATE tickets SET snoozed_until = snoozed_until - 86400000")
    change_store(
        stage,
        "UPDATE jobs SET run_at = run_at - 86400000, payload = json_set(payload, '$.until', "
        "json_extract(payload, '$.until') - 86400000) WHERE kind = 'desk.snooze_over'",
    )
    await stage.bot.start()

    told = await stage.noor.wait_for_message(stage.scene.log, containing="is over")

    assert told.mentions == [stage.noor.user]
    assert stage.noor.messages(thread) == []


async def test_who_does_not_see_where_the_notes_hang_is_told_so(stage: Stage) -> None:
    """Those of a thread hang on the log channel. The note is written all the same."""
    ticket = await in_thread(stage)
    log = stage.scene.log
    unseen = overwrite_for_member(stage.sam.user, deny=may.VIEW_CHANNEL)
    log.overwrites = {**log.overwrites, unseen.target_id: unseen}
    stage.scene.guild.announce_channel_update(log)

    asked = await stage.sam.slash("note", channel=ticket.channel, text="The third one today")
    assert asked.message is not None
    await asked.message.changed(containing="Note written")

    assert "does not let you into" in asked.message.text
    shown = await stage.sam.click(ticket.welcome, "Notes")
    assert shown.message is not None
    await shown.message.changed(containing="does not let you into")
    await jobs_done(stage)
    [thread] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    assert any("The third one today" in each.text for each in thread.messages)
