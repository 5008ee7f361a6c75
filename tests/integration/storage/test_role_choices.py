"""Which role a plan has: chosen by /roles set or by the file, and forgotten when it is deleted."""

from collections.abc import Mapping

import pytest

from bot.domain.errors import NotPermitted, RolesSetByFile, ServerNotTrusted
from bot.domain.identifiers import (
    GuildId,
    PlanId,
    RoleId,
)
from bot.domain.role_plan import RoleObstacle
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.role_sync import daily_run
from storage import roles
from storage.database import Database
from tests.integration.storage.plan_roles import (
    ADA,
    BOTH,
    LITE,
    LITE_ROLE,
    OLD_ROLE,
    OTHER,
    PRO,
    PRO_ROLE,
    SCREEN,
    choose,
    grant,
    runs,
    service,
    undone,
)
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    NOW,
    Clock,
)


async def test_only_administrators_of_chosen_servers_choose_roles(
    database: Database, context: Context
) -> None:
    desk = service(context)
    member = Actor(MIA, GUILD, frozenset(), manages_guild=False)
    with pytest.raises(NotPermitted):
        await desk.choose(member, PRO, PRO_ROLE, screen=SCREEN)
    with pytest.raises(NotPermitted):
        await desk.sync(member, screen=SCREEN)
    with pytest.raises(ServerNotTrusted):
        await service(context, servers=(OTHER,)).choose(ADA, PRO, PRO_ROLE, screen=SCREEN)
    with pytest.raises(RolesSetByFile):
        await service(context, {GUILD: BOTH}).choose(ADA, PRO, OLD_ROLE, screen=SCREEN)
    assert await desk.mapping(GUILD) == {}
    assert await undone(database, "roles.sync") == []


async def test_a_choice_replaces_the_one_before_and_everybody_is_looked_at(
    database: Database, context: Context
) -> None:
    desk = service(context)
    await desk.choose(ADA, PRO, OLD_ROLE, screen=SCREEN)
    await desk.choose(ADA, PRO, PRO_ROLE, screen=SCREEN)
    await desk.choose(ADA, LITE, LITE_ROLE, screen=SCREEN)
    assert await desk.mapping(GUILD) == BOTH
    await desk.choose(ADA, LITE, None, screen=SCREEN)

    assert await desk.mapping(GUILD) == {PRO: PRO_ROLE}
    assert await desk.mapping(OTHER) == {}
    started = runs(await undone(database, "roles.sync"))
    assert [(run.guild_id, run.step, run.screen) for run in started] == [(GUILD, 0, SCREEN)] * 4


async def test_the_file_is_taken_over_at_start_and_looked_at_once(
    database: Database, context: Context
) -> None:
    await choose(database, GUILD, {PRO: OLD_ROLE})
    await choose(database, OTHER, {PRO: OLD_ROLE})

    async def start(configured: Mapping[PlanId, RoleId]) -> list[GuildId]:
        """The servers that this start has looked at, besides those of each day."""
        before = {job.key for job in await undone(database, "roles.sync")}
        assert await service(context, {GUILD: configured}).start()
        found = [job for job in await undone(database, "roles.sync") if job.key not in before]
        daily = {daily_run(each, now=NOW).key for each in (GUILD, OTHER)}
        return [run.guild_id for run in runs([job for job in found if job.key not in daily])]

    assert await start(BOTH) == [GUILD]
    assert await service(context).mapping(GUILD) == BOTH
    assert await start(BOTH) == []
    assert await start({PRO: OLD_ROLE}) == [GUILD]
    assert await start({}) == [GUILD]
    assert await service(context).mapping(GUILD) == {}
    assert await service(context).mapping(OTHER) == {PRO: OLD_ROLE}
    assert await start({}) == []


async def test_without_plan_roles_a_start_adds_nothing(
    database: Database, context: Context
) -> None:
    assert not await service(context).start()
    assert await undone(database, "roles.sync") == []

    await grant(database, GUILD, MIA, OLD_ROLE)
    assert not await service(context).start()
    assert [run.guild_id for run in runs(await undone(database, "roles.sync"))] == [GUILD]


async def test_a_deleted_role_is_forgotten_and_told_once_a_day_if_a_plan_has_it(
    database: Database, context: Context, clock: Clock
) -> None:
    await choose(database, GUILD, {PRO: PRO_ROLE})
    await grant(database, GUILD, MIA, PRO_ROLE, OLD_ROLE)
    await grant(database, OTHER, MIA, PRO_ROLE)
    desk = service(context)

    await desk.note_deleted(GUILD, PRO_ROLE)
    await desk.note_deleted(GUILD, OLD_ROLE)
    await desk.note_deleted(GUILD, PRO_ROLE)

    async with database.read() as connection:
        left = await roles.standing(connection, MIA)
    assert left.granted == {OTHER: {PRO_ROLE}}
    [told] = await undone(database, "roles.tell_obstacle")
    assert told.payload == {
        "guild_id": GUILD,
        "role_id": PRO_ROLE,
        "obstacle": RoleObstacle.DELETED.value,
    }
    clock.advance(days=1)
    await desk.note_obstacles(GUILD, {PRO_ROLE: RoleObstacle.NOT_BELOW})
    assert len(await undone(database, "roles.tell_obstacle")) == 2
