"""Permission bits and the documented algorithm that computes them for a member in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.discord.channels import MEMBER_OVERWRITE, ROLE_OVERWRITE

if TYPE_CHECKING:
    from bot.sandbox.discord.channels import Channel
    from bot.sandbox.discord.guilds import Guild
    from bot.sandbox.discord.members import Member

CREATE_INSTANT_INVITE = 1 << 0
KICK_MEMBERS = 1 << 1
BAN_MEMBERS = 1 << 2
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_AUDIT_LOG = 1 << 7
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
SEND_TTS_MESSAGES = 1 << 12
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_EXTERNAL_EMOJIS = 1 << 18
CONNECT = 1 << 20
SPEAK = 1 << 21
USE_VAD = 1 << 25
CHANGE_NICKNAME = 1 << 26
MANAGE_NICKNAMES = 1 << 27
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
USE_EXTERNAL_STICKERS = 1 << 37
SEND_MESSAGES_IN_THREADS = 1 << 38
MODERATE_MEMBERS = 1 << 40
PIN_MESSAGES = 1 << 51

ALL = (1 << 53) - 1

EVERYONE_DEFAULT = (
    CREATE_INSTANT_INVITE
    | ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | CONNECT
    | SPEAK
    | USE_VAD
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | USE_EXTERNAL_STICKERS
    | SEND_MESSAGES_IN_THREADS
)
"""What @everyone may do in a new guild."""

BOT_DEFAULT = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | MANAGE_CHANNELS
    | MANAGE_ROLES
    | MANAGE_MESSAGES
    | MANAGE_THREADS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | SEND_MESSAGES_IN_THREADS
    | PIN_MESSAGES
)
"""What a support bot's invitation asks for: no Administrator."""

DIRECT_MESSAGE = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | USE_EXTERNAL_EMOJIS
    | MENTION_EVERYONE
    | USE_APPLICATION_COMMANDS
)
"""What both sides may do in a DM."""

_NEEDS_SENDING = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS


def in_guild(guild: Guild, member: Member) -> int:
    """Base permissions: the union over @everyone and the member's roles."""
    if guild.owner.id == member.id:
        return ALL
    granted = guild.everyone.permissions
    for role in member.roles:
        granted |= role.permissions
    return ALL if granted & ADMINISTRATOR else granted


def in_channel(member: Member, channel: Channel) -> int:
    """Permissions after overwrites and implicit denials; threads follow their parent."""
    guild = member.guild
    granted = in_guild(guild, member)
    if granted & ADMINISTRATOR:
        return granted
    place = channel.parent if channel.is_thread and channel.parent else channel
    if place.overwrites:
        granted = _with_overwrites(granted, guild, member, place)
    if not granted & VIEW_CHANNEL:
        return 0
    if channel.is_thread:
        if not _in_thread(member, channel, granted):
            return 0
        may_send = granted & SEND_MESSAGES_IN_THREADS
        granted = granted | SEND_MESSAGES if may_send else granted & ~SEND_MESSAGES
    if not granted & SEND_MESSAGES:
        granted &= ~_NEEDS_SENDING
    return granted


def _with_overwrites(granted: int, guild: Guild, member: Member, channel: Channel) -> int:
    overwrites = channel.overwrites
    if everyone := overwrites.get(guild.id):
        granted = granted & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role in member.roles:
        overwrite = overwrites.get(role.id)
        if overwrite is not None and overwrite.kind == ROLE_OVERWRITE:
            allow |= overwrite.allow
            deny |= overwrite.deny
    granted = granted & ~deny | allow
    own = overwrites.get(member.id)
    if own is not None and own.kind == MEMBER_OVERWRITE:
        granted = granted & ~own.deny | own.allow
    return granted


def _in_thread(member: Member, thread: Channel, granted: int) -> bool:
    """A private thread is for its members and for those who manage threads."""
    if not thread.is_private_thread or granted & MANAGE_THREADS:
        return True
    return thread.thread is not None and member.id in thread.thread.members
