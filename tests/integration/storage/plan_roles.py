"""What the tests of plan roles share: two servers, three roles, and the jobs that follow."""

from collections.abc import Mapping

import sqlalchemy as sa

from bot.domain.identifiers import (
    GuildId,
    PlanId,
    RoleId,
    UserId,
)
from bot.domain.job import Job
from bot.domain.subscription import Subscription
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.role_jobs import apply_roles
from bot.services.role_sync import SyncRun
from bot.services.roles import RoleService
from bot.services.screens import Screen
from storage import roles, subscriptions
from storage.database import Database
from storage.schema import jobs as jobs_table
from tests.integration.storage.samples import (
    GUILD,
    NOW,
)

OTHER = GuildId(7002)

LITE, PRO = PlanId("lite"), PlanId("pro")

LITE_ROLE, PRO_ROLE, OLD_ROLE = RoleId(1), RoleId(2), RoleId(3)

BOTH = {LITE: LITE_ROLE, PRO: PRO_ROLE}

ADA = Actor(UserId(9), GUILD, frozenset(), manages_guild=True)

SCREEN = Screen(1, "token")

NOBODY: frozenset[RoleId] = frozenset()


def service(
    context: Context,
    configured: Mapping[GuildId, Mapping[PlanId, RoleId]] | None = None,
    *,
    servers: tuple[GuildId, ...] = (GUILD, OTHER),
) -> RoleService:
    return RoleService(context, GuildService(context, {}, servers=servers), configured or {})


async def choose(database: Database, guild_id: GuildId, mapping: Mapping[PlanId, RoleId]) -> None:
    async with database.write() as connection:
        for plan_id, role_id in mapping.items():
            await roles.set_plan_role(connection, guild_id, plan_id, role_id)


async def subscribe(database: Database, *known: Subscription) -> None:
    async with database.write() as connection:
        for each in known:
            await subscriptions.save(connection, each, asked_at=NOW)


async def grant(database: Database, guild_id: GuildId, user_id: UserId, *given: RoleId) -> None:
    async with database.write() as connection:
        await roles.note_granted(connection, guild_id, user_id, given, now=NOW)


async def undone(database: Database, kind: str) -> list[Job]:
    statement = sa.select(jobs_table).where(
        jobs_table.c.kind == kind, jobs_table.c.done_at.is_(None)
    )
    async with database.read() as connection:
        rows = await connection.execute(statement.order_by(jobs_table.c.id))
        return [Job(row.id, row.kind, row.key, row.payload, row.attempts) for row in rows]


def job_of(user_id: UserId) -> Job:
    new = apply_roles(user_id, "test")
    return Job(1, new.kind, new.key, new.payload, attempts=1)


def runs(found: list[Job]) -> list[SyncRun]:
    return [SyncRun.from_payload(job.payload) for job in found]
