"""A support ticket and its life."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import (
    ERASED_USER,
    AttemptId,
    ChannelId,
    GuildId,
    MessageId,
    TicketId,
    UserId,
)

_NAMED = re.compile(r"(?:ticket|notes)-(\d{4,9})")


class TicketState(StrEnum):
    """OPENING: the row is reserved, Discord is not finished. CLOSING: closed for the member,
    transcript and channel still to be dealt with."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


class Priority(StrEnum):
    """How much a ticket matters to the team."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


# While a ticket is in one of these, its opener cannot open another one of the same topic.
OCCUPYING = (TicketState.OPENING, TicketState.OPEN)
# Something is left to do, for people or for the bot.
UNCLOSED = (*OCCUPYING, TicketState.CLOSING)


@dataclass(frozen=True, slots=True)
class Ticket:
    """`answers` holds the modal's answers by field id, with secrets already removed.

    `place` is what `channel_id` is: a channel or a thread, which hangs on `parent_id`.
    `waiting_since` is set while a person of the team has to answer.
    """

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
    place: str = "channel"
    parent_id: ChannelId | None = None
    welcome_files: tuple[str, ...] = ()
    notes_thread_id: ChannelId | None = None
    priority: Priority = Priority.NORMAL
    assignee_id: UserId | None = None
    escalated_at: datetime | None = None
    snoozed_until: datetime | None = None
    waiting_since: datetime | None = None
    first_reply_at: datetime | None = None
    close_requested_at: datetime | None = None
    close_requested_by: UserId | None = None
    close_deadline: datetime | None = None
    reopened_at: datetime | None = None
    merged_into: TicketId | None = None
    rating_asked_at: datetime | None = None
    rating: int | None = None
    rating_comment: str | None = None
    rated_at: datetime | None = None
    purged_at: datetime | None = None

    @property
    def began_at(self) -> datetime:
        """When it was opened, or opened again."""
        return self.reopened_at or self.created_at

    @property
    def life(self) -> str:
        """Tells what is done after a reopening from what was done before; empty at first."""
        return f":{int(self.reopened_at.timestamp() * 1000)}" if self.reopened_at else ""

    @property
    def is_forgotten(self) -> bool:
        """Whether what was said in it is gone: its time was over, or its member had it erased."""
        closed, purged = self.closed_at, self.purged_at
        is_over = closed is not None and purged is not None and purged >= closed
        return is_over or self.opener_id == ERASED_USER

    @property
    def channel_name(self) -> str:
        """Set once: Discord allows two renames in ten minutes, so state never goes in here."""
        return f"ticket-{self.number:04}"

    @property
    def notes_name(self) -> str:
        """Of the thread with the team's notes."""
        return f"notes-{self.number:04}"

    @property
    def channel_topic(self) -> str:
        """Carries the id, so that a channel whose row was not finished can be adopted."""
        return f"Ticket {self.number:04} · {MARKER}{self.id}"


MARKER = "mooring:"


def ticket_id_in(channel_topic: str | None) -> TicketId | None:
    """The ticket that a channel's topic names; None for every other channel."""
    if not channel_topic or MARKER not in channel_topic:
        return None
    return TicketId(channel_topic.rsplit(MARKER, 1)[1].strip())


def ticket_number_in(name: str) -> int | None:
    """The number of the ticket whose place or notes have this name; None for every other name."""
    found = _NAMED.fullmatch(name)
    return int(found[1]) if found else None
