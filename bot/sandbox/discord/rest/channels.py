"""Guild channels: create, read, change, delete, and their overwrites."""

from __future__ import annotations

from collections.abc import Callable

from bot.sandbox.discord import channels, permissions
from bot.sandbox.discord.channels import Channel, Overwrite
from bot.sandbox.discord.forms import Form, refuse
from bot.sandbox.discord.guilds import MAX_CHANNELS, MAX_CHANNELS_PER_CATEGORY, Guild
from bot.sandbox.discord.rest.access import (
    bot_permissions,
    channel_of,
    guild_channel_of,
    guild_of,
    overwrites_from,
    require_in,
)
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.rest.threads import edit_thread
from bot.sandbox.discord.wire import ApiError, Json, missing_access, missing_permissions, unknown

routes = Routes()

_CHANNEL = "/channels/{channel_id}"
_OVERWRITE = f"{_CHANNEL}/permissions/{{overwrite_id}}"
_MAKEABLE = frozenset({channels.TEXT, channels.VOICE, channels.CATEGORY, channels.NEWS})


@routes("GET", "/guilds/{guild_id}/channels")
def list_channels(call: Call) -> Reply:
    """Every channel of a guild, threads not included."""
    return Reply(200, [channel.payload() for channel in guild_of(call).channels])


@routes("POST", "/guilds/{guild_id}/channels")
def create(call: Call) -> Reply:
    """A new channel; without overwrites of its own it takes its category's."""
    guild, body = guild_of(call), call.body
    kind = body.get("type") or channels.TEXT
    parent = _parent(guild, body.get("parent_id"))
    if parent is None and not guild.bot_member.permissions & permissions.MANAGE_CHANNELS:
        raise missing_permissions()
    if parent is not None:
        require_in(parent, permissions.MANAGE_CHANNELS)
    _check_fields(body, creating=True)
    if kind not in _MAKEABLE:
        raise refuse(("type",), "BASE_TYPE_CHOICES", "This kind of channel cannot be made here.")
    if len(guild.channels) >= MAX_CHANNELS:
        raise ApiError(400, 30013, f"Maximum number of guild channels reached ({MAX_CHANNELS})")
    overwrites = overwrites_from(guild, body.get("permission_overwrites") or [], place=None)
    channel = guild.add_channel(
        kind,
        _written(kind, body["name"]),
        parent=parent,
        overwrites=overwrites,
        topic=body.get("topic"),
        nsfw=bool(body.get("nsfw")),
        rate_limit_per_user=body.get("rate_limit_per_user") or 0,
        position=body.get("position"),
    )
    return Reply(201, channel.payload())


def _parent(guild: Guild, parent_id: object, *, moving: Channel | None = None) -> Channel | None:
    """The category a channel goes into, refused when it is full or none."""
    if parent_id is None:
        return None
    parent = guild.world.channels.get(str(parent_id))
    if parent is None or parent.guild is not guild or parent.kind != channels.CATEGORY:
        raise refuse(("parent_id",), "CHANNEL_PARENT_INVALID", "Category does not exist")
    others = [child for child in guild.children(parent) if child is not moving]
    if len(others) >= MAX_CHANNELS_PER_CATEGORY:
        raise refuse(
            ("parent_id",),
            "CHANNEL_PARENT_MAX_CHANNELS",
            f"Maximum number of channels in category reached ({MAX_CHANNELS_PER_CATEGORY})",
        )
    return parent


def _check_fields(body: Json, *, creating: bool) -> None:
    form = Form()
    if creating:
        form.required(("name",), body.get("name"))
    form.length(("name",), body.get("name"), low=1, high=100)
    form.length(("topic",), body.get("topic"), high=1024)
    form.length(("permission_overwrites",), body.get("permission_overwrites"), high=100)
    form.finish()


def _written(kind: int, name: str) -> str:
    """Text channels are written in lower case with dashes, as Discord stores them."""
    if kind not in (channels.TEXT, channels.NEWS):
        return name
    return "-".join(name.lower().split())


