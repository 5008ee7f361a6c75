"""What the gateway has told about a server, as far as plan roles need it. Asks Discord nothing."""

from datetime import timedelta

import discord

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId, RoleId
from bot.domain.role_plan import (
    RoleFacts,
    RoleObstacle,
    Roles,
    obstacle_to_giving,
    obstacle_to_taking,
)
from bot.services.jobs import TryAgainError

OUTAGE_PAUSE = timedelta(minutes=1)
# Discord's own list of permissions that need a second factor, and those that reach other people.
POWERS = discord.Permissions.elevated() | discord.Permissions(
    mention_everyone=True,
    manage_nicknames=True,
    manage_events=True,
    mute_members=True,
    deafen_members=True,
    move_members=True,
)


def is_dangerous(permissions: discord.Permissions, *, of_everyone: discord.Permissions) -> bool:
    """Whether a role gives power that not everybody in the server has anyway."""
    return bool(permissions.value & POWERS.value & ~of_everyone.value)


def find_server(client: discord.Client, guild_id: GuildId) -> discord.Guild | None:
    """None where the bot is no member; raises TryAgainError during an outage of that server."""
    guild = client.get_guild(guild_id)
    if guild is not None and guild.unavailable:
        raise TryAgainError("the server is unavailable", after=OUTAGE_PAUSE)
    return guild


def roles_held(member: discord.Member) -> Roles:
    """The ids of the member's roles."""
    return frozenset(RoleId(role_id) for role_id in member._roles)


def _facts(guild: discord.Guild, role_id: RoleId) -> RoleFacts | None:
    role = guild.get_role(role_id)
    if role is None:
        return None
    everyone = guild.default_role.permissions
    return RoleFacts(
        everyone=role.is_default(),
        managed=role.managed,
        dangerous=is_dangerous(role.permissions, of_everyone=everyone),
        below_bot=role < guild.me.top_role,
    )


def why_not_take(guild: discord.Guild, role_id: RoleId) -> RoleObstacle | None:
    """What would keep the bot from taking this role away, known before Discord refuses."""
    return obstacle_to_taking(
        _facts(guild, role_id), manages_roles=guild.me.guild_permissions.manage_roles
    )


def why_not_give(
    guild: discord.Guild, role_id: RoleId, settings: GuildSettings
) -> RoleObstacle | None:
    """What keeps the bot from giving this role: Discord's rules, and ours."""
    return obstacle_to_giving(
        _facts(guild, role_id),
        manages_roles=guild.me.guild_permissions.manage_roles,
        is_team=role_id in (settings.support_role_id, settings.moderator_role_id),
    )
