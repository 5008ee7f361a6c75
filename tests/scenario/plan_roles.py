"""What scenarios about plan roles often do and look at."""

import time

from bot.sandbox.discord import Message, Persona, Role
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage


async def set_plan_roles(stage: Stage) -> None:
    """Lite, Pro and Max each have a role, and everybody was looked at."""
    await stage.scene.set_plan_roles()
    await jobs_done(stage)


def roles_of(stage: Stage, person: Persona) -> list[str]:
    """The names of a member's roles."""
    member = stage.scene.guild.member(person.user.id)
    assert member is not None
    return [role.name for role in member.roles]


async def roles_become(stage: Stage, person: Persona, *names: str) -> None:
    """Wait until a member has exactly these roles."""
    await until(lambda: sorted(roles_of(stage, person)) == sorted(names), seconds=20)


def recorded(stage: Stage, person: Persona) -> list[int]:
    """The roles that the bot knows it has given."""
    statement = "SELECT role_id FROM granted_roles WHERE user_id = ?"
    return [row["role_id"] for row in stage.rows(statement, int(person.user.id))]


def ids(*roles: Role) -> list[int]:
    """As the bot's store has them."""
    return [int(role.id) for role in roles]


async def a_day_later(stage: Stage) -> None:
    """The daily look at everybody is due now, and was not added today."""
    change_store(
        stage,
        "UPDATE jobs SET run_at = ?, key = 'yesterday:' || key "
        "WHERE kind = 'roles.sync' AND done_at IS NULL",
        int(time.time() * 1000),
    )
    await jobs_done(stage)


async def sync(stage: Stage) -> Message:
    """Ada runs /roles sync; the answer, which the bot fills in."""
    answer = await stage.ada.slash("roles sync", channel=stage.here)
    assert answer.message is not None
    return answer.message
