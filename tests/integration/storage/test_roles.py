"""Plan roles in the store: who should have which, and what has somebody looked at."""

from datetime import timedelta

from bot.billing.provider import CompletedCheckout, Snapshot
from bot.domain.identifiers import (
    CheckoutId,
    RoleId,
    SubscriptionId,
    UserId,
)
from bot.domain.job import NewJob
from bot.domain.role_plan import MemberRoles
from bot.domain.subscription import Status
from bot.services.changes import Changes
from bot.services.context import Context
from bot.services.effects import access_over, effects_of
from bot.services.mirror import apply
from bot.services.role_jobs import APPLY, apply_roles, line_of
from storage import jobs
from storage.database import Database
from tests.integration.storage.plan_roles import (
    BOTH,
    LITE,
    LITE_ROLE,
    NOBODY,
    OLD_ROLE,
    OTHER,
    PRO,
    PRO_ROLE,
    choose,
    grant,
    job_of,
    service,
    subscribe,
    undone,
)
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
