"""A message: a live object that changes when its author edits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.discord import views
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.files import Attachment
from bot.sandbox.discord.users import User
from bot.sandbox.discord.watch import Watch
from bot.sandbox.discord.wire import Json, iso

CROSSPOSTED = 1 << 0
SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
IS_COMPONENTS_V2 = 1 << 15

DEFAULT_TYPE = 0
PIN_NOTICE = 6
REPLY = 19
CHAT_COMMAND = 20
CONTEXT_MENU_COMMAND = 23


@dataclass(slots=True, eq=False)
class Message(Watch):
    """A message in a channel; ``viewer`` is the one person who sees it when it is ephemeral."""

    id: str
    channel: Channel
    author: User
    created_at: float
    content: str = ""
    embeds: Sequence[Json] = ()
    components: Sequence[Json] = ()
    attachments: Sequence[Attachment] = ()
    flags: int = 0
    kind: int = DEFAULT_TYPE
    tts: bool = False
    nonce: str | int | None = None
    reply_to: Message | None = None
    reference: Json | None = None
    interaction: Json | None = None
    application_id: str | None = None
    viewer: User | None = None
    mentions: Sequence[User] = ()
    mention_roles: Sequence[str] = ()
    mention_everyone: bool = False
    reactions: dict[str, list[User]] | None = None
    pinned: bool = False
    edited_at: float | None = None
    deleted: bool = False
    edits: int = 0
    thread: Channel | None = None

    def __post_init__(self) -> None:
        """Nobody waits for a new message to change yet."""
        Watch.__init__(self)

    @property
    def ephemeral(self) -> bool:
        """Whether only ``viewer`` sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it still says that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def text(self) -> str:
        """Everything a reader sees except buttons and selects, joined by newlines."""
        parts = [self.content]
        for embed in self.embeds:
            parts.extend(views.embed_texts(embed))
        parts.extend(views.texts(self.components))
        return "\n".join(part for part in parts if part)

    @property
    def buttons(self) -> list[views.Button]:
        """Its buttons in reading order."""
        return views.buttons(self.components)

    @property
    def selects(self) -> list[views.Select]:
        """Its selects in reading order."""
        return views.selects(self.components)

    def button(self, label: str) -> views.Button:
        """The button with this label.

        Raises:
            LookupError: the message has no such button.
        """
        for button in self.buttons:
            if button.label == label:
                return button
        raise LookupError(f"no button {label!r}; there are {[b.label for b in self.buttons]}")

    async def changed(self, *, containing: str | None = None, timeout: float = 15.0) -> Message:  # noqa: ASYNC109 - the public name
        """Wait for an edit; with ``containing``, until the text holds it (at once if it does).

        Raises:
            TimeoutError: it did not happen within ``timeout`` seconds.
        """
        before = self.edits

        def probe() -> Message | None:
            if containing is None:
                return self if self.edits > before else None
            return self if containing in self.text else None

        return await self.until(probe, seconds=timeout)

    def payload(self) -> Json:
        """The API's message object."""
        body: Json = {
            "id": self.id,
            "type": self.kind,
            "channel_id": self.channel.id,
            "author": self.author.payload(),
            "content": self.content,
            "timestamp": iso(self.created_at),
            "edited_timestamp": None if self.edited_at is None else iso(self.edited_at),
            "tts": self.tts,
            "mention_everyone": self.mention_everyone,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": self.mention_roles,
            "attachments": [attachment.payload() for attachment in self.attachments],
            "embeds": self.embeds,
            "components": self.components,
            "pinned": self.pinned,
            "flags": self.flags,
        }
        if self.application_id is not None:
            body["application_id"] = body["webhook_id"] = self.application_id
        if self.interaction is not None:
            body["interaction_metadata"] = self.interaction
        if self.nonce is not None:
            body["nonce"] = self.nonce
        if self.reactions:
            body["reactions"] = [self._reaction(e, users) for e, users in self.reactions.items()]
        if self.thread is not None:
            body["thread"] = self.thread.payload()
        if self.reference is not None:
            body["message_reference"] = self.reference
            quoted = self.reply_to
            gone = quoted is None or quoted.deleted
            body["referenced_message"] = None if gone or quoted is None else quoted._bare_payload()
        return body

    def _bare_payload(self) -> Json:
        """The payload as another message quotes it: without its own quotation."""
        body = self.payload()
        for key in ("referenced_message", "reactions"):
            body.pop(key, None)
        return body

    @staticmethod
    def _reaction(emoji: str, users: Sequence[User]) -> Json:
        name, _, emoji_id = emoji.partition(":")
        return {
            "emoji": {"id": emoji_id or None, "name": name},
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "burst_colors": [],
            "me_burst": False,
            "me": any(user.bot for user in users),
        }
