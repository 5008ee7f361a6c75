"""A support ticket and its life."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import AttemptId, ChannelId, GuildId, MessageId, TicketId, UserId


class TicketState(StrEnum):
    """OPENING: the row is reserved, Discord is not finished. CLOSING: closed for the member,
    transcript and channel still to be dealt with."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


# While a ticket is in one of these, its opener cannot open another one of the same topic.
OCCUPYING = (TicketState.OPENING, TicketState.OPEN)
# Something is left to do, for people or for the bot.
UNCLOSED = (*OCCUPYING, TicketState.CLOSING)


@dataclass(frozen=True, slots=True)
class TopicField:
    """A question in the topic's modal. `paragraph` gives room for several lines."""

    id: str
    label: str
    description: str
    required: bool
    paragraph: bool
    max_length: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of ticket that members can open."""

    id: str
    label: str
    description: str
    fields: tuple[TopicField, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """`answers` holds the modal's answers by field id, with secrets already removed."""

    id: TicketId
    number: int
    guild_id: GuildId
    opener_id: UserId
    topic_id: str
    answers: Mapping[str, str]
    state: TicketState
    channel_id: ChannelId | None
    welcome_id: MessageId | None
    attempt_id: AttemptId | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: UserId | None
    close_reason: str | None

    @property
    def channel_name(self) -> str:
        """Set once: Discord allows two renames in ten minutes, so state never goes in here."""
        return f"ticket-{self.number:04}"

    @property
    def channel_topic(self) -> str:
        """Carries the id, so that a channel whose row was not finished can be adopted."""
        return f"Ticket {self.number:04} · {MARKER}{self.id}"


@dataclass(frozen=True, slots=True)
class TicketMessage:
    """A message as captured. `attachments` are file names: the files stay with Discord."""

    message_id: MessageId
    ticket_id: TicketId
    author_id: UserId
    author_name: str
    from_bot: bool
    content: str
    attachments: tuple[str, ...]
    sent_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """What message capture needs of an open ticket. `last_captured` is 0 when there is none."""

    ticket_id: TicketId
    guild_id: GuildId
    channel_id: ChannelId
    last_captured: MessageId


MARKER = "mooring:"


def ticket_id_in(channel_topic: str | None) -> TicketId | None:
    """The ticket that a channel's topic names; None for every other channel."""
    if not channel_topic or MARKER not in channel_topic:
        return None
    return TicketId(channel_topic.rsplit(MARKER, 1)[1].strip())
