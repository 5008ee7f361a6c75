"""After closing: the member comes back, says what the help was worth; people come and go."""

from bot.sandbox.discord import Message, Persona
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_ticket_overflow import in_thread
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


async def answered_and_closed(stage: Stage) -> Message:
    """Sam answers and closes; this is what Mia gets."""
    ticket = await open_ticket(stage)
    await stage.sam.say(ticket.channel, "Refunded today")
    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE first_reply_at IS NOT NULL"))
    await close(stage.sam, ticket, "Refunded")
    await settled(stage, "closed")
    return await stage.mia.wait_for_message("dm", containing="is closed")


async def reopened(stage: Stage, told: Message) -> OpenedTicket:
    """Mia presses Reopen in her closing message."""
    answer = await stage.mia.click(told, "Reopen ticket")
    assert answer.message is not None
    return await opened(stage, answer.message)


def said_in(person: Persona, ticket: OpenedTicket) -> str:
    return "\n".join(message.text for message in person.messages(ticket.channel))


async def test_a_member_reopens_and_the_same_ticket_goes_on(stage: Stage) -> None:
    told = await answered_and_closed(stage)
    first = stage.rows("SELECT id, number FROM tickets")
    stage.scene.discord.requests.clear()

    ticket = await reopened(stage, told)

    await jobs_done(stage)
    log = stage.scene.log
    calls = [
        entry.path
        for entry in stage.scene.discord.requests.entries
        if not entry.path.endswith("/callback") and f"/channels/{log.id}/" not in entry.path
    ]
    assert len(calls) <= 5, calls  # whether she is a member, channel, welcome, screen, finding
    assert [tuple(row) for row in stage.rows("SELECT id, number FROM tickets")] == [
        tuple(row) for row in first
    ]
    assert "was reopened" in ticket.welcome.text
    await stage.sam.wait_for_message(log, containing="Ticket 0001 reopened")
    await stage.mia.say(ticket.channel, "It is not there yet")
    closing = await close(stage.mia, ticket, "Now it is")
    assert closing.message is not None
    again = await stage.mia.wait_for_message("dm", containing="Now it is")
    transcript = read_transcript(again)
    assert transcript.said_by("Sam") == ["Refunded today"]
    assert transcript.said_by("Mia") == ["It is not there yet"]
    assert [button.label for button in again.buttons if button.label == "5"] == []
    await settled(stage, "closed")


async def test_a_thread_is_opened_again_where_it_was_from_the_direct_message(stage: Stage) -> None:
    """Which channel it hung on is known, though nobody asks there now."""
    ticket = await in_thread(stage)
    await close(stage.noor, ticket)
    await settled(stage, "closed")
    told = await stage.noor.wait_for_message("dm", containing="is closed")

    answer = await stage.noor.click(told, "Reopen ticket")

    assert answer.message is not None
    await answer.message.changed(containing="Your ticket is open")
    [again] = [each for each in stage.scene.guild.threads if each.name == "ticket-0001"]
    assert again.parent is stage.here


async def test_the_team_reopens_by_number_and_strangers_cannot(stage: Stage) -> None:
    told = await answered_and_closed(stage)
    refused = await stage.noor.slash("ticket reopen", channel=stage.here, number=1)
    assert refused.message is not None
    assert "You may not do this" in refused.message.text

    answer = await stage.sam.slash("ticket reopen", channel=stage.here, number=1)

    assert answer.message is not None
    await answer.message.changed(containing="is open")
    late = await stage.mia.click(told, "Reopen ticket")
    assert late.message is not None
    [channel] = ticket_channels(stage)
    assert f"<#{channel.id}>" in late.message.text
    entries = [row["action"] for row in stage.rows("SELECT action FROM audit_log ORDER BY id")]
    assert entries[-3:] == ["ticket.closed", "ticket.member_link_made", "ticket.reopened"]


async def test_a_new_ticket_has_the_place_and_whoever_left_cannot_come_back(
    stage: Stage,
) -> None:
    told = await answered_and_closed(stage)
    sent = await stage.mia.submit(await ask(stage, stage.mia), ANSWERS)
    assert sent.message is not None
    newer = await opened(stage, sent.message)

    answer = await stage.mia.click(told, "Reopen ticket")

    assert answer.message is not None
    assert f"<#{newer.channel.id}>" in answer.message.text
    stage.scene.guild.remove_member(stage.mia.user)
    refused = await stage.sam.slash("ticket reopen", channel=stage.here, number=1)
    assert refused.message is not None
    assert "not in the server" in refused.message.text
    assert states(stage) == ["closed", "open"]


