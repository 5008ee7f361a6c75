"""What becomes of a member's wish for a refund that nobody puts before the moderators (S14)."""

from bot.sandbox.discord import Channel, Message
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import until
from tests.scenario.desk import card_in_queue, deny, prepare, request, submit, wish
from tests.scenario.outside import jobs_done
from tests.scenario.refunding import GROUND, audit_log_holds, audited, nothing_happened
from tests.scenario.stage import Stage
from tests.scenario.ticketing import ask, close, in_dm, open_ticket, settled, states

ENDED = "ended without a decision"


def wishes(stage: Stage) -> list[str]:
    """The states of all refunds, oldest first."""
    return [row["state"] for row in stage.rows("SELECT state FROM refunds ORDER BY created_at")]


async def decline(stage: Stage, card: Message, reason: str) -> Message:
    """Sam says no, with a reason."""
    asked = await stage.sam.click(card, "Decline")
    assert asked.modal is not None, asked.message and asked.message.text
    answer = await stage.sam.submit(asked.modal, {"Reason": reason})
    assert answer.message is not None
    return answer.message


async def other_ticket(stage: Stage) -> Channel:
    """Mia's second ticket, of another topic."""
    answers = {"What can we help with?": "The app is slow"}
    sent = await stage.mia.submit(await ask(stage, stage.mia, "help"), answers)
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open", timeout=10)
    channel = stage.scene.guild.channels[-1]
    await stage.mia.wait_for_message(channel, containing="Help with the product")
    return channel


async def test_a_wish_ends_with_its_ticket_and_everybody_is_told(stage: Stage) -> None:
    """Sam closes without preparing it; a screen from before prepares nothing any more."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await wish(stage, ticket)
    screen = await prepare(stage, ticket)
    await stage.sam.choose(screen, GROUND)
    late = await stage.sam.click(screen, "Submit to the moderators")
    assert late.modal is not None

    await close(stage.sam, ticket)

    told = await stage.mia.wait_for_message("dm", containing=ENDED)
    assert "Your ticket was closed before anybody decided about it" in told.text
    assert "ask again in a new ticket" in told.text
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="before anybody decided")
    assert "ask again in a new ticket" in mail.text
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="0001 closed")
    assert ENDED in logged.text
    assert "$20.00" in logged.text
    refused = await stage.sam.submit(late.modal, {})
    assert refused.message is not None
    assert "ended when its ticket was closed" in refused.message.text
    await settled(stage, "closed")
    await jobs_done(stage)
    assert len(in_dm(stage.mia, ENDED)) == 1
    assert audited(stage) == ["refund.asked", "refund.lapsed"]
    assert await audit_log_holds(stage)
    assert nothing_happened(stage)


async def test_after_that_she_asks_again_in_the_ticket_that_is_opened_again(stage: Stage) -> None:
    """The old wish is over, and its card is gone: what she was told stays true."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await wish(stage, ticket, why="It was down on Monday")
    await close(stage.sam, ticket)
    told = await stage.mia.wait_for_message("dm", containing="is closed")
    await settled(stage, "closed")
    await stage.mia.wait_for_message("dm", containing=ENDED)

    again = await stage.mia.click(told, "Reopen ticket")
    assert again.message is not None
    await again.message.changed(containing="Your ticket is open", timeout=10)
    channel = stage.scene.guild.channels[-1]
    welcome = await stage.mia.wait_for_message(channel, containing="Billing and payments")
    shown = await stage.mia.click(welcome, "Ask for a refund")
    assert shown.message is not None
    asked = await stage.mia.choose(shown.message, shown.message.selects[0].options[0].value)
    assert asked.modal is not None
    await stage.mia.submit(asked.modal, {"What happened?": "And on Tuesday"})

    card = await stage.sam.wait_for_message(channel, containing="asks for a refund")
    assert "And on Tuesday" in card.text
    taken = await stage.sam.click(card, "Prepare the request")
    assert taken.message is not None
    await submit(stage, taken.message)
    await card_in_queue(stage)
    assert wishes(stage) == ["lapsed", "submitted"]


