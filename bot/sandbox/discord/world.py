"""The world of one sandbox: who and what exists, and who is told when it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.sandbox.discord import channels
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.files import FileStore
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.snowflakes import Snowflakes
from bot.sandbox.discord.users import Application, User
from bot.sandbox.discord.wire import Json

WorldEventKind = Literal[
    "message_created",
    "message_updated",
    "message_deleted",
    "channel_created",
    "channel_updated",
    "channel_deleted",
    "role_changed",
    "member_changed",
    "modal_shown",
    "interaction_failed",
]


@dataclass(frozen=True, slots=True)
class WorldEvent:
    """A change that people can see.

    Attributes:
        kind: what happened.
        channel_id: the channel it happened in, if any.
        user_ids: the people who can see it; None means everybody.
        payload: the API's JSON object of what changed (``{"id": ...}`` for a deletion).
    """

    kind: WorldEventKind
    channel_id: str | None
    user_ids: frozenset[str] | None
    payload: Json


Listener = Callable[[WorldEvent], None]


class GatewaySink(Protocol):
    """Where gateway events go: the bot's sessions."""

    @property
    def connected(self) -> bool:
        """Whether the bot is there."""

    def dispatch(
        self, name: str, data: Json, *, guild: Guild | None = None, channel: Channel | None = None
    ) -> None:
        """Send an event to the sessions whose intents, shard and permissions allow it."""


class World:
    """All state of a sandbox, found by id."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        ids: Snowflakes,
        application: Application,
        gateway: GatewaySink,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.application = application
        self.gateway = gateway
        self.files = FileStore(clock)
        self.users: dict[str, User] = {
            application.bot.id: application.bot,
            application.owner.id: application.owner,
        }
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self._dms: dict[str, Channel] = {}
        self._listeners: list[Listener] = []

    @property
    def bot(self) -> User:
        """The bot's account."""
        return self.application.bot

    def add_user(self, username: str, display_name: str) -> User:
        """A new person."""
        user = User(self.ids.next(), username, display_name)
        self.users[user.id] = user
        return user

    def dm_with(self, user: User) -> Channel | None:
        """The DM between the bot and a person, if it was ever opened."""
        return self._dms.get(user.id)

    def open_dm(self, user: User) -> Channel:
        """The DM between the bot and a person, made when there is none yet."""
        channel = self._dms.get(user.id)
        if channel is None:
            channel = Channel(self.ids.next(), channels.DM, "", recipients=[user, self.bot])
            self._dms[user.id] = self.channels[channel.id] = channel
            self.tell("channel_created", channel, channel.payload())
        return channel

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have every change reported; returns the way to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def observed(self) -> bool:
        """Whether anybody subscribed; without it nobody builds reports."""
        return bool(self._listeners)

    def tell(
        self,
        kind: WorldEventKind,
        channel: Channel | None,
        payload: Json,
        *,
        only: frozenset[str] | None = None,
    ) -> None:
        """Report a change to the subscribers, with those who can see it (or ``only`` them)."""
        if not self._listeners:
            return
        viewers = only if only is not None or channel is None else self.viewers(channel)
        event = WorldEvent(kind, channel.id if channel else None, viewers, payload)
        for listener in tuple(self._listeners):
            listener(event)

    def viewers(self, channel: Channel) -> frozenset[str]:
        """The ids of the people who can see a channel."""
        if channel.guild is None:
            return frozenset(user.id for user in channel.recipients)
        return frozenset(m.id for m in channel.guild.members if m.can_view(channel))
