"""Messages in channels: create, read, edit, delete, pin, react, type."""

from __future__ import annotations

from urllib.parse import unquote

from bot.sandbox.discord import channels, messaging, permissions
from bot.sandbox.discord import messages as flags
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.forms import refuse
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.messaging import Post
from bot.sandbox.discord.rest.access import bot_permissions, channel_of, message_of
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import ApiError, Json, iso, missing_permissions
from bot.sandbox.discord.world import World

routes = Routes()

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = f"{_MESSAGES}/{{message_id}}"
_REACTION = f"{_MESSAGE}/reactions/{{emoji_name}}"
BULK_DELETE_SECONDS = 14 * 24 * 3600
MAX_PINS = 250
_NO_TEXT = frozenset({channels.CATEGORY})


@routes("POST", _MESSAGES)
def create(call: Call) -> Reply:
    """Send a message."""
    backend, body = call.backend, call.body
    channel = channel_of(call, needs=permissions.SEND_MESSAGES)
    _check_place(backend.world, channel, body, has_files=bool(call.files))
    nonce = body.get("nonce")
    if nonce is not None and body.get("enforce_nonce"):
        earlier = backend.nonces.earlier(channel.id, nonce)
        if earlier is not None:
            return Reply(200, earlier.payload())
    quoted, reference = _reply(channel, body)
    post = Post(
        channel,
        backend.world.bot,
        body,
        call.files,
        kind=flags.REPLY if reference else flags.DEFAULT_TYPE,
        reply_to=quoted,
        reference=reference,
    )
    message = messaging.post(backend.world, post)
    backend.nonces.remember(message)
    return Reply(200, message.payload())


def _takes_dms(user: User, world: World) -> bool:
    """A bot reaches only people with whom it shares a server, and who let it."""
    shares_one = any(guild.member(user.id) is not None for guild in world.guilds.values())
    return user.accepts_dms and shares_one


def _check_place(world: World, channel: Channel, body: Json, *, has_files: bool) -> None:
    if channel.guild is None:
        if not all(_takes_dms(user, world) for user in channel.recipients):
            raise ApiError(403, 50007, "Cannot send messages to this user")
        return
    if channel.kind in _NO_TEXT:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    held = bot_permissions(channel)
    if has_files and not held & permissions.ATTACH_FILES:
        raise missing_permissions()
    if body.get("embeds") and not held & permissions.EMBED_LINKS:
        raise missing_permissions()
    thread = channel.thread
    if thread is not None and thread.locked and not held & permissions.MANAGE_THREADS:
        raise ApiError(400, 50083, "Thread is archived")
    if thread is not None and thread.archived:
        thread.archived = False
        channel.guild.announce_channel_update(channel)


