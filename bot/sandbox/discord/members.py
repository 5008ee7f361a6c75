"""Roles, and users as members of a guild."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.discord import permissions
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import Json, iso

if TYPE_CHECKING:
    from bot.sandbox.discord.guilds import Guild


@dataclass(slots=True, eq=False)
class Role:
    """A role; ``bot_id`` marks the managed role of a bot."""

    id: str
    name: str
    permissions: int = 0
    color: int = 0
    hoist: bool = False
    position: int = 0
    mentionable: bool = False
    bot_id: str | None = None

    @property
    def managed(self) -> bool:
        """Whether an integration owns the role, so that nobody can grant it."""
        return self.bot_id is not None

    @property
    def mention(self) -> str:
        """The text that mentions this role in a message."""
        return f"<@&{self.id}>"

    def payload(self) -> Json:
        """The API's role object."""
        body: Json = {
            "id": self.id,
            "name": self.name,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": self.color,
            "colors": {
                "primary_color": self.color,
                "secondary_color": None,
                "tertiary_color": None,
            },
            "hoist": self.hoist,
            "managed": self.managed,
            "mentionable": self.mentionable,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        if self.bot_id is not None:
            body["tags"] = {"bot_id": self.bot_id}
        return body


@dataclass(slots=True, eq=False)
class Member:
    """A user in a guild."""

    user: User
    guild: Guild
    joined_at: float
    roles: list[Role] = field(default_factory=list)
    nick: str | None = None

    @property
    def id(self) -> str:
        """The user's id."""
        return self.user.id

    @property
    def top_position(self) -> int:
        """Position of the highest role; decides who may act on whom."""
        return max((role.position for role in self.roles), default=0)

    @property
    def permissions(self) -> int:
        """Permissions in the guild, before channel overwrites."""
        return permissions.in_guild(self.guild, self)

    def permissions_in(self, channel: Channel) -> int:
        """Permissions in one channel of the guild."""
        return permissions.in_channel(self, channel)

    def can_view(self, channel: Channel) -> bool:
        """Whether this member sees the channel."""
        return bool(self.permissions_in(channel) & permissions.VIEW_CHANNEL)

    def payload(self, *, with_user: bool = True) -> Json:
        """The API's guild member object."""
        body: Json = {
            "avatar": None,
            "banner": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": iso(self.joined_at),
            "nick": self.nick,
            "pending": False,
            "premium_since": None,
            "roles": [role.id for role in self.roles],
            "mute": False,
            "deaf": False,
        }
        if with_user:
            body["user"] = self.user.payload()
        return body