async def test_a_wish_goes_along_when_its_ticket_is_merged(stage: Stage) -> None:
    """The button is where the conversation is. What she wrote in the other one stays there."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await wish(stage, ticket, why="It was down all week")
    await stage.sam.wait_for_message(ticket.channel, containing="asks for a refund")
    channel = await other_ticket(stage)

    asked = await stage.sam.slash("merge", channel=ticket.channel)
    choice = await asked.settled()
    await stage.sam.choose(choice, choice.selects[0].options[0].value)

    card = await stage.sam.wait_for_message(channel, containing="asks for a refund of $20.00")
    assert "It was down all week" not in card.text
    await until(lambda: states(stage) == ["closed", "open"], seconds=20)
    taken = await stage.sam.click(card, "Prepare the request")
    assert taken.message is not None
    assert "It was down all week" in taken.message.text
    await submit(stage, taken.message)
    await deny(stage.max, await card_in_queue(stage), "The service was up that week")
    await stage.mia.wait_for_message(channel, containing="We will not refund it")
    await jobs_done(stage)
    asked_for = [m for m in stage.sam.messages(channel) if "asks for a refund" in m.text]
    assert len(asked_for) == 1
    assert in_dm(stage.mia, ENDED) == []
    assert audited(stage) == ["refund.asked", "refund.submitted", "refund.denied"]


async def test_people_in_the_other_ticket_read_nothing_of_a_wish_that_is_merged_into_it(
    stage: Stage,
) -> None:
    """The team has it with its buttons, and Mia hears of it by herself."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await wish(stage, ticket, why="It was down all week")
    await stage.sam.wait_for_message(ticket.channel, containing="asks for a refund")
    channel = await other_ticket(stage)
    added = await stage.sam.slash("ticket add", channel=channel, member=stage.noor.user)
    assert added.message is not None
    await added.message.changed(containing="was added to this ticket")

    asked = await stage.sam.slash("merge", channel=ticket.channel)
    choice = await asked.settled()
    await stage.sam.choose(choice, choice.selects[0].options[0].value)

    card = await stage.sam.wait_for_message(
        stage.scene.log, containing="asks for a refund of $20.00"
    )
    assert "Others are in it" in card.text
    taken = await stage.sam.click(card, "Prepare the request")
    assert taken.message is not None
    await submit(stage, taken.message)
    await stage.mia.wait_for_message(channel, containing="is with the moderators")
    queued = await card_in_queue(stage)
    back = await stage.max.click(queued, "Ask back")
    assert back.modal is not None
    await stage.max.submit(back.modal, {"Question": "Which day?"})
    question = await stage.mia.wait_for_message("dm", containing="Which day?")
    answering = await stage.mia.click(question, "Answer")
    assert answering.modal is not None
    await stage.mia.submit(answering.modal, {"Answer": "Monday"})
    await queued.changed(containing="Monday")
    await deny(stage.max, queued, "The service was up that week")
    await stage.mia.wait_for_message("dm", containing="We will not refund it")

    await until(lambda: states(stage) == ["closed", "open"], seconds=20)
    await jobs_done(stage)
    read = " ".join(each.text for each in stage.noor.messages(channel))
    assert "goes on here" in read
    for private in ("$20", "refund", "Which day?", "It was down", "The service was up"):
        assert private not in read, private


async def test_support_declines_a_wish_with_a_reason(stage: Stage) -> None:
    """Nobody has to wait for a ticket's end to hear a no."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await wish(stage, ticket)
    card = await stage.sam.wait_for_message(ticket.channel, containing="asks for a refund")
    own = await stage.mia.click(card, "Decline")
    assert own.message is not None
    assert "You may not do this" in own.message.text

    said = await decline(stage, card, "The time for it is over, see `terms`")

    assert "The member is told, with your reason" in said.text
    for place in (ticket.channel, "dm"):
        told = await stage.mia.wait_for_message(place, containing="We will not refund it")
        assert "The time for it is over" in told.text
    again = await stage.sam.click(card, "Prepare the request")
    assert again.message is not None
    assert "was denied already" in again.message.text
    await close(stage.mia, ticket)
    await settled(stage, "closed")
    await jobs_done(stage)
    assert in_dm(stage.mia, ENDED) == []
    assert audited(stage) == ["refund.asked", "refund.denied"]
    assert await audit_log_holds(stage)
    assert nothing_happened(stage)


async def test_a_wish_that_was_answered_another_way_ends_without_a_word(stage: Stage) -> None:
    """Sam asks the moderators for it by himself, and they say no: she has had her answer."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await wish(stage, ticket)
    await submit(stage, await request(stage, ticket))
    await deny(stage.max, await card_in_queue(stage), "The service was up that week")
    await stage.mia.wait_for_message("dm", containing="We will not refund it")

    await close(stage.sam, ticket)

    logged = await stage.sam.wait_for_message(stage.scene.log, containing="0001 closed")
    assert ENDED not in logged.text
    await settled(stage, "closed")
    await jobs_done(stage)
    assert in_dm(stage.mia, ENDED) == []
    assert wishes(stage) == ["lapsed", "denied"]
