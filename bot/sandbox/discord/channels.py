"""Channels of every kind: guild text, categories, threads and DMs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.sandbox.discord.watch import Watch
from bot.sandbox.discord.wire import Json, iso

if TYPE_CHECKING:
    from bot.sandbox.discord.guilds import Guild
    from bot.sandbox.discord.messages import Message
    from bot.sandbox.discord.users import User

TEXT = 0
DM = 1
VOICE = 2
CATEGORY = 4
NEWS = 5
PUBLIC_THREAD = 11
PRIVATE_THREAD = 12

ROLE_OVERWRITE = 0
MEMBER_OVERWRITE = 1


class HasId(Protocol):
    """Whatever an overwrite can be for: a Role, a User or a Member."""

    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A permission overwrite; ``kind`` is 0 for a role and 1 for a member."""

    target_id: str
    kind: int
    allow: int = 0
    deny: int = 0

    def payload(self) -> Json:
        """The API's overwrite object."""
        return {
            "id": self.target_id,
            "type": self.kind,
            "allow": str(self.allow),
            "deny": str(self.deny),
        }


def overwrite_for_role(role: HasId, *, allow: int = 0, deny: int = 0) -> Overwrite:
    """An overwrite for a role (``guild.everyone`` included)."""
    return Overwrite(role.id, ROLE_OVERWRITE, allow, deny)


def overwrite_for_member(user: HasId, *, allow: int = 0, deny: int = 0) -> Overwrite:
    """An overwrite for one person."""
    return Overwrite(user.id, MEMBER_OVERWRITE, allow, deny)


@dataclass(slots=True, eq=False)
class ThreadState:
    """What a thread has beyond a channel. ``members`` maps user ids to their join time."""

    owner_id: str
    created_at: float
    auto_archive_minutes: int
    invitable: bool
    archived: bool = False
    locked: bool = False
    archive_changed_at: float = 0.0
    members: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Channel:
    """One channel; ``parent`` is its category, or for a thread the channel it hangs on."""

    id: str
    kind: int
    name: str
    guild: Guild | None = None
    parent: Channel | None = None
    topic: str | None = None
    position: int = 0
    nsfw: bool = False
    rate_limit_per_user: int = 0
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    recipients: list[User] = field(default_factory=list)
    thread: ThreadState | None = None
    history: dict[str, Message] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    last_message_id: str | None = None
    last_pin_at: float | None = None
    deleted: bool = False
    watch: Watch = field(default_factory=Watch)

    @property
    def mention(self) -> str:
        """The text that links to this channel in a message."""
        return f"<#{self.id}>"

    @property
    def is_thread(self) -> bool:
        """Whether this is a public or private thread."""
        return self.kind in (PUBLIC_THREAD, PRIVATE_THREAD)

    @property
    def is_private_thread(self) -> bool:
        """Whether only its members see this thread."""
        return self.kind == PRIVATE_THREAD

    @property
    def category(self) -> Channel | None:
        """The category this channel is in."""
        return self.parent if not self.is_thread else None

    @property
    def messages(self) -> list[Message]:
        """Everything posted here that is not ephemeral, oldest first."""
        return list(self.history.values())

    def payload(self) -> Json:
        """The API's channel object."""
        if self.guild is None:
            return self._dm_payload()
        if self.thread is not None:
            return self._thread_payload(self.guild, self.thread)
        body: Json = {
            "id": self.id,
            "type": self.kind,
            "flags": 0,
            "guild_id": self.guild.id,
            "name": self.name,
            "parent_id": self.parent.id if self.parent else None,
            "position": self.position,
            "permission_overwrites": [o.payload() for o in self.overwrites.values()],
            "nsfw": self.nsfw,
        }
        if self.kind != CATEGORY:
            body["topic"] = self.topic
            body["last_message_id"] = self.last_message_id
            body["rate_limit_per_user"] = self.rate_limit_per_user
            if self.last_pin_at is not None:
                body["last_pin_timestamp"] = iso(self.last_pin_at)
        if self.kind == VOICE:
            body |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
        return body

    def partial_payload(self, permissions: int) -> Json:
        """The channel as an interaction carries it: without overwrites, with permissions."""
        body = self.payload()
        body.pop("permission_overwrites", None)
        body["permissions"] = str(permissions)
        return body

    def _dm_payload(self) -> Json:
        return {
            "id": self.id,
            "type": self.kind,
            "flags": 0,
            "last_message_id": self.last_message_id,
            "recipients": [user.payload() for user in self.recipients if not user.bot],
        }

    def _thread_payload(self, guild: Guild, thread: ThreadState) -> Json:
        count = len(self.history)
        return {
            "id": self.id,
            "type": self.kind,
            "flags": 0,
            "guild_id": guild.id,
            "name": self.name,
            "parent_id": self.parent.id if self.parent else None,
            "last_message_id": self.last_message_id,
            "rate_limit_per_user": self.rate_limit_per_user,
            "owner_id": thread.owner_id,
            "message_count": count,
            "total_message_sent": count,
            "member_count": len(thread.members),
            "thread_metadata": {
                "archived": thread.archived,
                "archive_timestamp": iso(thread.archive_changed_at or thread.created_at),
                "auto_archive_duration": thread.auto_archive_minutes,
                "locked": thread.locked,
                "create_timestamp": iso(thread.created_at),
                **({"invitable": thread.invitable} if self.is_private_thread else {}),
            },
        }

    def thread_member_payload(self, user_id: str) -> Json:
        """The API's thread member object of one member of this thread."""
        assert self.thread is not None  # noqa: S101 - callers hold a thread
        return {
            "id": self.id,
            "user_id": user_id,
            "join_timestamp": iso(self.thread.members[user_id]),
            "flags": 1,
        }
