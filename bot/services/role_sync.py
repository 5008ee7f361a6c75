"""Looking at every member's roles in one server, page by page.

A run is a chain of jobs: each takes one page, adds the jobs of those whose roles are not as they
should be, and its successor, in one transaction. So it goes on after kill -9 where it was, and
never has more than one page of changes under way.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.domain.job import NewJob
from bot.domain.role_plan import MemberRoles, RoleObstacle, wanted_roles
from bot.services.context import Context
from bot.services.role_jobs import APPLY, apply_roles, line_of
from bot.services.screens import Screen
from storage import jobs, roles

# Discord names so many members at once.
PAGE = 100
EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SyncRun:
    """How far a run is. `screen` is of the administrator who asked for it.

    `changing` are the members whose jobs of the last page are under way, for `waits` steps now.
    """

    guild_id: GuildId
    id: str
    step: int = 0
    after: int = 0
    total: int = 0
    seen: int = 0
    changed: int = 0
    unfinished: int = 0
    changing: tuple[UserId, ...] = ()
    waits: int = 0
    obstacles: Mapping[RoleId, RoleObstacle] = field(default_factory=dict)
    screen: Screen | None = None

    def to_payload(self) -> dict[str, object]:
        """For a job's payload."""
        return {
            **{each.name: getattr(self, each.name) for each in fields(self)},
            "obstacles": {str(role): each.value for role, each in self.obstacles.items()},
            "screen": None if self.screen is None else self.screen.to_payload(),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "SyncRun":
        """The inverse of `to_payload`."""
        screen, obstacles = payload["screen"], payload["obstacles"]
        return cls(
            **{
                **payload,
                "changing": tuple(payload["changing"]),
                "obstacles": {
                    RoleId(int(role)): RoleObstacle(obstacles[role]) for role in obstacles
                },
                "screen": None if screen is None else Screen.from_payload(screen),
            }
        )


def sync_job(run: SyncRun, *, run_at: datetime | None = None) -> NewJob:
    """One step."""
    return NewJob("roles.sync", f"roles-sync:{run.id}:{run.step}", run.to_payload(), run_at=run_at)


def daily_run(guild_id: GuildId, *, now: datetime) -> NewJob:
    """Tomorrow's, once however often it is asked for."""
    moment = now + EVERY
    return sync_job(SyncRun(guild_id, f"{guild_id}:{moment:%Y-%m-%d}"), run_at=moment)


class RoleSyncService:
    """Reads pages, and remembers how far a run is."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def page(self, run: SyncRun) -> tuple[SyncRun, list[MemberRoles]]:
        """The next members, and the run with the number of all; no members at the end."""
        async with self._context.database.read() as connection:
            mapping = await roles.plan_roles_of(connection, run.guild_id)
            total = run.total or await roles.count(connection, run.guild_id)
            found = await roles.page(connection, run.guild_id, after=run.after, most=PAGE)
        now, grace = self._context.clock(), timedelta(days=self._context.policy.grace_days)
        return replace(run, total=total), [
            MemberRoles(
                run.guild_id,
                each.user_id,
                wanted_roles(each.subscriptions, mapping, now=now, grace=grace),
                each.granted.get(run.guild_id, frozenset()),
            )
            for each in found
        ]

    async def take_page(
        self, run: SyncRun, *, last: UserId, seen: int, to_change: Collection[UserId]
    ) -> None:
        """Have the members changed whose roles are not right, and go on after `last`."""
        following = replace(
            run,
            step=run.step + 1,
            after=last,
            seen=run.seen + seen,
            changed=run.changed + len(to_change),
            changing=tuple(to_change),
            waits=0,
        )
        added = [apply_roles(user_id, f"{run.id}:{run.step}") for user_id in to_change]
        await self._add([*added, sync_job(following)])

    async def wait_on(self, run: SyncRun) -> None:
        """Look at the same members' jobs in the next step."""
        await self._add([sync_job(replace(run, step=run.step + 1, waits=run.waits + 1))])

    async def schedule_next(self, run: SyncRun) -> None:
        """Once a run is over: tomorrow's."""
        await self._add([daily_run(run.guild_id, now=self._context.clock())])

    async def _add(self, new: list[NewJob]) -> None:
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, new, now=now)

    async def under_way(self, run: SyncRun) -> int:
        """How many of the members whose jobs the last page has added are not done."""
        async with self._context.database.read() as connection:
            lines = [line_of(user_id) for user_id in run.changing]
            return await jobs.count_lines(connection, kind=APPLY, lines=lines)