async def test_a_rating_is_one_click_and_words_are_optional(stage: Stage) -> None:
    told = await answered_and_closed(stage)

    thanks = await stage.mia.click(told, "2")
    assert thanks.message is not None
    assert "You gave 2 of 5" in thanks.message.text
    changed = await stage.mia.click(told, "4")
    assert changed.message is not None
    asked = await stage.mia.click(changed.message, "Add a few words")
    assert asked.modal is not None
    await stage.mia.submit(asked.modal, {"What was good, what was bad?": "**Fast** @everyone"})

    entry = await stage.sam.wait_for_message(stage.scene.log, containing="Fast")
    assert "Ticket 0001 rated 4 of 5" in entry.text
    assert "\\*\\*Fast" in entry.text
    assert not entry.mention_everyone
    [row] = stage.rows("SELECT rating, rating_comment FROM tickets")
    assert (row["rating"], row["rating_comment"]) == (4, "**Fast** @everyone")


async def test_without_an_answer_of_a_person_nobody_is_asked(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await close(stage.mia, ticket)

    told = await stage.mia.wait_for_message("dm", containing="is closed")

    assert [button.label for button in told.buttons] == ["Reopen ticket"]


async def test_the_team_lets_somebody_in_and_takes_them_out(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    refused = await stage.mia.slash("ticket add", channel=ticket.channel, member=stage.noor.user)
    assert refused.message is not None
    assert "You may not do this" in refused.message.text

    answer = await stage.sam.slash("ticket add", channel=ticket.channel, member=stage.noor.user)

    assert answer.message is not None
    await answer.message.changed(containing="was added to this ticket")
    note = await stage.noor.wait_for_message(ticket.channel, containing="was added to this ticket")
    assert note.mentions == [stage.noor.user]
    await stage.noor.say(ticket.channel, "I can help")
    closing = await stage.noor.click(ticket.welcome, "Close ticket")
    assert closing.modal is None
    out = await stage.sam.slash("ticket remove", channel=ticket.channel, member=stage.noor.user)
    assert out.message is not None
    await out.message.changed(containing="was taken out")
    assert ticket.channel not in stage.noor.channels(stage.scene.guild)
    assert stage.rows("SELECT 1 FROM ticket_people") == []


async def test_who_was_added_is_in_the_reopened_channel_too(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    added = await stage.sam.slash("ticket add", channel=ticket.channel, member=stage.noor.user)
    assert added.message is not None
    await added.message.changed(containing="was added")
    await close(stage.sam, ticket)
    await settled(stage, "closed")

    again = await reopened(stage, await stage.mia.wait_for_message("dm", containing="is closed"))

    assert again.channel in stage.noor.channels(stage.scene.guild)


async def test_without_manage_permissions_nobody_is_told_that_it_was_done(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions &= ~may.MANAGE_ROLES
    stage.scene.guild.announce_role_update(role)
    stage.expect_error("ticket_person_refused")

    answer = await stage.sam.slash("ticket add", channel=ticket.channel, member=stage.noor.user)

    assert answer.message is not None
    await answer.message.changed(containing="was not added")
    assert "Manage Permissions" in answer.message.text
    await until(lambda: stage.rows("SELECT 1 FROM ticket_people") == [])
    assert "was added" not in said_in(stage.sam, ticket)


async def test_who_has_left_by_the_time_they_are_added_is_not_added(stage: Stage) -> None:
    """Discord lets nobody from outside into a thread; Sam hears of it, and the ticket goes on."""
    ticket = await in_thread(stage)
    held = stage.scene.discord.faults.add(method="PUT", path="/thread-members/", hold=True, times=1)
    answer = await stage.sam.slash("ticket add", channel=ticket.channel, member=stage.mia.user)
    await until(lambda: held.struck)
    stage.scene.guild.remove_member(stage.mia.user)
    held.remove()

    assert answer.message is not None
    await answer.message.changed(containing="was not added")

    assert "left the server" in answer.message.text
    await jobs_done(stage)
    assert stage.rows("SELECT 1 FROM ticket_people") == []
    assert "was added" not in said_in(stage.sam, ticket)


async def test_an_opener_who_is_banned_is_noted_and_the_ticket_closes(stage: Stage) -> None:
    ticket = await open_ticket(stage)

    stage.scene.guild.ban_member(stage.mia.user)

    note = await stage.sam.wait_for_message(ticket.channel, containing="has left the server")
    assert note.mentions == []
    await close(stage.sam, ticket)
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert "could not be reached" in log.text
    await settled(stage, "closed")
    assert ticket_channels(stage) == []
    assert in_dm(stage.mia, "is closed") == []


async def test_a_deleted_support_role_leaves_the_ticket_to_the_moderators(stage: Stage) -> None:
    stage.scene.guild.delete_role(stage.scene.support)

    ticket = await open_ticket(stage)

    guild = stage.scene.guild
    assert ticket.channel in stage.max.channels(guild)
    assert ticket.channel not in stage.noor.channels(guild)
    entry = await stage.max.wait_for_message(stage.scene.log, containing="Ticket 0001 opened")
    assert "was deleted" in entry.text
    await close(stage.max, ticket)
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
