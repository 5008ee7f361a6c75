"""Guilds and their roles."""

from __future__ import annotations

from bot.sandbox.discord import permissions
from bot.sandbox.discord.forms import Form, refuse
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.members import Role
from bot.sandbox.discord.rest.access import guild_of, require_above, role_of
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.wire import ApiError, Json, missing_permissions, unknown

routes = Routes()

_GUILD = "/guilds/{guild_id}"
_ROLE = f"{_GUILD}/roles/{{role_id}}"
MAX_ROLES = 250


@routes("GET", _GUILD)
def get(call: Call) -> Reply:
    """A guild, with its member count when asked for."""
    guild = guild_of(call)
    body = guild.payload()
    if call.query.get("with_counts", "").lower() in ("1", "true"):
        body |= {"approximate_member_count": guild.member_count, "approximate_presence_count": 0}
    return Reply(200, body)


@routes("PATCH", _GUILD)
def edit(call: Call) -> Reply:
    """Rename a guild."""
    guild = guild_of(call, needs=permissions.MANAGE_GUILD)
    if call.body.get("name"):
        guild.name = call.body["name"]
    guild.world.gateway.dispatch("GUILD_UPDATE", guild.payload(), guild=guild)
    return Reply(200, guild.payload())


@routes("GET", f"{_GUILD}/emojis")
@routes("GET", f"{_GUILD}/stickers")
@routes("GET", f"{_GUILD}/invites")
@routes("GET", f"{_GUILD}/webhooks")
@routes("GET", f"{_GUILD}/integrations")
@routes("GET", f"{_GUILD}/scheduled-events")
def nothing(call: Call) -> Reply:
    """Lists that are always empty here."""
    guild_of(call)
    return Reply(200, [])


# Roles


@routes("GET", f"{_GUILD}/roles")
def list_roles(call: Call) -> Reply:
    """All roles of a guild."""
    return Reply(200, [role.payload() for role in guild_of(call).roles])


@routes("GET", _ROLE)
def get_role(call: Call) -> Reply:
    """One role."""
    return Reply(200, role_of(call, guild_of(call)).payload())


@routes("POST", f"{_GUILD}/roles")
def create_role(call: Call) -> Reply:
    """A new role, lowest of all; it can hold only permissions that the bot has."""
    guild, body = guild_of(call, needs=permissions.MANAGE_ROLES), call.body
    _check(guild, body)
    if len(guild.roles) >= MAX_ROLES:
        raise ApiError(400, 30005, f"Maximum number of guild roles reached ({MAX_ROLES})")
    granted = body.get("permissions")
    role = guild.add_role(
        body.get("name") or "new role",
        permissions=guild.everyone.permissions if granted is None else int(granted),
        color=_color(body) or 0,
        hoist=bool(body.get("hoist")),
        mentionable=bool(body.get("mentionable")),
    )
    return Reply(200, role.payload())


def _check(guild: Guild, body: Json) -> None:
    form = Form()
    form.length(("name",), body.get("name"), low=1, high=100)
    form.finish()
    held = guild.bot_member.permissions
    if int(body.get("permissions") or 0) & ~held and not held & permissions.ADMINISTRATOR:
        raise missing_permissions()


def _color(body: Json) -> int | None:
    colors = body.get("colors") or {}
    color: int | None = colors.get("primary_color", body.get("color"))
    return color


@routes("PATCH", _ROLE)
def edit_role(call: Call) -> Reply:
    """Change a role below the bot's own."""
    guild = guild_of(call, needs=permissions.MANAGE_ROLES)
    role, body = role_of(call, guild), call.body
    require_above(guild, role)
    _check(guild, body)
    if body.get("name"):
        role.name = body["name"]
    if body.get("permissions") is not None:
        role.permissions = int(body["permissions"])
    if (color := _color(body)) is not None:
        role.color = color
    for key in ("hoist", "mentionable"):
        if body.get(key) is not None:
            setattr(role, key, body[key])
    guild.announce_role_update(role)
    return Reply(200, role.payload())


@routes("PATCH", f"{_GUILD}/roles")
def move_roles(call: Call) -> Reply:
    """Move roles; neither they nor their new places may be at or above the bot's own."""
    guild = guild_of(call, needs=permissions.MANAGE_ROLES)
    top = guild.bot_member.top_position
    moves: list[tuple[Role, int]] = []
    for entry in call.entries or ():
        role = guild.role(str(entry["id"]))
        if role is None:
            raise unknown(10011, "Role")
        position = entry.get("position")
        if position is None or position == role.position:
            continue
        require_above(guild, role)
        if position >= top:
            raise missing_permissions()
        moves.append((role, position))
    for role, position in moves:
        guild.move_role(role, position)
    return list_roles(call)


@routes("DELETE", _ROLE)
def delete_role(call: Call) -> Reply:
    """Delete a role below the bot's own."""
    guild = guild_of(call, needs=permissions.MANAGE_ROLES)
    role = role_of(call, guild)
    require_above(guild, role)
    if role.managed or role is guild.everyone:
        raise refuse(("role_id",), "ROLE_INVALID", "Invalid Role")
    guild.delete_role(role)
    return Reply(204)
