"""Finds what a request names, and checks that the bot may do what it asks."""

from __future__ import annotations

from bot.sandbox.discord import permissions
from bot.sandbox.discord.channels import CATEGORY, Channel, Overwrite
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.members import Member, Role
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.rest.router import Call
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import Json, missing_access, missing_permissions, unknown


def channel_of(call: Call, *, needs: int = 0) -> Channel:
    """The channel in the path, which the bot must see and have ``needs`` in.

    Raises:
        ApiError: 10003 unknown, 50001 not visible, 50013 lacking a permission.
    """
    channel = call.backend.world.channels.get(call.params["channel_id"])
    if channel is None:
        raise unknown(10003, "Channel")
    require_in(channel, needs)
    return channel


def require_in(channel: Channel, needs: int) -> None:
    """The bot must see a channel (50001) and hold the permissions (50013)."""
    held = bot_permissions(channel)
    if not held & permissions.VIEW_CHANNEL:
        raise missing_access()
    if held & needs != needs:
        raise missing_permissions()


def bot_permissions(channel: Channel) -> int:
    """What the bot may do in a channel."""
    if channel.guild is None:
        return permissions.DIRECT_MESSAGE
    return channel.guild.bot_member.permissions_in(channel)


def guild_channel_of(call: Call, *, needs: int = 0) -> tuple[Guild, Channel]:
    """Like ``channel_of`` for a channel that must be in a guild."""
    channel = channel_of(call, needs=needs)
    if channel.guild is None:
        raise unknown(10003, "Channel")
    return channel.guild, channel


def guild_of(call: Call, *, needs: int = 0) -> Guild:
    """The guild in the path, in which the bot must hold ``needs``.

    Raises:
        ApiError: 10004 unknown, 50013 lacking a permission.
    """
    guild = call.backend.world.guilds.get(call.params["guild_id"])
    if guild is None:
        raise unknown(10004, "Guild")
    if guild.bot_member.permissions & needs != needs:
        raise missing_permissions()
    return guild


def message_of(call: Call, channel: Channel) -> Message:
    """The message in the path (10008 when the channel has none such)."""
    message = channel.history.get(call.params["message_id"])
    if message is None:
        raise unknown(10008, "Message")
    return message


def user_of(call: Call) -> User:
    """The user in the path (10013 when there is none)."""
    user = call.backend.world.users.get(call.params["user_id"])
    if user is None:
        raise unknown(10013, "User")
    return user


def member_of(call: Call, guild: Guild) -> Member:
    """The member in the path (10007 when they are not in the guild)."""
    wanted = call.params["user_id"]
    member = guild.member(call.backend.world.bot.id if wanted == "@me" else wanted)
    if member is None:
        raise unknown(10007, "Member")
    return member


def role_of(call: Call, guild: Guild) -> Role:
    """The role in the path (10011 when the guild has none such)."""
    role = guild.role(call.params["role_id"])
    if role is None:
        raise unknown(10011, "Role")
    return role


def require_above(guild: Guild, role: Role) -> None:
    """The bot acts only on roles below its own highest (50013)."""
    if role.position >= guild.bot_member.top_position:
        raise missing_permissions()


def require_outranks(guild: Guild, member: Member) -> None:
    """The bot acts only on members whose highest role is below its own, never on the owner."""
    if member.id == guild.owner.id or member.top_position >= guild.bot_member.top_position:
        raise missing_permissions()


def overwrites_from(guild: Guild, bodies: list[Json], *, place: Channel | None) -> list[Overwrite]:
    """Overwrites from a request.

    Only permissions that the bot has itself can be allowed or denied, and Manage Roles only
    by an administrator, unless the bot has an overwrite for it in the channel (50013).
    """
    held = guild.bot_member.permissions
    administrator = bool(held & permissions.ADMINISTRATOR)
    if place is not None and place.kind != CATEGORY:
        held |= guild.bot_member.permissions_in(place)
    own = place.overwrites.get(guild.bot_member.id) if place is not None else None
    may_manage_roles = administrator or bool(own and own.allow & permissions.MANAGE_ROLES)
    found = []
    for body in bodies:
        allow, deny = int(body.get("allow") or 0), int(body.get("deny") or 0)
        overwrite = Overwrite(str(body["id"]), int(body["type"]), allow, deny)
        found.append(overwrite)
        if place is not None and place.overwrites.get(overwrite.target_id) == overwrite:
            continue
        touched = allow | deny
        if touched & permissions.MANAGE_ROLES and not may_manage_roles:
            raise missing_permissions()
        if not administrator and touched & ~held:
            raise missing_permissions()
    return found
