"""Plans' roles in each server, and the roles that the bot has granted there."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, PlanId, RoleId, SubscriptionId, UserId
from bot.domain.subscription import Subscription
from storage.schema import customers, granted_roles, plan_roles, subscriptions
from storage.subscriptions import WITH_TERMS, to_subscription
from storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class PlanRoles:
    """One server's roles by plan. `from_file`: they were taken over from mooring.toml."""

    roles: Mapping[PlanId, RoleId]
    from_file: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a member's roles: subscriptions that go on, and what was granted."""

    user_id: UserId
    subscriptions: tuple[Subscription, ...]
    granted: Mapping[GuildId, frozenset[RoleId]]


async def plan_roles_of(connection: AsyncConnection, guild_id: GuildId) -> dict[PlanId, RoleId]:
    """The roles that count in this server."""
    rows = await connection.execute(
        sa.select(plan_roles.c.plan_id, plan_roles.c.role_id).where(
            plan_roles.c.guild_id == guild_id
        )
    )
    return {row.plan_id: row.role_id for row in rows}


async def all_plan_roles(connection: AsyncConnection) -> dict[GuildId, PlanRoles]:
    """Every server with at least one."""
    found: dict[GuildId, dict[PlanId, RoleId]] = {}
    from_file: dict[GuildId, bool] = {}
    for row in await connection.execute(sa.select(plan_roles)):
        found.setdefault(row.guild_id, {})[row.plan_id] = row.role_id
        from_file[row.guild_id] = row.from_file
    return {guild_id: PlanRoles(found[guild_id], from_file[guild_id]) for guild_id in found}


async def set_plan_role(
    connection: AsyncConnection, guild_id: GuildId, plan_id: PlanId, role_id: RoleId | None
) -> None:
    """An administrator's choice; None for no role."""
    await connection.execute(
        sa.delete(plan_roles).where(
            plan_roles.c.guild_id == guild_id, plan_roles.c.plan_id == plan_id
        )
    )
    if role_id is not None:
        await _insert(connection, guild_id, {plan_id: role_id}, from_file=False)


async def take_over(
    connection: AsyncConnection, guild_id: GuildId, roles: Mapping[PlanId, RoleId]
) -> None:
    """What mooring.toml says takes the place of everything else in this server."""
    await connection.execute(sa.delete(plan_roles).where(plan_roles.c.guild_id == guild_id))
    await _insert(connection, guild_id, roles, from_file=True)


async def _insert(
    connection: AsyncConnection,
    guild_id: GuildId,
    roles: Mapping[PlanId, RoleId],
    *,
    from_file: bool,
) -> None:
    rows = [
        {"guild_id": guild_id, "plan_id": plan_id, "role_id": role_id, "from_file": from_file}
        for plan_id, role_id in roles.items()
    ]
    await insert_new(connection, plan_roles, rows, unique=["guild_id", "plan_id"])


async def note_granted(
    connection: AsyncConnection,
    guild_id: GuildId,
    user_id: UserId,
    role_ids: Collection[RoleId],
    *,
    now: datetime,
) -> None:
    """Remember, before they are granted, that these roles are the bot's to take back."""
    rows = [
        {"guild_id": guild_id, "user_id": user_id, "role_id": role_id, "granted_at": now}
        for role_id in role_ids
    ]
    await insert_new(connection, granted_roles, rows, unique=["guild_id", "user_id", "role_id"])


async def forget(
    connection: AsyncConnection,
    guild_id: GuildId,
    user_id: UserId,
    role_ids: Collection[RoleId] | None,
) -> None:
    """The member does not have them any more; None means all of them."""
    which = sa.true() if role_ids is None else granted_roles.c.role_id.in_(role_ids)
    await connection.execute(
        sa.delete(granted_roles).where(
            granted_roles.c.guild_id == guild_id, granted_roles.c.user_id == user_id, which
        )
    )


