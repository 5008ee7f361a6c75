"""Which Discord roles a member's plans give, how to get there, and what stands in the way.

Only roles that Mooring has granted are ever taken: one that somebody else gave stays.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import GuildId, PlanId, RoleId, UserId
from bot.domain.subscription import Subscription, has_access

Roles = frozenset[RoleId]


@dataclass(frozen=True, slots=True)
class RoleSteps:
    """`forget` are granted roles that somebody has taken away already, and that are over."""

    revoke: Roles
    forget: Roles
    grant: Roles

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.revoke or self.forget or self.grant)

    @property
    def all(self) -> Roles:
        """Every role that a step is about."""
        return self.revoke | self.forget | self.grant


def plan_that_is_on(
    subscription: Subscription | None, *, now: datetime, grace: timedelta
) -> PlanId | None:
    """The plan that this subscription gives access to (rules S2, S4); None without access."""
    if subscription is None or not has_access(subscription, now=now, grace=grace):
        return None
    return subscription.plan_id


def wanted_roles(
    subscriptions: Collection[Subscription],
    mapping: Mapping[PlanId, RoleId],
    *,
    now: datetime,
    grace: timedelta,
) -> Roles:
    """The roles of every plan that is on, whichever subscription it is from (rule S8)."""
    plans = {plan_that_is_on(each, now=now, grace=grace) for each in subscriptions}
    return frozenset(role_id for plan_id, role_id in mapping.items() if plan_id in plans)


def role_steps(*, wanted: Roles, granted: Roles, held: Roles) -> RoleSteps:
    """From what the member has in Discord (`held`) to what they should have.

    A wanted role that is held without having been granted is somebody else's gift.
    """
    over = granted - wanted
    return RoleSteps(revoke=over & held, forget=over - held, grant=wanted - held)


@dataclass(frozen=True, slots=True)
class MemberRoles:
    """In one server: what a member should have, and what the bot has given them."""

    guild_id: GuildId
    user_id: UserId
    wanted: Roles
    granted: Roles

    def steps(self, held: Roles) -> RoleSteps:
        """From what the member has in Discord."""
        return role_steps(wanted=self.wanted, granted=self.granted, held=held)


class RoleObstacle(StrEnum):
    """Why the bot cannot, or must not, give or take a role."""

    DELETED = "deleted"
    EVERYONE = "everyone"
    MANAGED = "managed"
    TEAM = "team"
    DANGEROUS = "dangerous"
    NO_PERMISSION = "no_permission"
    NOT_BELOW = "not_below"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What Discord says about a role. `dangerous`: it allows what nobody should be able to buy."""

    everyone: bool
    managed: bool
    dangerous: bool
    below_bot: bool


def obstacle_to_taking(role: RoleFacts | None, *, manages_roles: bool) -> RoleObstacle | None:
    """`role` is None for one that has been deleted; `manages_roles` is the bot's permission."""
    if role is None:
        return RoleObstacle.DELETED
    if role.everyone:
        return RoleObstacle.EVERYONE
    if role.managed:
        return RoleObstacle.MANAGED
    if not manages_roles:
        return RoleObstacle.NO_PERMISSION
    return None if role.below_bot else RoleObstacle.NOT_BELOW


def obstacle_to_giving(
    role: RoleFacts | None, *, manages_roles: bool, is_team: bool
) -> RoleObstacle | None:
    """A role with power is never given for money: neither the team's own, nor one that manages."""
    if role is not None and not role.everyone and not role.managed:
        if is_team:
            return RoleObstacle.TEAM
        if role.dangerous:
            return RoleObstacle.DANGEROUS
    return obstacle_to_taking(role, manages_roles=manages_roles)
