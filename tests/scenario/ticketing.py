"""Tickets as a member and the team handle them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from bot.sandbox.discord import Channel, Interaction, Message, Modal, Persona
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
    """A member runs /ticket and gets the topic's questions."""
    answer = await person.slash("ticket", channel=stage.here, topic=topic)
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
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.read = Transcript()
        self._place = ""
        self._question = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.read.tags.add(tag)
        self.read.attributes.update(name for name, _ in attrs)
        if tag == "article":
            self.read.articles.append(Article())
        part = dict(attrs).get("class") or ""
        in_article = bool(self.read.articles) and part in ("author", "meta", "content")
        self._place = part if in_article else f"<{tag}>"

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's convention
        self._place = ""

    def handle_data(self, data: str) -> None:
        if self._place in ("author", "meta", "content"):
            article = self.read.articles[-1]
            setattr(article, self._place, getattr(article, self._place) + data)
        elif self._place == "<dt>":
            self._question = data
        elif self._place == "<dd>":
            self.read.answers[self._question] = data
        elif self._place in ("<h1>", "<p>"):
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