@routes("PATCH", "/guilds/{guild_id}/channels")
def reorder(call: Call) -> Reply:
    """Move channels about."""
    guild = guild_of(call, needs=permissions.MANAGE_CHANNELS)
    for entry in call.entries or ():
        channel = guild.world.channels.get(str(entry["id"]))
        if channel is None or channel.guild is not guild:
            raise unknown(10003, "Channel")
        if entry.get("position") is not None:
            channel.position = entry["position"]
        if "parent_id" in entry:
            channel.parent = _parent(guild, entry["parent_id"], moving=channel)
        guild.announce_channel_update(channel)
    return Reply(204)


@routes("GET", _CHANNEL)
def get(call: Call) -> Reply:
    """A channel, thread or DM."""
    return Reply(200, channel_of(call).payload())


@routes("PATCH", _CHANNEL)
def edit(call: Call) -> Reply:
    """Change a channel or thread."""
    guild, channel = guild_channel_of(call)
    if channel.is_thread:
        return edit_thread(call, guild, channel)
    require_in(channel, permissions.MANAGE_CHANNELS)
    body = call.body
    _check_fields(body, creating=False)
    changes = _changes(guild, channel, body)
    if _renames(channel, body):
        call.backend.limits.rename(channel.id)
    for change in changes:
        change()
    guild.announce_channel_update(channel)
    return Reply(200, channel.payload())


def _renames(channel: Channel, body: Json) -> bool:
    name, topic = body.get("name"), body.get("topic", channel.topic)
    renamed = name is not None and _written(channel.kind, name) != channel.name
    return renamed or (topic or None) != (channel.topic or None)


def _changes(guild: Guild, channel: Channel, body: Json) -> list[Callable[[], None]]:
    """What an edit sets, checked first and done only once all of it is allowed."""
    fields: Json = {}
    if body.get("name") is not None:
        fields["name"] = _written(channel.kind, body["name"])
    for key in ("topic", "nsfw", "position", "rate_limit_per_user"):
        if body.get(key) is not None or (key == "topic" and key in body):
            fields[key] = body[key]
    if "parent_id" in body:
        fields["parent"] = _parent(guild, body["parent_id"], moving=channel)
    if body.get("permission_overwrites") is not None:
        _require_manage_roles(channel)
        wanted = overwrites_from(guild, body["permission_overwrites"], place=channel)
        fields["overwrites"] = {overwrite.target_id: overwrite for overwrite in wanted}

    def apply() -> None:
        for key, value in fields.items():
            setattr(channel, key, value)

    return [apply]


@routes("DELETE", _CHANNEL)
def delete(call: Call) -> Reply:
    """Delete a channel or thread; a DM is only closed."""
    channel = channel_of(call)
    if channel.guild is None:
        return Reply(200, channel.payload())
    needed = permissions.MANAGE_THREADS if channel.is_thread else permissions.MANAGE_CHANNELS
    require_in(channel, needed)
    body = channel.payload()
    channel.guild.delete_channel(channel)
    return Reply(200, body)


# Overwrites


def _require_manage_roles(channel: Channel) -> None:
    held = bot_permissions(channel)
    if not held & permissions.VIEW_CHANNEL:
        raise missing_access()
    if not held & permissions.MANAGE_ROLES:
        raise missing_permissions()


@routes("PUT", _OVERWRITE)
def put_overwrite(call: Call) -> Reply:
    """Set the overwrite of a role or member."""
    guild, channel = guild_channel_of(call)
    _require_manage_roles(channel)
    body = call.body | {"id": call.params["overwrite_id"]}
    overwrite: Overwrite = overwrites_from(guild, [body], place=channel)[0]
    channel.overwrites = {**channel.overwrites, overwrite.target_id: overwrite}
    guild.announce_channel_update(channel)
    return Reply(204)


@routes("DELETE", _OVERWRITE)
def delete_overwrite(call: Call) -> Reply:
    """Remove the overwrite of a role or member (10009 when there is none)."""
    guild, channel = guild_channel_of(call)
    _require_manage_roles(channel)
    target = call.params["overwrite_id"]
    if target not in channel.overwrites:
        raise unknown(10009, "Overwrite")
    channel.overwrites = {k: v for k, v in channel.overwrites.items() if k != target}
    guild.announce_channel_update(channel)
    return Reply(204)


@routes("GET", f"{_CHANNEL}/invites")
@routes("GET", f"{_CHANNEL}/webhooks")
def nothing(call: Call) -> Reply:
    """Channels have no invites and no webhooks."""
    channel_of(call)
    return Reply(200, [])