def _reply(channel: Channel, body: Json) -> tuple[Message | None, Json | None]:
    wanted = body.get("message_reference")
    if not wanted:
        return None, None
    if not bot_permissions(channel) & permissions.READ_MESSAGE_HISTORY:
        raise ApiError(403, 160002, "Cannot reply without permission to read message history")
    quoted = channel.history.get(str(wanted.get("message_id")))
    if quoted is None:
        if wanted.get("fail_if_not_exists", True):
            raise refuse(
                ("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"
            )
        return None, None
    reference: Json = {"type": 0, "channel_id": channel.id, "message_id": quoted.id}
    if channel.guild is not None:
        reference["guild_id"] = channel.guild.id
    return quoted, reference


@routes("GET", _MESSAGES)
def history(call: Call) -> Reply:
    """Up to 100 messages, newest first, around, before or after an id."""
    channel = channel_of(call)
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise refuse(("limit",), "NUMBER_TYPE_RANGE", "int value should be between 1 and 100.")
    if not bot_permissions(channel) & permissions.READ_MESSAGE_HISTORY:
        return Reply(200, [])
    found = sorted(channel.history.values(), key=lambda m: int(m.id))
    if "before" in call.query:
        found = [m for m in found if int(m.id) < int(call.query["before"])][-limit:]
    elif "after" in call.query:
        found = [m for m in found if int(m.id) > int(call.query["after"])][:limit]
    elif "around" in call.query:
        middle = int(call.query["around"])
        older = [m for m in found if int(m.id) < middle][-(limit // 2) :]
        found = older + [m for m in found if int(m.id) >= middle][: limit - len(older)]
    else:
        found = found[-limit:]
    return Reply(200, [message.payload() for message in reversed(found)])


@routes("GET", _MESSAGE)
def get(call: Call) -> Reply:
    """One message; ephemeral ones cannot be read this way."""
    channel = channel_of(call, needs=permissions.READ_MESSAGE_HISTORY)
    return Reply(200, message_of(call, channel).payload())


@routes("PATCH", _MESSAGE)
def edit(call: Call) -> Reply:
    """Edit one of the bot's own messages."""
    message = message_of(call, channel_of(call))
    if message.author is not call.backend.world.bot:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    return Reply(200, messaging.edit(call.backend.world, message, call.body, call.files).payload())


@routes("DELETE", _MESSAGE)
def delete(call: Call) -> Reply:
    """Delete an own message, or with Manage Messages anybody's."""
    channel = channel_of(call)
    message = message_of(call, channel)
    if message.author is not call.backend.world.bot and (
        channel.guild is None or not bot_permissions(channel) & permissions.MANAGE_MESSAGES
    ):
        raise missing_permissions()
    messaging.delete(call.backend.world, message)
    return Reply(204)


@routes("POST", f"{_MESSAGES}/bulk-delete")
def bulk_delete(call: Call) -> Reply:
    """Delete 2 to 100 messages, none older than two weeks."""
    world = call.backend.world
    channel = channel_of(call, needs=permissions.MANAGE_MESSAGES)
    ids = [str(i) for i in call.body.get("messages") or ()]
    if not 2 <= len(ids) <= 100:
        raise refuse(("messages",), "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    found = [channel.history[i] for i in ids if i in channel.history]
    if any(world.clock() - m.created_at > BULK_DELETE_SECONDS for m in found):
        raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    for message in found:
        messaging.delete(world, message, silent=True)
    data: Json = {"ids": [m.id for m in found], "channel_id": channel.id}
    if channel.guild is not None:
        data["guild_id"] = channel.guild.id
    world.gateway.dispatch("MESSAGE_DELETE_BULK", data, guild=channel.guild, channel=channel)
    return Reply(204)


@routes("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> Reply:
    """Show that the bot is typing."""
    channel_of(call, needs=permissions.SEND_MESSAGES)
    return Reply(204)


# Pins


@routes("GET", f"{_MESSAGES}/pins")
def pins(call: Call) -> Reply:
    """The pinned messages with the time of their pinning."""
    pinned = [m for m in channel_of(call).history.values() if m.pinned]
    items: list[Json] = [
        {"pinned_at": iso(m.edited_at or m.created_at), "message": m.payload()}
        for m in reversed(pinned)
    ]
    return Reply(200, {"items": items, "has_more": False})


@routes("GET", "/channels/{channel_id}/pins")
def pins_before_2025(call: Call) -> Reply:
    """The pinned messages as a plain list, as the older path gives them."""
    pinned = [m for m in channel_of(call).history.values() if m.pinned]
    return Reply(200, [message.payload() for message in reversed(pinned)])


@routes("PUT", f"{_MESSAGES}/pins/{{message_id}}")
@routes("PUT", "/channels/{channel_id}/pins/{message_id}")
def pin(call: Call) -> Reply:
    """Pin a message; the channel says so in a message of its own."""
    channel = channel_of(call, needs=_pinning(call))
    message = message_of(call, channel)
    if sum(m.pinned for m in channel.history.values()) >= MAX_PINS:
        raise ApiError(400, 30003, "Maximum number of pins reached")
    _set_pinned(call, channel, message, pinned=True)
    return Reply(204)


@routes("DELETE", f"{_MESSAGES}/pins/{{message_id}}")
@routes("DELETE", "/channels/{channel_id}/pins/{message_id}")
def unpin(call: Call) -> Reply:
    """Take a pin off."""
    channel = channel_of(call, needs=_pinning(call))
    _set_pinned(call, channel, message_of(call, channel), pinned=False)
    return Reply(204)


def _pinning(call: Call) -> int:
    channel = call.backend.world.channels.get(call.params["channel_id"])
    return permissions.PIN_MESSAGES if channel is not None and channel.guild else 0


def _set_pinned(call: Call, channel: Channel, message: Message, *, pinned: bool) -> None:
    world = call.backend.world
    message.pinned = pinned
    channel.last_pin_at = world.clock()
    data: Json = {"channel_id": channel.id, "last_pin_timestamp": iso(channel.last_pin_at)}
    if channel.guild is not None:
        data["guild_id"] = channel.guild.id
    world.gateway.dispatch("CHANNEL_PINS_UPDATE", data, guild=channel.guild, channel=channel)
    messaging.touched(world, message)


# Reactions


@routes("PUT", f"{_REACTION}/@me")
def react(call: Call) -> Reply:
    """Add the bot's reaction."""
    channel = channel_of(call, needs=permissions.ADD_REACTIONS | permissions.READ_MESSAGE_HISTORY)
    message, emoji = message_of(call, channel), unquote(call.params["emoji_name"])
    bot = call.backend.world.bot
    message.reactions = message.reactions or {}
    users = message.reactions.setdefault(emoji, [])
    if bot not in users:
        users.append(bot)
        _announce_reaction(call, message, emoji, "MESSAGE_REACTION_ADD")
    return Reply(204)


@routes("DELETE", f"{_REACTION}/@me")
def unreact(call: Call) -> Reply:
    """Remove the bot's reaction."""
    message, emoji = message_of(call, channel_of(call)), unquote(call.params["emoji_name"])
    bot, reactions = call.backend.world.bot, message.reactions or {}
    users = reactions.get(emoji, [])
    if bot in users:
        users.remove(bot)
        if not users:
            del reactions[emoji]
        _announce_reaction(call, message, emoji, "MESSAGE_REACTION_REMOVE")
    return Reply(204)


@routes("GET", _REACTION)
def reactors(call: Call) -> Reply:
    """Who reacted with an emoji."""
    message, emoji = message_of(call, channel_of(call)), unquote(call.params["emoji_name"])
    return Reply(200, [user.payload() for user in (message.reactions or {}).get(emoji, ())])


@routes("DELETE", f"{_MESSAGE}/reactions")
def clear_reactions(call: Call) -> Reply:
    """Remove everybody's reactions."""
    message = message_of(call, channel_of(call, needs=permissions.MANAGE_MESSAGES))
    message.reactions = None
    messaging.touched(call.backend.world, message)
    return Reply(204)


def _announce_reaction(call: Call, message: Message, emoji: str, event: str) -> None:
    world, channel = call.backend.world, message.channel
    name, _, emoji_id = emoji.partition(":")
    data: Json = {
        "user_id": world.bot.id,
        "channel_id": channel.id,
        "message_id": message.id,
        "message_author_id": message.author.id,
        "emoji": {"id": emoji_id or None, "name": name},
        "burst": False,
        "type": 0,
    }
    if channel.guild is not None:
        data["guild_id"] = channel.guild.id
        data["member"] = channel.guild.bot_member.payload()
    world.gateway.dispatch(event, data, guild=channel.guild, channel=channel)
    world.tell("message_updated", channel, message.payload())
