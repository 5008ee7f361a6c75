"""Members: read, search, change, grant roles, kick and ban."""

from __future__ import annotations

from bot.sandbox.discord import permissions
from bot.sandbox.discord.forms import Form, refuse
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.members import Member, Role
from bot.sandbox.discord.rest.access import (
    guild_of,
    member_of,
    require_above,
    require_outranks,
    role_of,
    user_of,
)
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.wire import ApiError, missing_permissions, unknown

routes = Routes()

_MEMBERS = "/guilds/{guild_id}/members"
_MEMBER = f"{_MEMBERS}/{{user_id}}"
_ROLE = f"{_MEMBER}/roles/{{role_id}}"
_BANS = "/guilds/{guild_id}/bans"


@routes("GET", _MEMBERS)
def list_members(call: Call) -> Reply:
    """Members in the order of their ids, in pages of up to 1,000."""
    guild = guild_of(call)
    limit, after = int(call.query.get("limit", 1)), int(call.query.get("after", 0))
    ordered = sorted(guild.members, key=lambda m: int(m.id))
    page = [m for m in ordered if int(m.id) > after][:limit]
    return Reply(200, [member.payload() for member in page])


@routes("GET", f"{_MEMBERS}/search")
def search(call: Call) -> Reply:
    """Members whose name starts with a text."""
    guild = guild_of(call)
    text, limit = call.query.get("query", "").lower(), int(call.query.get("limit", 1))
    found = [
        member
        for member in guild.members
        if member.user.username.lower().startswith(text)
        or (member.nick or member.user.display_name).lower().startswith(text)
    ]
    return Reply(200, [member.payload() for member in found[:limit]])


@routes("GET", _MEMBER)
def get(call: Call) -> Reply:
    """One member."""
    return Reply(200, member_of(call, guild_of(call)).payload())


@routes("PATCH", _MEMBER)
def edit(call: Call) -> Reply:
    """Change a member's nickname or roles."""
    guild = guild_of(call)
    member, body = member_of(call, guild), call.body
    form = Form()
    form.length(("nick",), body.get("nick"), high=32)
    form.finish()
    if "nick" in body:
        _check_nick(guild, member)
    if body.get("roles") is not None:
        wanted = _roles(guild, [str(i) for i in body["roles"]])
        _check_roles(guild, set(wanted) ^ set(member.roles))
        member.roles = wanted
    if "nick" in body:
        member.nick = body["nick"] or None
    guild.announce_member_update(member)
    return Reply(200, member.payload())


def _check_nick(guild: Guild, member: Member) -> None:
    held = guild.bot_member.permissions
    if member is guild.bot_member:
        if not held & permissions.CHANGE_NICKNAME:
            raise missing_permissions()
        return
    if not held & permissions.MANAGE_NICKNAMES:
        raise missing_permissions()
    require_outranks(guild, member)


def _roles(guild: Guild, ids: list[str]) -> list[Role]:
    found = []
    for role_id in dict.fromkeys(ids):
        role = guild.role(role_id)
        if role is None:
            raise unknown(10011, "Role")
        found.append(role)
    return found


def _check_roles(guild: Guild, touched: set[Role]) -> None:
    if not guild.bot_member.permissions & permissions.MANAGE_ROLES:
        raise missing_permissions()
    for role in touched:
        _require_grantable(guild, role)


def _require_grantable(guild: Guild, role: Role) -> None:
    if role.managed or role is guild.everyone:
        raise ApiError(400, 50028, "Invalid Role")
    require_above(guild, role)


@routes("PUT", _ROLE)
def add_role(call: Call) -> Reply:
    """Grant a role below the bot's own."""
    guild = guild_of(call, needs=permissions.MANAGE_ROLES)
    member, role = member_of(call, guild), role_of(call, guild)
    _require_grantable(guild, role)
    guild.give_role(member.user, role)
    return Reply(204)


@routes("DELETE", _ROLE)
def remove_role(call: Call) -> Reply:
    """Take a role below the bot's own away."""
    guild = guild_of(call, needs=permissions.MANAGE_ROLES)
    member, role = member_of(call, guild), role_of(call, guild)
    _require_grantable(guild, role)
    guild.take_role(member.user, role)
    return Reply(204)


@routes("DELETE", _MEMBER)
def kick(call: Call) -> Reply:
    """Remove a member ranked below the bot."""
    guild = guild_of(call, needs=permissions.KICK_MEMBERS)
    member = member_of(call, guild)
    require_outranks(guild, member)
    guild.remove_member(member.user)
    return Reply(204)


# Bans


@routes("GET", _BANS)
def list_bans(call: Call) -> Reply:
    """Who is banned."""
    guild = guild_of(call, needs=permissions.BAN_MEMBERS)
    users = guild.world.users
    return Reply(
        200, [{"user": users[i].payload(), "reason": why} for i, why in guild.bans.items()]
    )


@routes("GET", f"{_BANS}/{{user_id}}")
def get_ban(call: Call) -> Reply:
    """One ban (10026 when there is none)."""
    guild = guild_of(call, needs=permissions.BAN_MEMBERS)
    user = user_of(call)
    if user.id not in guild.bans:
        raise unknown(10026, "Ban")
    return Reply(200, {"user": user.payload(), "reason": guild.bans[user.id]})


@routes("PUT", f"{_BANS}/{{user_id}}")
def ban(call: Call) -> Reply:
    """Ban a user; a member must be ranked below the bot."""
    guild = guild_of(call, needs=permissions.BAN_MEMBERS)
    user = user_of(call)
    member = guild.member(user.id)
    if member is not None:
        require_outranks(guild, member)
    seconds = int((call.body | call.query).get("delete_message_seconds") or 0)
    if not 0 <= seconds <= 604_800:
        raise refuse(("delete_message_seconds",), "NUMBER_TYPE_RANGE", "Up to seven days.")
    guild.ban_member(user)
    return Reply(204)


@routes("DELETE", f"{_BANS}/{{user_id}}")
def unban(call: Call) -> Reply:
    """Lift a ban."""
    guild = guild_of(call, needs=permissions.BAN_MEMBERS)
    user = user_of(call)
    if user.id not in guild.bans:
        raise unknown(10026, "Ban")
    guild.unban_member(user)
    return Reply(204)
