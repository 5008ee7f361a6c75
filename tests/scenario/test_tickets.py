"""Mia talks to Sam in private: /ticket from the first question to the transcript (S31)."""

import asyncio

from bot.sandbox.discord import overwrite_for_member
from bot.sandbox.discord import permissions as may
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    ANSWERS,
    EMAIL,
    REFERENCE,
    STORY,
    ask,
    close,
    in_dm,
    open_ticket,
    read_transcript,
    settled,
    states,
    ticket_channels,
)


async def test_s31_a_billing_ticket_asks_for_address_story_and_payment(stage: Stage) -> None:
    modal = await ask(stage, stage.mia, "billing")

    assert modal.title == "Billing and payments"
    assert [(field.label, field.required) for field in modal.fields] == [
        (EMAIL, True),
        (STORY, True),
        (REFERENCE, False),
    ]
    assert "Never a card number" in (modal.field(REFERENCE).description or "")


async def test_each_topic_asks_its_own_questions(stage: Stage) -> None:
    modal = await ask(stage, stage.mia, "help")

    assert [field.label for field in modal.fields] == ["What can we help with?"]


async def test_the_channel_is_for_the_member_and_the_team_alone(stage: Stage) -> None:
    ticket = await open_ticket(stage)

    guild = stage.scene.guild
    assert ticket.channel in stage.mia.channels(guild)
    assert ticket.channel in stage.sam.channels(guild)
    assert ticket.channel not in stage.noor.channels(guild)
    assert ticket.channel.category is stage.scene.tickets
    for answer in ANSWERS.values():
        assert answer in ticket.welcome.text.replace("\\", "")
    assert stage.mia.user in ticket.welcome.mentions
    assert ticket.welcome.mention_roles == [stage.scene.support.id]
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 opened")
    assert "charged twice" not in log.text


