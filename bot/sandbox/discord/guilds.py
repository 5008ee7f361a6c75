"""Guilds: what they contain; what changes them announces the change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.sandbox.discord import channels, permissions
from bot.sandbox.discord.channels import Channel, Overwrite
from bot.sandbox.discord.guild_payloads import guild_create, guild_payload
from bot.sandbox.discord.members import Member, Role
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import Json

if TYPE_CHECKING:
    from bot.sandbox.discord.world import World

MAX_CHANNELS = 500
MAX_CHANNELS_PER_CATEGORY = 50
MAX_ACTIVE_THREADS = 1000


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
                "GUILD_CREATE", guild_create(self, all_members=False), guild=self
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

    def archive_thread(self, thread: Channel, *, archived: bool = True) -> None:
        """Put a thread away, as Discord does after a time without messages, or wake it up."""
        if thread.thread is None:
            raise ValueError("only threads are archived")
        thread.thread.archived = archived
        thread.thread.archive_changed_at = self.world.clock()
        self.announce_channel_update(thread)

    def add_to_thread(self, thread: Channel, user: User) -> None:
        """Bring somebody into a thread."""
        if thread.thread is None or user.id in thread.thread.members:
            return
        thread.thread.members[user.id] = self.world.clock()
        added = thread.thread_member_payload(user.id) | {"member": self._members[user.id].payload()}
        self._announce_thread_members(thread, {"added_members": [added]})

    def remove_from_thread(self, thread: Channel, user_id: str) -> None:
        """Take somebody out of a thread."""
        if thread.thread is not None and thread.thread.members.pop(user_id, None) is not None:
            self._announce_thread_members(thread, {"removed_member_ids": [user_id]})

    def _announce_thread_members(self, thread: Channel, change: Json) -> None:
        assert thread.thread is not None  # noqa: S101 - callers hold a thread
        data: Json = {
            "id": thread.id,
            "guild_id": self.id,
            "member_count": len(thread.thread.members),
        }
        self.world.gateway.dispatch("THREAD_MEMBERS_UPDATE", data | change, guild=self)
        self.world.tell("channel_updated", thread, thread.payload())

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel or thread by hand; a category's channels stay, without parent.

        A channel's threads go with it, and the gateway tells of the channel alone.
        """
        for thread in [t for t in self.threads if t.parent is channel]:
            self._remove_channel(thread)
        for child in self.children(channel):
            child.parent = None
            self.announce_channel_update(child)
        data = self._remove_channel(channel)
        event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self.world.gateway.dispatch(event, data, guild=self)

    def _remove_channel(self, channel: Channel) -> Json:
        viewers = self.world.viewers(channel) if self.world.observed else None
        channel.deleted = True
        del self._channels[channel.id], self.world.channels[channel.id]
        data = channel.payload()
        if channel.is_thread:
            data = {key: data[key] for key in ("id", "guild_id", "parent_id", "type")}
        self.world.tell("channel_deleted", channel, data, only=viewers)
        channel.watch.notify()
        return data

    def payload(self) -> Json:
        """The API's guild object."""
        return guild_payload(self)
