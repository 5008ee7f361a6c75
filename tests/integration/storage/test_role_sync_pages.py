"""Everybody's roles, page by page: each person once, and a next run each day."""

from bot.domain.identifiers import (
    CustomerId,
    SubscriptionId,
    UserId,
)
from bot.domain.role_plan import RoleObstacle
from bot.domain.subscription import Status
from bot.services.context import Context
from bot.services.role_jobs import APPLY
from bot.services.role_sync import PAGE, RoleSyncService, SyncRun
from storage.database import Database
from tests.integration.storage.plan_roles import (
    BOTH,
    LITE_ROLE,
    NOBODY,
    OLD_ROLE,
    OTHER,
    PRO_ROLE,
    SCREEN,
    choose,
    grant,
    runs,
    subscribe,
    undone,
)
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    NOOR,
    add_customer,
    subscription,
)


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
