"""Why the bot cannot, or must not, give or take a role, and what to do about it."""

from bot.domain.role_plan import RoleObstacle

_WHERE = "in Server Settings, Roles"
_WHY = {
    RoleObstacle.DELETED: "It does not exist any more. Choose another one with `/roles set`.",
    RoleObstacle.EVERYONE: "Everybody has it already. Choose another one.",
    RoleObstacle.MANAGED: (
        "It belongs to a bot or an integration, so nobody can give it. Choose another one."
    ),
    RoleObstacle.TEAM: (
        "It is the role of this server's support team or moderators, and nobody may buy that. "
        "Choose another one."
    ),
    RoleObstacle.DANGEROUS: (
        "It has permissions that nobody may buy, for example to manage or ban. Choose another one, "
        f"or take these permissions away from it {_WHERE}."
    ),
    RoleObstacle.NO_PERMISSION: (
        f"The bot may not manage roles. Give it the permission Manage Roles {_WHERE}, and see that "
        "the bot's own role stands above this one: Discord asks for both."
    ),
    RoleObstacle.NOT_BELOW: (
        f"The bot's own role does not stand above it. Drag the bot's role up {_WHERE}, and see "
        "that it has the permission Manage Roles: Discord asks for both."
    ),
    RoleObstacle.REFUSED: (
        "Discord refuses it. Usually the bot lacks the permission Manage Roles, or its own role "
        f"does not stand above this one. You can change both {_WHERE}."
    ),
}


def why(obstacle: RoleObstacle) -> str:
    """A sentence with the cause, and one with the way out."""
    return _WHY[obstacle]
