"""The roles of plans in one server: whether the bot can give them, and hears who joins."""

from collections.abc import Iterator, Mapping

from discord import Permissions
from discord.flags import ApplicationFlags

from bot.checks.discord_guild import GuildView
from bot.checks.findings import Finding, doubtful, fine, wrong
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import PlanId, RoleId
from bot.domain.role_plan import RoleFacts, obstacle_to_giving
from cogs.role_obstacles import why
from cogs.roles.servers import is_dangerous


def check_joins(flags: ApplicationFlags) -> Finding:
    """A bot in 100 servers and more has the full flag, a smaller one the limited one."""
    if flags.gateway_guild_members or flags.gateway_guild_members_limited:
        return fine("The Server Members intent is on, so who joins gets their plan's role at once.")
    return doubtful(
        "The Server Members intent is off, so who joins gets their plan's role at their next "
        "command, or within a day. Switch it on in the developer portal: your application, Bot, "
        "Privileged Gateway Intents."
    )


def check_plan_roles(
    guild: GuildView, settings: GuildSettings, mapping: Mapping[PlanId, RoleId]
) -> Iterator[Finding]:
    """One finding for each role that the bot cannot, or must not, give."""
    team = (settings.support_role_id, settings.moderator_role_id)
    for plan_id, role_id in mapping.items():
        facts = _facts(guild, role_id)
        obstacle = obstacle_to_giving(
            facts, manages_roles=guild.bot_permissions.manage_roles, is_team=role_id in team
        )
        if obstacle is not None:
            name = guild.roles[role_id]["name"] if facts is not None else role_id
            yield wrong(
                f"{guild.name}: the plan {plan_id} cannot give the role {name}. {why(obstacle)}"
            )


def _facts(guild: GuildView, role_id: RoleId) -> RoleFacts | None:
    role = guild.roles.get(role_id)
    if role is None:
        return None
    everyone = Permissions(int(guild.roles[guild.guild_id]["permissions"]))
    return RoleFacts(
        everyone=role_id == guild.guild_id,
        managed=bool(role["managed"]),
        dangerous=is_dangerous(Permissions(int(role["permissions"])), of_everyone=everyone),
        below_bot=role["position"] < guild.bot_position,
    )
