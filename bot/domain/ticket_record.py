"""What was said in a ticket: messages as they come, and the record that is kept of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.identifiers import (
    AttachmentId,
    ChannelId,
    GuildId,
    MessageId,
    RoleId,
    TicketId,
    UserId,
)
from bot.domain.secrets_in_text import SecretKind
from bot.domain.ticket import Ticket
from bot.domain.turns import Side

# Embeds, components, stickers and names of who is mentioned, as far as a transcript shows them.
Rich = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it came: `url` is Discord's and works for about a day."""

    id: AttachmentId
    filename: str
    content_type: str | None
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class TicketMessage:
    """A message as it was heard, without the `secrets` that were found in it (rule S21).

    `is_word` is False for what Discord says by itself, such as that something was pinned. The
    gateway tells `author_roles`; they are None for a message that was fetched. `side` is for whom
    its author speaks, once that is known.
    """

    message_id: MessageId
    ticket_id: TicketId
    channel_id: ChannelId
    author_id: UserId
    author_name: str
    from_bot: bool
    content: str
    sent_at: datetime
    attachments: tuple[Attachment, ...] = ()
    rich: Rich | None = None
    reply_to: MessageId | None = None
    internal: bool = False
    secrets: frozenset[SecretKind] = frozenset()
    is_word: bool = True
    author_roles: frozenset[RoleId] | None = None
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class MessageEdit:
    """What a message says now; `edited_at` is None where the moment of hearing it counts."""

    message_id: MessageId
    ticket_id: TicketId
    channel_id: ChannelId
    author_id: UserId
    content: str
    rich: Rich | None
    secrets: frozenset[SecretKind] = frozenset()
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessagesGone:
    """Messages that were deleted in Discord."""

    message_ids: frozenset[MessageId]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that came with a message. `stored_as` is None until it is here; or `failure` says
    why it never will be."""

    id: AttachmentId
    message_id: MessageId
    ticket_id: TicketId
    filename: str
    content_type: str | None
    size: int
    stored_as: str | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said before it was edited."""

    content: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A message with all that became of it, earlier versions oldest first."""

    message_id: MessageId
    ticket_id: TicketId
    author_id: UserId
    author_name: str
    from_bot: bool
    content: str
    rich: Rich | None
    reply_to: MessageId | None
    internal: bool
    sent_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    versions: tuple[Version, ...] = ()
    files: tuple[KeptFile, ...] = ()

    @property
    def removed(self) -> tuple[str, ...]:
        """Which secrets the bot took out of it; it deleted the message in Discord, too."""
        return tuple((self.rich or {}).get("removed", ()))

    @property
    def for_member(self) -> bool:
        """Whether it stands in the member's copy: no notes, nothing that its author took back."""
        return not self.internal and (self.deleted_at is None or bool(self.removed))


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """A ticket with everything that was said in it, in the order in which it was sent.

    What was said in those that were `merged` into it stands in it, but not of those that were
    `left_out` for a reader. `is_cut`: there were messages before those.
    """

    ticket: Ticket
    messages: tuple[RecordedMessage, ...]
    merged: tuple[Ticket, ...] = ()
    left_out: tuple[Ticket, ...] = ()
    is_cut: bool = False

    def without(self, hidden: Collection[TicketId]) -> "TicketRecord":
        """For somebody who may not read what was said in these tickets."""
        return replace(
            self,
            messages=tuple(each for each in self.messages if each.ticket_id not in hidden),
            merged=tuple(each for each in self.merged if each.id not in hidden),
            left_out=tuple(each for each in self.merged if each.id in hidden),
        )

    def newest_part(self, share: float) -> "TicketRecord":
        """About this share of the messages, without those that were sent first."""
        kept = int(len(self.messages) * share)
        return replace(self, messages=self.messages[len(self.messages) - kept :], is_cut=True)

    @property
    def talks(self) -> tuple["HeardChannel", ...]:
        """The ticket's channel and the thread with its notes, each where there is one."""
        ticket = self.ticket
        places = ((ticket.channel_id, False), (ticket.notes_thread_id, True))
        return tuple(
            HeardChannel(ticket.id, ticket.guild_id, place, self._newest(internal), internal)
            for place, internal in places
            if place is not None
        )

    def _newest(self, internal: bool) -> MessageId:
        """The last one of the ticket's own that is stored; 0 when there is none."""
        said = (
            each.message_id
            for each in self.messages
            if each.ticket_id == self.ticket.id and each.internal is internal
        )
        return max(said, default=MessageId(0))

    @property
    def files(self) -> tuple[KeptFile, ...]:
        """Every file of every message."""
        return tuple(file for message in self.messages for file in message.files)


@dataclass(frozen=True, slots=True)
class HeardChannel:
    """A channel or thread whose messages belong to an open ticket.

    `internal` ones are notes. `last_captured` is 0 when nothing is. Threads can sleep: then the
    gateway does not tell of them.
    """

    ticket_id: TicketId
    guild_id: GuildId
    channel_id: ChannelId
    last_captured: MessageId
    internal: bool = False
    is_thread: bool = False


@dataclass(frozen=True, slots=True)
class RecordPolicy:
    """How much is kept, and for how long: `keep_days` 0 is for ever."""

    keep_days: int = 365
    largest_file: int = 25 << 20
    largest_ticket: int = 200 << 20
