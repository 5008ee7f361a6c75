"""The jobs of plan roles, for whatever changes who should have which."""

from datetime import datetime

from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.domain.job import NewJob
from bot.domain.role_plan import RoleObstacle

APPLY = "roles.apply"
# Discord changes about one role a second in a server: more at once would only wait.
APPLIED_AT_ONCE = 4


def line_of(user_id: UserId) -> str:
    """One member's roles are changed by one job after another."""
    return f"roles:{user_id}"


def apply_roles(user_id: UserId, occasion: str) -> NewJob:
    """Give and take a member's roles in every server, by the state when the job runs.

    `occasion` is new for each reason to look.
    """
    return NewJob(APPLY, f"roles:{user_id}:{occasion}", {"user_id": user_id}, line_of(user_id))


def tell_obstacle(
    guild_id: GuildId, role_id: RoleId, obstacle: RoleObstacle, *, now: datetime
) -> NewJob:
    """Tell a server's team that a role cannot be given or taken: once a day for each role."""
    return NewJob(
        "roles.tell_obstacle",
        f"roles-obstacle:{guild_id}:{role_id}:{now:%Y-%m-%d}",
        {"guild_id": guild_id, "role_id": role_id, "obstacle": obstacle.value},
    )
