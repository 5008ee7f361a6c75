"""What each topic asks, what helps before it, and tickets from the menus."""

from bot.sandbox.discord import File, Interaction, Message, Modal
from tests.scenario.bad_luck import until
from tests.scenario.stage import Stage
from tests.scenario.test_self_help import decline_renewal
from tests.scenario.ticketing import ANSWERS, OpenedTicket, ask, in_dm, opened, ticket_channels

CARD = "4242 4242 4242 4242"
BUG = {
    "What happens?": f"It crashed while I paid with {CARD}",
    "Your system": ["macOS"],
    "How often?": ["Sometimes"],
    "What have you tried?": ["Restart", "Update"],
}


def modal_of(answer: Interaction) -> Modal:
    assert answer.modal is not None, answer.message and answer.message.text
    return answer.modal


def message_of(answer: Interaction) -> Message:
    assert answer.message is not None
    return answer.message


async def ticket_of(stage: Stage, screen: Message, *, containing: str) -> OpenedTicket:
    """The ticket that a screen leads to."""
    await screen.changed(containing="ticket is open")
    channel = stage.scene.discord.channel(screen.text.split("<#")[1].split(">")[0])
    assert channel is not None
    return OpenedTicket(
        channel, await stage.sam.wait_for_message(channel, containing=containing), screen
    )


async def test_s21_every_kind_of_question_is_answered_and_files_come_with_the_welcome(
    stage: Stage,
) -> None:
    shots = [File("my shot.png", b"one", "image/png"), File("log.txt", b"two", "text/plain")]
    modal = await ask(stage, stage.mia, "bug")
    stage.scene.discord.requests.clear()

    sent = await stage.mia.submit(modal, {**BUG, "Screenshots": shots})

    ticket = await ticket_of(stage, message_of(sent), containing="Report a bug")
    shown = ticket.welcome.text.replace("\\", "")
    for said in ("macOS", "Sometimes", "Restart", "Update", "We look at every report"):
        assert said in shown
    assert CARD not in shown
    assert "was removed from your answers" in shown
    assert [each.data for each in ticket.welcome.attachments] == [b"one", b"two"]
    assert [each.filename for each in ticket.welcome.attachments] == ["1-my-shot.png", "2-log.txt"]
    log = f"/channels/{stage.scene.log.id}/messages"
    await until(lambda: [e for e in stage.scene.discord.requests.entries if e.path == log])
    calls = [e.path for e in stage.scene.discord.requests.entries if e.path != log]
    assert len(calls) <= 4, calls


def saying(answers: list[Interaction], *words: str) -> list[Interaction]:
    """Those whose screen says any of the words by now."""
    return [each for each in answers if any(word in message_of(each).text for word in words)]


async def test_a_topic_can_have_more_than_one_ticket_of_a_member_and_no_more_than_that(
    stage: Stage,
) -> None:
    modals = [await ask(stage, stage.mia, "bug") for _ in range(4)]

    answers = [await stage.mia.submit(modal, BUG) for modal in modals]

    await until(lambda: len(saying(answers, "Your ticket is open")) == 2)
    assert len(saying(answers, "already have", "being opened")) == 2
    assert len(ticket_channels(stage)) == 2
    answer = await stage.mia.slash("ticket open", channel=stage.here, topic="bug")
    assert "already have" in message_of(answer).text


async def test_without_a_topic_the_command_shows_them(stage: Stage) -> None:
    shown = message_of(await stage.mia.slash("ticket open", channel=stage.here))

    chosen = await stage.mia.choose(shown, "Help with the product")

    assert [field.label for field in modal_of(chosen).fields] == ["What can we help with?"]


async def test_who_wants_to_cancel_is_shown_the_way_and_can_write_all_the_same(
    stage: Stage,
) -> None:
    without_plan = await stage.noor.slash("ticket open", channel=stage.here, topic="leaving")
    assert without_plan.modal is not None
    await stage.link_mia()

    shown = message_of(await stage.mia.slash("ticket open", channel=stage.here, topic="leaving"))

    assert "You can cancel Pro yourself" in shown.text
    asked = await stage.mia.click(shown, "Open the ticket")
    assert asked.modal is not None
    flow = await stage.mia.click(shown, "Cancel subscription")
    assert "Continue to cancel" in [each.label for each in message_of(flow).buttons]


async def test_s28_a_declined_payment_is_told_before_a_billing_ticket(stage: Stage) -> None:
    await stage.link_mia()
    await decline_renewal(stage)

    answer = await stage.mia.slash("ticket open", channel=stage.here, topic="billing")

    assert "was declined" in message_of(answer).text
    asked = await stage.mia.click(message_of(answer), "Open the ticket")
    assert asked.modal is not None


async def test_s21_a_ticket_about_a_message_quotes_it_without_its_secrets(stage: Stage) -> None:
    said = await stage.noor.say(stage.scene.general, f"@everyone paid with {CARD}, **now** what?")
    shown = message_of(
        await stage.mia.context_menu("Open ticket", target=said, channel=stage.scene.general)
    )
    asked = await stage.mia.choose(shown, "Help with the product")
    sent = await stage.mia.submit(modal_of(asked), {"What can we help with?": "The same here"})

    ticket = await ticket_of(stage, message_of(sent), containing="Help with the product")

    assert "Noor: " in ticket.welcome.text
    assert f"/{stage.scene.general.id}/{said.id}" in ticket.welcome.text
    assert CARD not in ticket.welcome.text
    assert "**now**" not in ticket.welcome.text
    assert not ticket.welcome.mention_everyone
    assert stage.rows("SELECT 1 FROM ticket_quotes") == []


async def test_the_team_opens_tickets_for_members_and_nobody_else_does(stage: Stage) -> None:
    said = await stage.noor.say(stage.scene.general, "I cannot log in")
    shown = message_of(
        await stage.sam.context_menu("Open ticket", target=said, channel=stage.scene.general)
    )
    asked = await stage.sam.choose(shown, "Help with the product")
    sent = await stage.sam.submit(modal_of(asked), {"Your message": "Let us look at it together"})
    ticket = await ticket_of(stage, message_of(sent), containing="opened this ticket for you")

    assert "Let us look at it together" in ticket.welcome.text
    assert "I cannot log in" in ticket.welcome.text
    assert stage.noor.user in ticket.welcome.mentions
    assert ticket.channel in stage.noor.channels(stage.scene.guild)
    [entry] = stage.rows("SELECT * FROM audit_log WHERE action = 'ticket.opened_for_member'")
    assert entry["actor_id"] == int(stage.sam.user.id)

    by_menu = await stage.sam.context_menu(
        "Open ticket", target=stage.mia.user, channel=stage.scene.general
    )
    assert "A ticket for" in message_of(by_menu).text
    refused = await stage.mia.context_menu(
        "Open ticket", target=stage.noor.user, channel=stage.scene.general
    )
    assert "You may not do this" in message_of(refused).text
    bot = await stage.sam.context_menu(
        "Open ticket", target=stage.scene.guild.bot_member.user, channel=stage.scene.general
    )
    assert "This is a bot" in message_of(bot).text


async def test_a_billing_ticket_of_somebody_unlinked_asks_at_once(stage: Stage) -> None:
    """Nothing is known, so nothing stands in between."""
    answer = await stage.noor.slash("ticket open", channel=stage.here, topic="billing")

    sent = await stage.noor.submit(modal_of(answer), ANSWERS)

    await opened(stage, message_of(sent), by=stage.noor)
    assert in_dm(stage.noor, "is closed") == []
