"""Guilds with their roles and members; what changes them announces the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.discord import channels, permissions
from bot.sandbox.discord.channels import Channel, Overwrite
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import Json, iso

if TYPE_CHECKING:
    from bot.sandbox.discord.world import World

MAX_CHANNELS = 500
MAX_CHANNELS_PER_CATEGORY = 50


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


class Guild:
    """A guild. Its methods act like people do by hand: they check no permissions."""

    def __init__(self, world: World, name: str, owner: User) -> None:
        self.world = world
        self.id = world.ids.next()
        self.name = name
        self.owner = owner
        self.everyone = Role(self.id, "@everyone", permissions.EVERYONE_DEFAULT)
        self.bans: dict[str, str | None] = {}
        self._roles: dict[str, Role] = {self.id: self.everyone}
        self._channels: dict[str, Channel] = {}
        self._members: dict[str, Member] = {}
        self.bot_joined_at = world.clock()

    def announce_creation(self) -> None:
        """Tell the bot that it joined this guild."""
        if self.world.gateway.connected:
            self.world.gateway.dispatch(
                "GUILD_CREATE", self.gateway_payload(all_members=False), guild=self
            )

    # What is there

    @property
    def roles(self) -> list[Role]:
        """All roles, lowest (@everyone) first."""
        return sorted(self._roles.values(), key=lambda role: (role.position, int(role.id)))

    @property
    def channels(self) -> list[Channel]:
        """Channels and categories in the order they were made, threads not included."""
        return [channel for channel in self._channels.values() if not channel.is_thread]

    @property
    def threads(self) -> list[Channel]:
        """Threads in the order they were made."""
        return [channel for channel in self._channels.values() if channel.is_thread]

    @property
    def members(self) -> list[Member]:
        """Everybody in the guild, the bot included."""
        return list(self._members.values())

    @property
    def member_count(self) -> int:
        """How many members there are."""
        return len(self._members)

    @property
    def bot_member(self) -> Member:
        """The bot as a member."""
        return self._members[self.world.bot.id]

    def role(self, role_id: str) -> Role | None:
        """A role by id."""
        return self._roles.get(role_id)

    def member(self, user_id: str) -> Member | None:
        """A member by user id."""
        return self._members.get(user_id)

    def children(self, category: Channel) -> list[Channel]:
        """The channels in a category."""
        return [c for c in self._channels.values() if c.parent is category and not c.is_thread]

    # Roles

    def add_role(
        self,
        name: str,
        *,
        permissions: int = 0,
        color: int = 0,
        hoist: bool = False,
        position: int | None = None,
        mentionable: bool = False,
        bot_id: str | None = None,
    ) -> Role:
        """A new role: at ``position``, else lowest (just above @everyone), as Discord does."""
        role = Role(self.world.ids.next(), name, permissions, color, hoist, 0, mentionable, bot_id)
        self._roles[role.id] = role
        self._announce_role("GUILD_ROLE_CREATE", role)
        self.move_role(role, position or 1)
        return role

    def move_role(self, role: Role, position: int) -> None:
        """Put a role at a position; the others keep their order around it."""
        ranked = [r for r in self.roles if r is not role and r is not self.everyone]
        ranked.insert(max(position, 1) - 1, role)
        for place, each in enumerate(ranked, start=1):
            if each.position != place or each is role:
                each.position = place
                self._announce_role("GUILD_ROLE_UPDATE", each)

    def announce_role_update(self, role: Role) -> None:
        """Tell everybody that a role's fields were changed."""
        self._announce_role("GUILD_ROLE_UPDATE", role)

    def delete_role(self, role: Role) -> None:
        """Delete a role; members lose it."""
        del self._roles[role.id]
        for member in self._members.values():
            if role in member.roles:
                member.roles.remove(role)
        data = {"guild_id": self.id, "role_id": role.id}
        self.world.gateway.dispatch("GUILD_ROLE_DELETE", data, guild=self)
        self.world.tell("role_changed", None, data)

    def _announce_role(self, event: str, role: Role) -> None:
        data = {"guild_id": self.id, "role": role.payload()}
        self.world.gateway.dispatch(event, data, guild=self)
        self.world.tell("role_changed", None, data)

    # Members

    def add_member(self, user: User, *, roles: Iterable[Role] = ()) -> Member:
        """A person joins."""
        member = Member(user, self, self.world.clock(), list(roles))
        self._members[user.id] = member
        data = member.payload() | {"guild_id": self.id}
        self.world.gateway.dispatch("GUILD_MEMBER_ADD", data, guild=self)
        self.world.tell("member_changed", None, data)
        return member

    def remove_member(self, user: User) -> None:
        """A person leaves or is kicked; roles are lost, overwrites stay."""
        if self._members.pop(user.id, None) is None:
            return
        data: Json = {"guild_id": self.id, "user": user.payload()}
        self.world.gateway.dispatch("GUILD_MEMBER_REMOVE", data, guild=self)
        self.world.tell("member_changed", None, data)

    def ban_member(self, user: User, *, reason: str | None = None) -> None:
        """Ban a person, who leaves if a member."""
        self.bans[user.id] = reason
        data = {"guild_id": self.id, "user": user.payload()}
        self.world.gateway.dispatch("GUILD_BAN_ADD", data, guild=self)
        self.remove_member(user)

    def unban_member(self, user: User) -> None:
        """Lift a ban."""
        self.bans.pop(user.id, None)
        data = {"guild_id": self.id, "user": user.payload()}
        self.world.gateway.dispatch("GUILD_BAN_REMOVE", data, guild=self)

    def give_role(self, user: User, role: Role) -> None:
        """Grant a role by hand."""
        member = self._members[user.id]
        if role not in member.roles:
            member.roles.append(role)
            self.announce_member_update(member)

    def take_role(self, user: User, role: Role) -> None:
        """Take a role away by hand."""
        member = self._members[user.id]
        if role in member.roles:
            member.roles.remove(role)
            self.announce_member_update(member)

    def announce_member_update(self, member: Member) -> None:
        """Tell everybody that a member's roles or name changed."""
        data = member.payload() | {"guild_id": self.id}
        self.world.gateway.dispatch("GUILD_MEMBER_UPDATE", data, guild=self)
        self.world.tell("member_changed", None, data)

    # Channels

    def add_category(self, name: str, overwrites: Iterable[Overwrite] = ()) -> Channel:
        """A new category."""
        return self.add_channel(channels.CATEGORY, name, overwrites=overwrites)

    def add_text_channel(
        self,
        name: str,
        *,
        category: Channel | None = None,
        overwrites: Iterable[Overwrite] = (),
        topic: str | None = None,
    ) -> Channel:
        """A new text channel; without overwrites it takes its category's."""
        return self.add_channel(
            channels.TEXT, name, parent=category, overwrites=overwrites, topic=topic
        )

    def add_channel(
        self,
        kind: int,
        name: str,
        *,
        parent: Channel | None = None,
        overwrites: Iterable[Overwrite] = (),
        topic: str | None = None,
        nsfw: bool = False,
        rate_limit_per_user: int = 0,
        position: int | None = None,
    ) -> Channel:
        """A new channel of any kind that is not a thread."""
        rights = {overwrite.target_id: overwrite for overwrite in overwrites}
        if not rights and parent is not None:
            rights = dict(parent.overwrites)
        channel = Channel(
            self.world.ids.next(),
            kind,
            name,
            guild=self,
            parent=parent,
            topic=topic,
            nsfw=nsfw,
            rate_limit_per_user=rate_limit_per_user,
            overwrites=rights,
            position=len(self._channels) if position is None else position,
        )
        self.admit_channel(channel)
        self.world.gateway.dispatch("CHANNEL_CREATE", channel.payload(), guild=self)
        self.world.tell("channel_created", channel, channel.payload())
        return channel

    def admit_channel(self, channel: Channel) -> None:
        """Make a new channel or thread findable."""
        self._channels[channel.id] = self.world.channels[channel.id] = channel

    def announce_channel_update(self, channel: Channel) -> None:
        """Tell everybody that a channel or thread changed."""
        event = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self.world.gateway.dispatch(event, channel.payload(), guild=self)
        self.world.tell("channel_updated", channel, channel.payload(), only=None)

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel or thread by hand; a category's channels stay, without parent."""
        viewers = self.world.viewers(channel) if self.world.observed else None
        for thread in [t for t in self.threads if t.parent is channel]:
            self.delete_channel(thread)
        for child in self.children(channel):
            child.parent = None
            self.announce_channel_update(child)
        channel.deleted = True
        del self._channels[channel.id], self.world.channels[channel.id]
        data = channel.payload()
        if channel.is_thread:
            data = {key: data[key] for key in ("id", "guild_id", "parent_id", "type")}
        event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self.world.gateway.dispatch(event, data, guild=self)
        self.world.tell("channel_deleted", channel, data, only=viewers)
        channel.watch.notify()

    def payload(self) -> Json:
        """The API's guild object."""
        return {
            "id": self.id,
            "name": self.name,
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": self.owner.id,
            "application_id": None,
            "region": "us-west",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "roles": [role.payload() for role in self.roles],
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
        }

    def gateway_payload(self, *, all_members: bool) -> Json:
        """The GUILD_CREATE event: the guild with its channels, threads and members."""
        listed = self.members if all_members else [self.bot_member]
        bot = self.bot_member
        return self.payload() | {
            "joined_at": iso(self.bot_joined_at),
            "large": self.member_count > 250,
            "unavailable": False,
            "member_count": self.member_count,
            "members": [member.payload() for member in listed],
            "channels": [channel.payload() for channel in self.channels],
            "threads": [thread.payload() for thread in self.threads if bot.can_view(thread)],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