async def forget_role(connection: AsyncConnection, guild_id: GuildId, role_id: RoleId) -> None:
    """Nobody has a role that was deleted."""
    await connection.execute(
        sa.delete(granted_roles).where(
            granted_roles.c.guild_id == guild_id, granted_roles.c.role_id == role_id
        )
    )


async def guilds_with_grants(connection: AsyncConnection) -> set[GuildId]:
    """Where the bot has given anybody a role."""
    rows = await connection.execute(sa.select(granted_roles.c.guild_id).distinct())
    return {row.guild_id for row in rows}


_goes_on = sa.and_(
    subscriptions.c.customer_id == customers.c.id,
    subscriptions.c.status.not_in(["incomplete", "canceled"]),
)
_subscribers = sa.select(customers.c.user_id).where(
    customers.c.user_id.is_not(None), sa.exists().where(_goes_on).correlate(customers)
)


def _holders(guild_id: GuildId) -> sa.Select[tuple[int]]:
    return sa.select(granted_roles.c.user_id).where(granted_roles.c.guild_id == guild_id).distinct()


async def count(connection: AsyncConnection, guild_id: GuildId) -> int:
    """How many users a server's pages hold: whoever subscribes, or was granted a role there."""
    concerned = sa.union(_subscribers, _holders(guild_id)).subquery()
    return int(await connection.scalar(sa.select(sa.func.count()).select_from(concerned)) or 0)


async def page(
    connection: AsyncConnection, guild_id: GuildId, *, after: int, most: int
) -> list[Standing]:
    """The next users of `count`, in the order of their ids, in one query."""
    next_ones = (
        sa.select(each.where(column > after).order_by(column).limit(most).subquery().c.user_id)
        for each, column in (
            (_subscribers, customers.c.user_id),
            (_holders(guild_id), granted_roles.c.user_id),
        )
    )
    concerned = sa.union(*next_ones).subquery()
    who = sa.select(concerned.c.user_id).order_by(concerned.c.user_id).limit(most).subquery("who")
    return await _standings(connection, who, granted_roles.c.guild_id == guild_id)


async def standing(connection: AsyncConnection, user_id: UserId) -> Standing:
    """One user, with what was granted in every server; in one query."""
    who = sa.select(sa.literal(user_id, sa.BigInteger).label("user_id")).subquery("who")
    [found] = await _standings(connection, who, sa.true())
    return found


async def _standings(
    connection: AsyncConnection, who: sa.Subquery, where: sa.ColumnElement[bool]
) -> list[Standing]:
    is_theirs = sa.and_(granted_roles.c.user_id == who.c.user_id, where)
    rows = await connection.execute(
        sa.select(
            who.c.user_id.label("member_id"),
            *WITH_TERMS,
            granted_roles.c.guild_id,
            granted_roles.c.role_id,
        )
        .select_from(
            who.outerjoin(customers, customers.c.user_id == who.c.user_id)
            .outerjoin(subscriptions, _goes_on)
            .outerjoin(granted_roles, is_theirs)
        )
        .order_by(who.c.user_id)
    )
    return list(_grouped(rows))


def _grouped(rows: Iterable[sa.Row[tuple[object, ...]]]) -> Iterable[Standing]:
    """Each member's rows are every subscription beside every granted role."""
    found: dict[UserId, dict[SubscriptionId, Subscription]] = {}
    granted: dict[UserId, dict[GuildId, set[RoleId]]] = {}
    for row in rows:
        known = found.setdefault(row.member_id, {})
        theirs = granted.setdefault(row.member_id, {})
        if row.id is not None and row.id not in known:
            known[row.id] = to_subscription(row)
        if row.role_id is not None:
            theirs.setdefault(row.guild_id, set()).add(row.role_id)
    for user_id, known in found.items():
        roles = {guild_id: frozenset(each) for guild_id, each in granted[user_id].items()}
        yield Standing(user_id, tuple(known.values()), roles)
