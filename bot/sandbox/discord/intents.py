"""Which gateway intents an event needs, and what is blanked without Message Content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.discord.users import (
    MEMBERS_LIMITED,
    MESSAGE_CONTENT_LIMITED,
    PRESENCE_LIMITED,
    Application,
)
from bot.sandbox.discord.wire import Json

if TYPE_CHECKING:
    from bot.sandbox.discord.channels import Channel
    from bot.sandbox.discord.guilds import Guild

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_MODERATION = 1 << 2
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_MESSAGE_REACTIONS = 1 << 10
GUILD_MESSAGE_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_MESSAGE_REACTIONS = 1 << 13
DIRECT_MESSAGE_TYPING = 1 << 14
MESSAGE_CONTENT = 1 << 15

PRIVILEGED = {
    GUILD_MEMBERS: MEMBERS_LIMITED,
    GUILD_PRESENCES: PRESENCE_LIMITED,
    MESSAGE_CONTENT: MESSAGE_CONTENT_LIMITED,
}

_IN_GUILD = {
    **dict.fromkeys(
        (
            "GUILD_CREATE",
            "GUILD_UPDATE",
            "GUILD_DELETE",
            "GUILD_ROLE_CREATE",
            "GUILD_ROLE_UPDATE",
            "GUILD_ROLE_DELETE",
            "CHANNEL_CREATE",
            "CHANNEL_UPDATE",
            "CHANNEL_DELETE",
            "CHANNEL_PINS_UPDATE",
            "THREAD_CREATE",
            "THREAD_UPDATE",
            "THREAD_DELETE",
            "THREAD_LIST_SYNC",
        ),
        GUILDS,
    ),
    # Without the intent Discord tells of a thread's members only where the bot itself is one of
    # those who come or go.
    **dict.fromkeys(
        (
            "GUILD_MEMBER_ADD",
            "GUILD_MEMBER_UPDATE",
            "GUILD_MEMBER_REMOVE",
            "THREAD_MEMBERS_UPDATE",
        ),
        GUILD_MEMBERS,
    ),
    **dict.fromkeys(("GUILD_BAN_ADD", "GUILD_BAN_REMOVE"), GUILD_MODERATION),
    **dict.fromkeys(
        ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"),
        GUILD_MESSAGES,
    ),
    **dict.fromkeys(("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"), GUILD_MESSAGE_REACTIONS),
    "TYPING_START": GUILD_MESSAGE_TYPING,
}
_IN_DM = {
    **dict.fromkeys(
        ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_PINS_UPDATE"),
        DIRECT_MESSAGES,
    ),
    **dict.fromkeys(("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"), DIRECT_MESSAGE_REACTIONS),
    "TYPING_START": DIRECT_MESSAGE_TYPING,
}
_NEEDS_VIEW = frozenset(
    {
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "TYPING_START",
        "THREAD_CREATE",
        "THREAD_UPDATE",
    }
)


def wanted(name: str, intents: int, *, in_guild: bool) -> bool:
    """Whether a session with these intents receives an event; interactions need none."""
    needed = (_IN_GUILD if in_guild else _IN_DM).get(name)
    return needed is None or bool(intents & needed)


def disallowed(intents: int, application: Application) -> bool:
    """Whether a privileged intent is asked for that the application has not switched on (4014)."""
    return any(
        intents & intent and not application.flags & flag for intent, flag in PRIVILEGED.items()
    )


def hidden(name: str, guild: Guild | None, channel: Channel | None) -> bool:
    """Whether the bot cannot see the channel that the event is about."""
    if guild is None or channel is None or name not in _NEEDS_VIEW:
        return False
    return not guild.bot_member.can_view(channel)


def without_content(data: Json, bot_id: str) -> Json:
    """A guild message as seen without the Message Content intent.

    The bot's own messages and those that mention it keep their contents.
    """
    if data["author"]["id"] == bot_id or any(u["id"] == bot_id for u in data["mentions"]):
        return data
    return data | {"content": "", "embeds": [], "attachments": [], "components": []}