async def test_member_and_support_talk_and_the_member_closes(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await stage.sam.say(ticket.channel, "Which payment is it?")
    await stage.mia.say(ticket.channel, "The one of Monday")

    closed = await close(stage.mia, ticket, "Solved, thank you")

    assert closed.message is not None
    assert "Ticket closed" in closed.message.text
    told = await stage.mia.wait_for_message("dm", containing="Ticket 0001 is closed")
    assert "closed by you" in told.text
    assert "Solved, thank you" in told.text
    transcript = read_transcript(told)
    assert transcript.said_by("Sam") == ["Which payment is it?"]
    assert transcript.said_by("Mia") == ["The one of Monday"]
    assert "Solved, thank you" in transcript.head
    assert "I was charged twice" in transcript.answers.values()
    await settled(stage, "closed")
    assert ticket_channels(stage) == []
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert read_transcript(log).said_by("Sam") == ["Which payment is it?"]


async def test_support_closes_with_a_reason_that_the_member_reads(stage: Stage) -> None:
    ticket = await open_ticket(stage)

    await close(stage.sam, ticket, "Refunded **today**")

    told = await stage.mia.wait_for_message("dm", containing="Ticket 0001 is closed")
    assert "closed by the team" in told.text
    assert "Refunded \\*\\*today\\*\\*" in told.text
    await settled(stage, "closed")
    [row] = stage.rows("SELECT closed_by, close_reason FROM tickets")
    assert row["closed_by"] == int(stage.sam.user.id)
    [entry] = stage.rows("SELECT * FROM audit_log WHERE action = 'ticket.closed'")
    assert entry["actor_id"] == int(stage.sam.user.id)


async def test_no_reason_is_needed(stage: Stage) -> None:
    ticket = await open_ticket(stage)

    await close(stage.mia, ticket)

    told = await stage.mia.wait_for_message("dm", containing="Ticket 0001 is closed")
    assert "Reason" not in told.text


async def test_a_member_without_direct_messages_does_not_block_the_closing(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    stage.mia.accepts_dms = False

    await close(stage.sam, ticket)

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert "no transcript was sent" in log.text
    assert log.attachments
    await settled(stage, "closed")


async def test_a_linked_member_without_direct_messages_gets_the_transcript_by_mail(
    stage: Stage,
) -> None:
    await stage.link_mia()
    ticket = await open_ticket(stage)
    stage.mia.accepts_dms = False
    await stage.sam.say(ticket.channel, "It works again.")

    await close(stage.sam, ticket)

    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="is closed")
    [page] = mail.attachments
    assert page.filename == f"{ticket.channel.name}.html"
    assert b"It works again." in page.content
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 closed")
    assert "no transcript was sent" not in log.text


async def test_an_opener_who_left_does_not_block_the_closing(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    stage.scene.guild.remove_member(stage.mia.user)

    await close(stage.sam, ticket)

    await settled(stage, "closed")
    assert ticket_channels(stage) == []


async def test_a_stranger_who_was_let_in_cannot_close(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    let_in = overwrite_for_member(stage.noor.user, allow=may.VIEW_CHANNEL)
    ticket.channel.overwrites = {**ticket.channel.overwrites, let_in.target_id: let_in}
    stage.scene.guild.announce_channel_update(ticket.channel)

    answer = await stage.noor.click(ticket.welcome, "Close ticket")

    assert answer.modal is None
    assert answer.message is not None
    assert "You may not do this" in answer.message.text
    assert states(stage) == ["open"]


async def test_a_supporter_who_lost_the_role_cannot_finish_closing(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    asked = await stage.sam.click(ticket.welcome, "Close ticket")
    assert asked.modal is not None
    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)

    answer = await stage.sam.submit(asked.modal, {"Reason": "too late"})

    assert answer.message is not None
    assert "You may not do this" in answer.message.text
    assert states(stage) == ["open"]


async def test_two_people_close_at_once_and_one_of_them_has_done_it(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    by_mia = await stage.mia.click(ticket.welcome, "Close ticket")
    by_sam = await stage.sam.click(ticket.welcome, "Close ticket")
    assert by_mia.modal is not None
    assert by_sam.modal is not None

    answers = await asyncio.gather(
        stage.mia.submit(by_mia.modal, {}), stage.sam.submit(by_sam.modal, {})
    )

    said = sorted(answer.message.text for answer in answers if answer.message is not None)
    assert "Ticket closed" in said[0]
    assert "already closed" in said[1]
    await settled(stage, "closed")
    assert len(in_dm(stage.mia, "is closed")) == 1


async def test_opening_costs_four_calls_and_one_for_the_log(stage: Stage) -> None:
    modal = await ask(stage, stage.mia)
    stage.scene.discord.requests.clear()

    sent = await stage.mia.submit(modal, ANSWERS)

    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 opened")
    log_route = f"/channels/{stage.scene.log.id}/messages"
    paths = [entry.path for entry in stage.scene.discord.requests.entries]
    assert paths.count(log_route) == 1
    assert len([path for path in paths if path != log_route]) <= 4, paths


async def test_closing_costs_five_calls_and_reads_no_history(stage: Stage) -> None:
    """However long the ticket is."""
    ticket = await open_ticket(stage)
    await stage.sam.wait_for_message(stage.scene.log, containing="Ticket 0001 opened")
    for number in range(300):
        await stage.mia.say(ticket.channel, f"Detail {number}")
    stage.scene.discord.requests.clear()

    await close(stage.sam, ticket)

    await settled(stage, "closed")
    told = await stage.mia.wait_for_message("dm", containing="is closed")
    assert len(read_transcript(told).said_by("Mia")) == 300
    entries = stage.scene.discord.requests.entries
    assert [each.path for each in entries if each.method == "GET"] == []
    calls = [each.path for each in entries if not each.path.endswith("/callback")]
    assert len(calls) <= 5, calls
    assert ticket.channel.deleted
