"""The refund desk's queue: what support asks for, and what moderators decide."""

from pathlib import Path

from bot.sandbox.discord import Interaction, Message, Persona
from bot.sandbox.scene import CONFIGURATION
from tests.scenario.bad_luck import until
from tests.scenario.refunding import GROUND, payment_of
from tests.scenario.stage import Stage
from tests.scenario.ticketing import OpenedTicket, open_ticket

WAITS = "Refund $20.00 to"


async def with_policy(stage: Stage, tmp_path: Path, *changes: tuple[str, str]) -> None:
    """The vendor changes lines of the policy, and starts the bot again."""
    text = CONFIGURATION.read_text()
    for line, changed in changes:
        assert text.count(line) == 1, line
        text = text.replace(line, changed)
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    await stage.bot.stop()
    stage.bot.environment["MOORING_CONFIG"] = str(policy)
    await stage.bot.start()


def make_moderator(stage: Stage, person: Persona) -> None:
    """Somebody else of the team may decide too."""
    stage.scene.guild.give_role(person.user, stage.scene.moderators)


async def wish(stage: Stage, ticket: OpenedTicket, why: str = "It was down all week") -> Message:
    """Mia asks for a refund in her ticket; the screen that she sees."""
    shown = await stage.mia.click(ticket.welcome, "Ask for a refund")
    assert shown.message is not None
    newest = shown.message.selects[0].options[0].value
    asked = await stage.mia.choose(shown.message, newest)
    assert asked.modal is not None, asked.message and asked.message.text
    await stage.mia.submit(asked.modal, {"What happened?": why})
    return shown.message


async def prepare(stage: Stage, ticket: OpenedTicket) -> Message:
    """Sam takes Mia's wish up."""
    asked = await stage.sam.wait_for_message(ticket.channel, containing="asks for a refund")
    taken = await stage.sam.click(asked, "Prepare the request")
    assert taken.message is not None
    return taken.message


async def submit(
    stage: Stage, screen: Message, *, note: str = "", ground: str = GROUND
) -> Interaction:
    """Sam puts it before the moderators."""
    await stage.sam.choose(screen, ground)
    asked = await stage.sam.click(screen, "Submit to the moderators")
    assert asked.modal is not None, asked.message and asked.message.text
    answers = {"What should they know?": note} if note else {}
    return await stage.sam.submit(asked.modal, answers)


async def request(stage: Stage, ticket: OpenedTicket) -> Message:
    """Sam runs /refund-request in the ticket and chooses the payment."""
    answer = await stage.sam.slash("refund-request", channel=ticket.channel)
    assert answer.message is not None
    await stage.sam.choose(answer.message, payment_of(stage))
    return answer.message


async def card_in_queue(stage: Stage, containing: str = WAITS) -> Message:
    """The card in the moderators' channel."""
    card = await stage.max.wait_for_message(stage.scene.refunds, containing=containing)
    posted = "SELECT id FROM refunds WHERE queue_message_id = ?"
    await until(lambda: bool(stage.rows(posted, int(card.id))), seconds=10)
    return card


async def waiting_card(stage: Stage) -> tuple[OpenedTicket, Message]:
    """Everything up to a moderator's decision: ticket, wish, request."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await wish(stage, ticket)
    await submit(stage, await prepare(stage, ticket), note="Our outage of Tuesday")
    return ticket, await card_in_queue(stage)


async def approve(person: Persona, card: Message) -> Message:
    """Press the green button; what the moderator sees."""
    [button] = [each for each in card.buttons if (each.label or "").startswith("Approve")]
    answer = await person.click(card, button.label)
    assert answer.message is not None
    return answer.message


async def deny(person: Persona, card: Message, reason: str) -> Message:
    """Say no, with a reason."""
    asked = await person.click(card, "Deny")
    assert asked.modal is not None, asked.message and asked.message.text
    answer = await person.submit(asked.modal, {"Reason": reason})
    assert answer.message is not None
    return answer.message
