"""Gives and takes one member's roles, and tells the team what stands in the way."""

from collections.abc import Collection, Coroutine
from typing import Any, TypeVar

import aiohttp
import discord
import structlog

from bot.domain.identifiers import GuildId, RoleId
from bot.domain.job import Job
from bot.domain.role_plan import MemberRoles, RoleObstacle
from bot.services.jobs import TryAgainError
from cogs import words
from cogs.dependencies import Dependencies
from cogs.roles.render import obstacle_card, obstacle_text
from cogs.roles.servers import find_server, roles_held, why_not_give, why_not_take
from cogs.team import tell_team

# Unknown member, unknown user: whoever has left has no roles.
GONE = frozenset({10007, 10013})
UNKNOWN_ROLE = 10011
# For the server's audit log.
GIVEN = "The member's plan comes with this role"
TAKEN = "The member's plan does not come with this role any more"

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class _MemberGoneError(Exception):
    """The member has left the server."""


class RoleEffects:
    """Handlers of the jobs in `bot.services.role_jobs`."""

    def __init__(self, client: discord.Client, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._client = client
        self._is = dependencies
        dependencies.jobs.add("roles.apply", self.apply, in_discord=True)
        dependencies.jobs.add("roles.tell_obstacle", self.tell_obstacle, in_discord=True)

    async def apply(self, job: Job) -> None:
        """Make the member's roles what they should be, in every server."""
        for due in await self._is.roles.standing(job):
            guild = find_server(self._client, due.guild_id)
            if guild is None:
                continue
            try:
                await self._bring_about(guild, due)
            except _MemberGoneError:
                await self._is.roles.forget(due.guild_id, due.user_id)

    async def _bring_about(self, guild: discord.Guild, due: MemberRoles) -> None:
        """Take before giving, so that a change of plan does not leave both roles on the way."""
        member = await _asked(guild.fetch_member(due.user_id))
        steps = due.steps(roles_held(member))
        obstacles = await self._take(guild, member, steps.revoke)
        gone = steps.forget | (steps.revoke - obstacles.keys())
        if gone:
            await self._is.roles.forget(due.guild_id, due.user_id, gone)
        obstacles |= await self._give(guild, member, due, steps.grant)
        if obstacles:
            await self._is.roles.note_obstacles(due.guild_id, obstacles)

    async def _take(
        self, guild: discord.Guild, member: discord.Member, role_ids: Collection[RoleId]
    ) -> dict[RoleId, RoleObstacle]:
        """The record of a role goes only after the role: whoever dies in between takes it again."""
        obstacles: dict[RoleId, RoleObstacle] = {}
        for role_id in role_ids:
            obstacle = why_not_take(guild, role_id)
            if obstacle is None:
                role = discord.Object(role_id)
                obstacle = await _refusal(member.remove_roles(role, reason=TAKEN))
            if obstacle is not None and obstacle is not RoleObstacle.DELETED:
                obstacles[role_id] = obstacle
        return obstacles

    async def _give(
        self,
        guild: discord.Guild,
        member: discord.Member,
        due: MemberRoles,
        role_ids: Collection[RoleId],
    ) -> dict[RoleId, RoleObstacle]:
        """The record comes first: a role that is given and not recorded would stay for ever."""
        settings = await self._is.guilds.settings(due.guild_id)
        found = {role_id: why_not_give(guild, role_id, settings) for role_id in role_ids}
        possible = [role_id for role_id, obstacle in found.items() if obstacle is None]
        if possible:
            await self._is.roles.note_granted(due.guild_id, due.user_id, possible)
        for role_id in possible:
            role = discord.Object(role_id)
            found[role_id] = await _refusal(member.add_roles(role, reason=GIVEN))
        obstacles = {role_id: each for role_id, each in found.items() if each is not None}
        if obstacles:
            await self._is.roles.forget(due.guild_id, due.user_id, obstacles.keys())
        return obstacles

    async def tell_obstacle(self, job: Job) -> None:
        """The server's log channel, once a day for each role; where it has none, the others, or a
        mail, by the names that are read there."""
        guild_id, role_id = GuildId(job.payload["guild_id"]), RoleId(job.payload["role_id"])
        obstacle = RoleObstacle(job.payload["obstacle"])
        settings = await self._is.guilds.settings(guild_id)
        own = obstacle_card(f"<@&{role_id}>", obstacle)
        if await self._is.messenger.post(settings.log_channel_id, own, key=job.key):
            return
        role = self._named(guild_id, role_id)
        await tell_team(
            self._is,
            lambda: obstacle_card(role, obstacle),
            key=job.key,
            subject="A plan's role cannot be given or taken",
            text=f"{obstacle_text(role, obstacle).removeprefix('### ')}\n",
        )

    def _named(self, guild_id: GuildId, role_id: RoleId) -> str:
        """A role for those who are elsewhere; its number where its name is not known any more."""
        guild = self._client.get_guild(guild_id)
        role = guild.get_role(role_id) if guild is not None else None
        names = (role.name if role else str(role_id), guild.name if guild else str(guild_id))
        return "`{}` in the server `{}`".format(*(words.plain(each) for each in names))


async def _refusal(call: Coroutine[Any, Any, None]) -> RoleObstacle | None:
    """Change a role; what Discord has against it, None when it is done."""
    try:
        await _asked(call)
    except discord.HTTPException as refusal:
        _log.warning("role_refused", code=refusal.code, status=refusal.status)
        return RoleObstacle.DELETED if refusal.code == UNKNOWN_ROLE else RoleObstacle.REFUSED
    return None


async def _asked(call: Coroutine[Any, Any, _T]) -> _T:
    """Discord's answer. An outage is waited out; raises _MemberGoneError for who has left."""
    try:
        return await call
    except discord.HTTPException as refusal:
        if refusal.code in GONE:
            raise _MemberGoneError from refusal
        if refusal.status >= 500 or refusal.status == 429:
            raise TryAgainError(f"Discord: {refusal.status}") from refusal
        raise
    except (aiohttp.ClientError, OSError) as error:
        raise TryAgainError(f"Discord: {type(error).__name__}") from error
