"""Tickets as a member and the team handle them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from bot.sandbox.discord import Channel, Interaction, Message, Modal, Persona
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.stage import Stage

EMAIL = "Your account email"
STORY = "What happened?"
REFERENCE = "Payment confirmation or transaction ID"
ANSWERS = {EMAIL: "mia@example.com", STORY: "I was charged twice", REFERENCE: "pi_123"}


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """`screen` is what the member saw beside it."""

    channel: Channel
    welcome: Message
    screen: Message


async def ask(stage: Stage, person: Persona, topic: str = "billing") -> Modal:
    """A member runs /ticket open and gets the topic's questions, with or without self-help."""
    answer = await person.slash("ticket open", channel=stage.here, topic=topic)
    if answer.message is not None and "Open the ticket" in [
        b.label for b in answer.message.buttons
    ]:
        answer = await person.click(answer.message, "Open the ticket")
    assert answer.modal is not None, answer.message and answer.message.text
    return answer.modal


async def open_ticket(
    stage: Stage, *, answers: dict[str, str] | None = None, by: Persona | None = None
) -> OpenedTicket:
    """Mia, or somebody else, opens a billing ticket."""
    person = by or stage.mia
    sent = await person.submit(await ask(stage, person), answers or ANSWERS)
    assert sent.message is not None
    return await opened(stage, sent.message, by=person)


async def opened(
    stage: Stage, screen: Message, *, by: Persona | None = None, seconds: float = 10
) -> OpenedTicket:
    """The ticket that a member's screen leads to, once it is open."""
    await screen.changed(containing="Your ticket is open", timeout=seconds)
    mention = screen.text.split("<#")[1].split(">")[0]
    channel = stage.scene.discord.channel(mention)
    assert channel is not None
    welcome = await (by or stage.mia).wait_for_message(channel, containing="Billing and payments")
    return OpenedTicket(channel, welcome, screen)


def ticket_channels(stage: Stage) -> list[Channel]:
    """Every ticket channel of the server."""
    return [each for each in stage.scene.guild.channels if each.name.startswith("ticket-")]


async def close(person: Persona, ticket: OpenedTicket, reason: str = "") -> Interaction:
    """Press Close and give a reason."""
    asked = await person.click(ticket.welcome, "Close ticket")
    assert asked.modal is not None, asked.message and asked.message.text
    return await person.submit(asked.modal, {"Reason": reason} if reason else {})


async def settled(stage: Stage, state: str, *, seconds: float = 10) -> None:
    """Wait until every ticket is in this state."""
    await until(lambda: set(states(stage)) == {state}, seconds=seconds)


def states(stage: Stage) -> list[str]:
    """The states of all tickets, oldest first."""
    return [row["state"] for row in stage.rows("SELECT state FROM tickets ORDER BY number")]


def in_dm(person: Persona, words: str) -> list[Message]:
    """Every direct message that contains the words."""
    return [] if person.dm is None else [m for m in person.messages(person.dm) if words in m.text]


@dataclass(slots=True)
class Article:
    """One message in a transcript."""

    author: str = ""
    meta: str = ""
    content: str = ""


@dataclass(slots=True)
class Transcript:
    """The file as a browser would read it."""

    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    head: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    articles: list[Article] = field(default_factory=list)

    def said_by(self, author: str) -> list[str]:
        """What one person said."""
        return [each.content for each in self.articles if each.author == author]


class _Reader(HTMLParser):
    """Text belongs to the innermost element that has a meaning of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.read = Transcript()
        self._places: list[str] = []
        self._question = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.read.tags.add(tag)
        self.read.attributes.update(name for name, _ in attrs)
        if tag in ("meta", "img", "hr", "br"):
            return
        if tag == "article":
            self.read.articles.append(Article())
        part = dict(attrs).get("class") or ""
        inherited = self._places[-1] if self._places else ""
        own = {"components": "content"}.get(part, part)
        if self.read.articles and own in ("author", "meta", "content"):
            self._places.append(own)
        elif tag in ("h1", "p", "dt", "dd"):
            self._places.append(f"<{tag}>")
        elif own in ("reply", "file", "embed", "removed") or tag in ("style", "title", "summary"):
            self._places.append("")
        else:
            self._places.append(inherited)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's convention
        self._places.pop()

    def handle_data(self, data: str) -> None:
        place = self._places[-1] if self._places else ""
        if place in ("author", "meta", "content"):
            article = self.read.articles[-1]
            setattr(article, place, getattr(article, place) + data)
        elif place == "<dt>":
            self._question = data
        elif place == "<dd>":
            self.read.answers[self._question] = data
        elif place in ("<h1>", "<p>"):
            self.read.head += f"{data}\n"


def read_transcript(message: Message) -> Transcript:
    """The transcript that a message carries."""
    [file] = message.attachments
    reader = _Reader()
    reader.feed(file.data.decode())
    return reader.read


async def transcript_of(stage: Stage, ticket: OpenedTicket) -> Transcript:
    """Mia closes, and reads what she gets."""
    await close(stage.mia, ticket)
    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    return read_transcript(told)


def change_configuration(stage: Stage, changes: Mapping[str, str]) -> None:
    """Give the bot a file of its own with these changes, for its next start."""
    text = Path(stage.bot.environment["MOORING_CONFIG"]).read_text()
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after, 1)
    own = stage.bot.log.with_name("mooring.toml")
    own.write_text(text)
    stage.bot.environment["MOORING_CONFIG"] = str(own)


def may_not_make_threads(stage: Stage) -> None:
    """So that a ticket has nowhere to go when there is no room for its channel."""
    guild = stage.scene.guild
    for role in (guild.everyone, guild.bot_member.roles[-1]):
        role.permissions &= ~may.CREATE_PRIVATE_THREADS
        guild.announce_role_update(role)
