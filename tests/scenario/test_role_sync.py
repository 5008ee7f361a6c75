"""/roles sync and the daily look: every member, page by page, also after kill -9."""

import re
import time

from bot.sandbox.discord import Message, Role
from bot.sandbox.discord.users import User
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.plan_roles import a_day_later, roles_become, set_plan_roles, sync
from tests.scenario.stage import Stage

# Discord changes ten roles in ten seconds.
SUBSCRIBERS = 24
SINCE = int(time.time() * 1000) - 10 * 86_400_000
UNTIL = SINCE + 30 * 86_400_000


def add_subscribers(stage: Stage, number: int, *, members: bool = True) -> list[User]:
    """People on Pro who have linked their accounts, as the store has them, with no role yet."""
    people = []
    for name in (f"reader{each}" for each in range(number)):
        user = stage.scene.discord.add_user(name, name.capitalize())
        if members:
            stage.scene.guild.add_member(user)
        people.append(user)
        change_store(
            stage,
            "INSERT INTO customers (id, provider, user_id, linked_at) VALUES (?, 'stripe', ?, ?)",
            f"cus_{user.id}",
            int(user.id),
            SINCE,
        )
        change_store(
            stage,
            "INSERT INTO subscriptions (id, provider, customer_id, plan_id, price_id, interval, "
            "amount, currency, status, created_at, period_start, period_end, cycle_start, "
            "quantity, asked_at) VALUES "
            "(?, 'stripe', ?, 'pro', 'price_pro_month', 'month', 2000, 'usd', 'active', "
            "?, ?, ?, ?, 1, ?)",
            f"sub_{user.id}",
            f"cus_{user.id}",
            SINCE,
            SINCE,
            UNTIL,
            SINCE,
            SINCE,
        )
    return people


def holders(stage: Stage, role: Role) -> int:
    """How many members have the role."""
    return sum(role in member.roles for member in stage.scene.guild.members)


def done_of(screen: Message) -> tuple[int, int] | None:
    """How many are done, of how many, as the screen says."""
    found = re.search(r"\*\*(\d+) of (\d+)\*\* members are done", screen.text)
    return (int(found[1]), int(found[2])) if found else None


async def test_a_sync_shows_how_far_it_is_and_goes_on_after_kill_9(stage: Stage) -> None:
    await set_plan_roles(stage)
    pro = stage.scene.plan_roles["Pro"]
    add_subscribers(stage, SUBSCRIBERS)

    screen = await sync(stage)
    seen = await until(lambda: done_of(screen), seconds=20)
    await until(lambda: (done_of(screen) or seen) > (2, 0), seconds=20)
    assert seen[1] == SUBSCRIBERS
    assert 0 < holders(stage, pro) < SUBSCRIBERS
    await stage.kill_and_restart()

    await screen.changed(containing="up to date", timeout=RECOVERY_SECONDS + 20)
    assert holders(stage, pro) == SUBSCRIBERS
    assert f"{SUBSCRIBERS} members looked at" in screen.text
    granted = stage.rows("SELECT count(*) AS n FROM granted_roles")
    assert [row["n"] for row in granted] == [SUBSCRIBERS]


async def test_where_everything_is_right_a_sync_changes_nothing(stage: Stage) -> None:
    await set_plan_roles(stage)
    await stage.link_mia()
    await roles_become(stage, stage.mia, "Pro")
    await jobs_done(stage)
    stage.scene.discord.requests.clear()

    await (await sync(stage)).changed(containing="1 member looked at, 0 changed")

    assert stage.scene.discord.requests.count("PUT") == 0
    assert stage.scene.discord.requests.count("GET") == 0


async def test_subscribers_who_are_not_in_the_server_are_left_in_peace(stage: Stage) -> None:
    await set_plan_roles(stage)
    add_subscribers(stage, 3, members=False)
    await stage.link_mia()
    await roles_become(stage, stage.mia, "Pro")
    await jobs_done(stage)
    stage.scene.guild.remove_member(stage.mia.user)

    await (await sync(stage)).changed(containing="4 members looked at, 1 changed", timeout=20)

    assert stage.rows("SELECT * FROM granted_roles") == []


async def test_the_daily_look_comes_every_day(stage: Stage) -> None:
    await set_plan_roles(stage)
    waiting = "SELECT key FROM jobs WHERE kind = 'roles.sync' AND done_at IS NULL"
    [first] = stage.rows(waiting)
    people = add_subscribers(stage, 2)

    await a_day_later(stage)

    assert holders(stage, stage.scene.plan_roles["Pro"]) == len(people)
    assert len(stage.rows(waiting)) == 1
    assert first["key"].endswith(":0")


async def test_a_start_looks_at_no_member(stage: Stage) -> None:
    await set_plan_roles(stage)
    await stage.bot.stop()
    add_subscribers(stage, 3)

    await stage.bot.start()
    await jobs_done(stage)

    assert holders(stage, stage.scene.plan_roles["Pro"]) == 0


async def test_a_summary_that_nobody_can_see_any_more_goes_to_the_log(stage: Stage) -> None:
    await set_plan_roles(stage)
    add_subscribers(stage, 1)
    stage.scene.discord.faults.add(method="PATCH", path=r"/webhooks/.*@original", status=404)

    await sync(stage)

    log = await stage.sam.wait_for_message(stage.scene.log, containing="up to date")
    assert "1 member looked at, 1 changed" in log.text
