"""Looks at every member's roles in a server: daily, after a change of the roles, or when asked."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import aiohttp
import discord
import structlog

from bot.domain.identifiers import RoleId, UserId
from bot.domain.job import Job
from bot.domain.role_plan import MemberRoles, RoleObstacle, Roles
from bot.services.jobs import TryAgainError
from bot.services.role_sync import PAGE, SyncRun
from cogs.dependencies import Dependencies
from cogs.roles.render import progress_card, summary_card
from cogs.roles.servers import find_server, roles_held, why_not_give, why_not_take

# Changing a role takes Discord about a second: whoever has just paid waits behind so many.
CHANGED_AT_ONCE = 20
# Within a job's time. A page that takes longer is waited for by the next step.
WATCHED_SECONDS = 20
LOOK_EVERY_SECONDS = 0.25
# Then a member whose job keeps failing no longer holds up the rest.
MOST_WAITS = 15
SHOW_EVERY_SECONDS = 2

_log = structlog.get_logger(__name__)


class RoleSync:
    """The handler of each step of a run."""

    def __init__(self, client: discord.Client, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._client = client
        self._is = dependencies
        self._shown_at: dict[str, float] = {}
        dependencies.jobs.add("roles.sync", self.step, in_discord=True)

    async def step(self, job: Job) -> None:
        """Wait for the changes of the last page, then take the next one, or end the run."""
        run = SyncRun.from_payload(job.payload)
        guild = find_server(self._client, run.guild_id)
        if guild is None or not self._is.guilds.trusts(run.guild_id):
            await self._is.role_sync.schedule_next(run)
            return
        left = await self._watch(run)
        if left and run.waits < MOST_WAITS:
            await self._is.role_sync.wait_on(run)
            return
        run = replace(run, unfinished=run.unfinished + left)
        run, page = await self._is.role_sync.page(run)
        if page:
            await self._take_page(guild, run, page)
        else:
            await self._finish(guild, run)

    async def _watch(self, run: SyncRun) -> int:
        """How many of the last page's changes are not done after a while."""
        loop = asyncio.get_running_loop()
        until = loop.time() + WATCHED_SECONDS
        while True:
            left = await self._is.role_sync.under_way(run)
            await self._show_progress(run, left)
            if not left or loop.time() >= until:
                return left
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _show_progress(self, run: SyncRun, left: int) -> None:
        now = asyncio.get_running_loop().time()
        if run.screen is None or not run.total:
            return
        if now - self._shown_at.get(run.id, 0) < SHOW_EVERY_SECONDS:
            return
        is_seen = await self._is.messenger.show(run.screen, progress_card(run, left=left))
        # A screen that is gone does not come back.
        self._shown_at[run.id] = now if is_seen else math.inf

    async def _take_page(
        self, guild: discord.Guild, run: SyncRun, page: Sequence[MemberRoles]
    ) -> None:
        """Have those changed whose roles are not right; what Discord would refuse is not tried."""
        settings = await self._is.guilds.settings(run.guild_id)
        held = await _held_by(guild, [each.user_id for each in page])
        obstacles: dict[RoleId, RoleObstacle] = {}
        to_change: list[UserId] = []
        taken: list[MemberRoles] = []
        for each in page:
            taken.append(each)
            here = held.get(each.user_id)
            if here is None:
                # Nobody is given anything where they are not; who has left keeps no record.
                is_due = bool(each.granted)
            else:
                steps = each.steps(here)
                found = {role: why_not_take(guild, role) for role in steps.revoke}
                found |= {role: why_not_give(guild, role, settings) for role in steps.grant}
                is_due = bool(steps.forget) or None in found.values()
                obstacles |= {role: why for role, why in found.items() if why is not None}
            if is_due:
                to_change.append(each.user_id)
            if len(to_change) == CHANGED_AT_ONCE:
                break
        await self._is.role_sync.take_page(
            replace(run, obstacles={**run.obstacles, **obstacles}),
            last=taken[-1].user_id,
            seen=len(taken),
            to_change=to_change,
        )

    async def _finish(self, guild: discord.Guild, run: SyncRun) -> None:
        settings = await self._is.guilds.settings(run.guild_id)
        mapping = await self._is.roles.mapping(run.guild_id)
        found = {role: why_not_give(guild, role, settings) for role in mapping.values()}
        obstacles = {role: why for role, why in found.items() if why is not None}
        obstacles = {**run.obstacles, **obstacles}
        if obstacles:
            await self._is.roles.note_obstacles(run.guild_id, obstacles)
        if run.screen is not None:
            summary = summary_card(run, obstacles)
            if not await self._is.messenger.show(run.screen, summary):
                key = f"roles-summary:{run.id}"
                again = summary_card(run, obstacles)
                await self._is.messenger.post(settings.log_channel_id, again, key=key)
        self._shown_at.pop(run.id, None)
        _log.info(
            "roles_synced",
            guild=run.guild_id,
            seen=run.seen,
            changed=run.changed,
            unfinished=run.unfinished,
        )
        await self._is.role_sync.schedule_next(run)


async def _held_by(guild: discord.Guild, user_ids: list[UserId]) -> dict[int, Roles]:
    """The roles of those who are members, in one request that needs no privileged intent."""
    try:
        members = await guild.query_members(user_ids=list(user_ids), limit=PAGE, cache=False)
    except (aiohttp.ClientError, OSError) as error:
        raise TryAgainError(f"gateway: {type(error).__name__}") from error
    return {member.id: roles_held(member) for member in members}
