"""Plan roles in the store: who should have which, in few queries, and what changes it."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.billing.provider import CompletedCheckout, Snapshot
from bot.domain.errors import NotPermitted, RolesSetByFile, ServerNotTrusted
from bot.domain.identifiers import (
    CheckoutId,
    CustomerId,
    GuildId,
    PlanId,
    RoleId,
    SubscriptionId,
    UserId,
)
from bot.domain.job import Job, NewJob
from bot.domain.role_plan import MemberRoles, RoleObstacle
from bot.domain.subscription import Status, Subscription
from bot.services.changes import Changes
from bot.services.context import Context
from bot.services.effects import access_over, effects_of
from bot.services.guilds import Actor, GuildService
from bot.services.mirror import apply
from bot.services.role_jobs import APPLY, apply_roles, line_of
from bot.services.role_sync import PAGE, RoleSyncService, SyncRun, daily_run
from bot.services.roles import RoleService
from bot.services.screens import Screen
from storage import jobs, roles, subscriptions
from storage.database import Database
from storage.schema import jobs as jobs_table
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOOR,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
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


# --- what one member should have ---


async def test_s8_every_subscription_counts_in_every_server(
    database: Database, context: Context
) -> None:
    await add_customer(database)
    lite = subscription(id=SubscriptionId("sub_lite"), plan_id=LITE)
    over = subscription(id=SubscriptionId("sub_over"), plan_id=LITE, status=Status.CANCELED)
    await subscribe(database, SUBSCRIPTION, lite, over)
    await choose(database, GUILD, BOTH)
    await choose(database, OTHER, {PRO: OLD_ROLE})
    await grant(database, GUILD, MIA, PRO_ROLE, OLD_ROLE)
    await grant(database, GUILD, NOOR, LITE_ROLE)

    found = await service(context).standing(job_of(MIA))

    assert sorted(found, key=lambda each: each.guild_id) == [
        MemberRoles(GUILD, MIA, frozenset({LITE_ROLE, PRO_ROLE}), frozenset({PRO_ROLE, OLD_ROLE})),
        MemberRoles(OTHER, MIA, frozenset({OLD_ROLE}), NOBODY),
    ]


async def test_who_is_linked_to_nothing_keeps_no_granted_role(
    database: Database, context: Context
) -> None:
    await choose(database, GUILD, BOTH)
    await grant(database, GUILD, MIA, PRO_ROLE)

    assert await service(context).standing(job_of(MIA)) == [
        MemberRoles(GUILD, MIA, NOBODY, frozenset({PRO_ROLE}))
    ]
    assert await service(context).standing(job_of(NOOR)) == []


async def test_a_server_that_the_vendor_has_not_chosen_is_left_alone(
    database: Database, context: Context
) -> None:
    await add_customer(database)
    await subscribe(database, SUBSCRIPTION)
    await choose(database, GUILD, BOTH)

    assert await service(context, servers=(OTHER,)).standing(job_of(MIA)) == []


async def test_s4_a_scheduled_end_and_the_days_of_grace_count_on_time(
    database: Database, context: Context, clock: Clock
) -> None:
    await add_customer(database)
    unpaid = subscription(
        id=SubscriptionId("sub_lite"), plan_id=LITE, status=Status.PAST_DUE, period_start=NOW
    )
    await subscribe(database, subscription(cancel_at=NOW + timedelta(days=2)), unpaid)
    await choose(database, GUILD, BOTH)

    async def wanted() -> frozenset[RoleId]:
        found = await service(context).standing(job_of(MIA))
        return found[0].wanted if found else NOBODY

    assert await wanted() == {LITE_ROLE, PRO_ROLE}
    clock.advance(days=2)
    assert await wanted() == {LITE_ROLE}
    clock.advance(days=context.policy.grace_days - 2)
    assert await wanted() == NOBODY


async def test_one_job_does_the_work_of_all_that_wait_for_the_same_member(
    database: Database, context: Context
) -> None:
    async with database.write() as connection:
        waiting = [apply_roles(MIA, "first"), apply_roles(MIA, "second"), apply_roles(NOOR, "a")]
        await jobs.add(connection, waiting, now=NOW)
        [first, *_] = await jobs.claim(
            connection, now=NOW, lease=timedelta(seconds=9), token="me", most=1
        )

    await service(context).standing(first)

    assert [job.key for job in await undone(database, APPLY)] == [
        f"roles:{MIA}:first",
        f"roles:{NOOR}:a",
    ]
    async with database.read() as connection:
        lines = [line_of(MIA), line_of(NOOR), line_of(UserId(5))]
        assert await jobs.count_lines(connection, kind=APPLY, lines=lines) == 2
        assert await jobs.count_lines(connection, kind=APPLY, lines=[]) == 0


# --- what has somebody looked at ---


def roles_due(new: list[NewJob]) -> list[object]:
    return [job.payload["user_id"] for job in new if job.kind == APPLY]


async def test_a_change_of_access_or_plan_moves_roles_and_nothing_else_does(
    database: Database, context: Context
) -> None:
    await add_customer(database)

    async def due_after(**changes: object) -> list[object]:
        async with database.write() as connection:
            known = Snapshot(subscriptions=(subscription(**changes),))
            changed = await apply(connection, context, known, asked_at=NOW)
        return roles_due(effects_of(changed, context, now=NOW))

    assert await due_after() == [MIA]
    assert await due_after() == []
    assert await due_after(cancel_at=NOW + timedelta(days=20)) == []
    assert await due_after(plan_id=LITE) == [MIA]
    assert await due_after(plan_id=LITE, status=Status.PAST_DUE, period_start=NOW) == []
    assert await due_after(plan_id=LITE, status=Status.CANCELED) == [MIA]
    assert await due_after(plan_id=PRO, status=Status.CANCELED) == []


async def test_nobody_is_looked_at_for_a_customer_whom_nobody_has_linked(
    database: Database, context: Context
) -> None:
    await add_customer(database, user_id=None)
    async with database.write() as connection:
        known = Snapshot(subscriptions=(SUBSCRIPTION,))
        changed = await apply(connection, context, known, asked_at=NOW)
    assert roles_due(effects_of(changed, context, now=NOW)) == []


def test_a_purchase_that_links_its_buyer_moves_roles(context: Context) -> None:
    bought = CompletedCheckout(
        reference=CheckoutId("one"), customer_id=MIAS, subscription_id=None, payment_id=None
    )
    changed = Changes(completed_checkouts=(bought,), users={MIAS: MIA})
    assert roles_due(effects_of(changed, context, now=NOW)) == [MIA]


def test_s4_access_that_ends_by_the_clock_moves_roles(context: Context) -> None:
    assert roles_due(access_over(SUBSCRIPTION, MIA, context)) == [MIA]


async def test_who_joins_or_is_seen_is_looked_at_only_if_there_is_something_to_do(
    database: Database, context: Context
) -> None:
    await add_customer(database)
    await subscribe(database, SUBSCRIPTION)
    desk = service(context)
    await desk.welcome(GUILD, MIA)
    await desk.notice(GUILD, MIA, NOBODY)
    assert await undone(database, APPLY) == []  # no plan has a role here

    await choose(database, GUILD, BOTH)
    await desk.welcome(GUILD, NOOR)
    await desk.welcome(OTHER, MIA)
    await desk.notice(GUILD, NOOR, frozenset({PRO_ROLE}))
    await desk.notice(GUILD, MIA, frozenset({PRO_ROLE, OLD_ROLE}))
    assert await undone(database, APPLY) == []

    await desk.welcome(GUILD, MIA)
    assert len(await undone(database, APPLY)) == 1
    await desk.notice(GUILD, MIA, frozenset({OLD_ROLE}))
    assert len(await undone(database, APPLY)) == 2


# --- which role a plan has ---


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


# --- everybody, page by page ---


async def test_pages_hold_everybody_concerned_once_in_order(
    database: Database, context: Context
) -> None:
    await choose(database, GUILD, BOTH)
    people = PAGE + 20
    for number in range(people):
        customer, user_id = CustomerId(f"cus_{number}"), UserId(5000 - number)
        await add_customer(database, customer, user_id=user_id)
        # A third has no subscription, a third one that is over.
        if number % 3:
            status = Status.ACTIVE if number % 3 == 1 else Status.CANCELED
            await subscribe(
                database,
                subscription(
                    id=SubscriptionId(f"sub_{number}"), customer_id=customer, status=status
                ),
            )
        if number % 2:
            await grant(database, GUILD, user_id, PRO_ROLE, LITE_ROLE)
        await grant(database, OTHER, user_id, OLD_ROLE)
    await add_customer(database, CustomerId("cus_alone"), user_id=None)
    concerned = sorted(5000 - number for number in range(people) if number % 3 == 1 or number % 2)

    desk, run = RoleSyncService(context), SyncRun(GUILD, "run")
    run, page = await desk.page(run)
    seen = list(page)
    while page:
        await desk.take_page(run, last=page[-1].user_id, seen=len(page), to_change=())
        [*_, job] = await undone(database, "roles.sync")
        run, page = await desk.page(SyncRun.from_payload(job.payload))
        seen += page

    assert run.total == run.seen == len(concerned)
    assert [each.user_id for each in seen] == concerned
    for each in seen:
        number = 5000 - each.user_id
        assert each.wanted == ({PRO_ROLE} if number % 3 == 1 else NOBODY)
        assert each.granted == ({PRO_ROLE, LITE_ROLE} if number % 2 else NOBODY)


async def test_a_page_and_its_successor_are_added_together_and_once(
    database: Database, context: Context
) -> None:
    desk, run = RoleSyncService(context), SyncRun(GUILD, "run", total=3, screen=SCREEN)
    for _ in range(2):  # as after kill -9
        await desk.take_page(run, last=NOOR, seen=3, to_change=[MIA, NOOR])

    assert [job.payload["user_id"] for job in await undone(database, APPLY)] == [MIA, NOOR]
    [following] = runs(await undone(database, "roles.sync"))
    assert (following.step, following.after, following.seen, following.total) == (1, NOOR, 3, 3)
    assert (following.changed, following.changing) == (2, (MIA, NOOR))
    assert following.screen == SCREEN
    assert await desk.under_way(following) == 2
    await desk.wait_on(following)
    waiting = runs(await undone(database, "roles.sync"))[-1]
    assert (waiting.step, waiting.waits, waiting.changing) == (2, 1, (MIA, NOOR))


async def test_a_run_comes_back_from_its_payload(context: Context) -> None:
    run = SyncRun(
        GUILD,
        "run",
        after=MIA,
        changing=(MIA,),
        obstacles={PRO_ROLE: RoleObstacle.REFUSED},
        screen=SCREEN,
    )
    assert SyncRun.from_payload(run.to_payload()) == run


async def test_tomorrows_run_is_added_once(database: Database, context: Context) -> None:
    desk = RoleSyncService(context)
    await desk.schedule_next(SyncRun(GUILD, "run"))
    await desk.schedule_next(SyncRun(GUILD, "another"))
    assert len(await undone(database, "roles.sync")) == 1
