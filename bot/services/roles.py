"""Plan roles: who chooses them, who should have which, and what the bot has given.

Everything that changes a member's granted roles happens in that member's line of jobs, so the
records and Discord cannot drift apart between two of them.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import RolesSetByFile
from bot.domain.identifiers import GuildId, PlanId, RoleId, UserId
from bot.domain.job import Job
from bot.domain.role_plan import MemberRoles, RoleObstacle, Roles, wanted_roles
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.role_jobs import APPLY, apply_roles, line_of, tell_obstacle
from bot.services.role_sync import SyncRun, daily_run, sync_job
from bot.services.screens import Screen
from storage import audit, customers, jobs, roles
from storage.roles import PlanRoles, Standing

NOT_CHOSEN = PlanRoles({}, from_file=False)


class RoleService:
    """Decides; the cog acts in Discord and reports back what it did."""

    def __init__(
        self,
        context: Context,
        guilds: GuildService,
        configured: Mapping[GuildId, Mapping[PlanId, RoleId]],
    ) -> None:
        """`configured` are the plan roles from mooring.toml."""
        self._context = context
        self._guilds = guilds
        self._configured = {guild_id: given for guild_id, given in configured.items() if given}

    @property
    def _grace(self) -> timedelta:
        return timedelta(days=self._context.policy.grace_days)

    # Which role a plan has

    async def mapping(self, guild_id: GuildId) -> dict[PlanId, RoleId]:
        """The role of each plan that has one in this server."""
        async with self._context.database.read() as connection:
            return await roles.plan_roles_of(connection, guild_id)

    def is_set_by_file(self, guild_id: GuildId) -> bool:
        """Whether mooring.toml names this server's plan roles."""
        return guild_id in self._configured

    async def choose(
        self, actor: Actor, plan_id: PlanId, role_id: RoleId | None, *, screen: Screen
    ) -> None:
        """An administrator gives a plan its role, or none; everybody's roles follow.

        Raises NotPermitted or RolesSetByFile.
        """
        await self._guilds.administer(actor)
        if self.is_set_by_file(actor.guild_id):
            raise RolesSetByFile
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await roles.set_plan_role(connection, actor.guild_id, plan_id, role_id)
            await audit.append(
                connection,
                actor_id=actor.user_id,
                action="roles.set",
                subject=str(actor.guild_id),
                details={"plan": plan_id, "role": role_id},
                now=now,
            )
            await self._start_run(connection, actor.guild_id, screen)

    async def sync(self, actor: Actor, *, screen: Screen) -> None:
        """An administrator has every member looked at; raises NotPermitted."""
        await self._guilds.administer(actor)
        async with self._context.database.write() as connection:
            await self._start_run(connection, actor.guild_id, screen)

    async def _start_run(
        self, connection: AsyncConnection, guild_id: GuildId, screen: Screen | None = None
    ) -> None:
        run = SyncRun(guild_id, self._context.new_id(), screen=screen)
        await jobs.add(connection, [sync_job(run)], now=self._context.clock())

    async def start(self) -> bool:
        """At the process's start; returns whether any plan has a role anywhere.

        Takes over what mooring.toml says, and sees that every server is looked at once a day. No
        member is looked at here.
        """
        now = self._context.clock()
        async with self._context.database.write() as connection:
            known = await roles.all_plan_roles(connection)
            for guild_id in self._configured.keys() | known.keys():
                wanted, found = self._configured.get(guild_id, {}), known.get(guild_id, NOT_CHOSEN)
                is_news = wanted != found.roles if found.from_file else bool(wanted)
                if is_news:
                    await roles.take_over(connection, guild_id, wanted)
                    await self._start_run(connection, guild_id)
            mapped = await roles.all_plan_roles(connection)
            concerned = mapped.keys() | await roles.guilds_with_grants(connection)
            await jobs.add(connection, [daily_run(each, now=now) for each in concerned], now=now)
        return bool(mapped)

    # Who should have which

    async def standing(self, job: Job) -> list[MemberRoles]:
        """What a job of `apply_roles` has to bring about, in each server, as it is now.

        Other such jobs of this member that wait would find the same: this one does their work.
        """
        user_id, now = UserId(int(job.payload["user_id"])), self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.withdraw(connection, kind=APPLY, line=line_of(user_id), now=now)
            found = await roles.standing(connection, user_id)
            mapped = await roles.all_plan_roles(connection)
        everywhere = [
            self._in_guild(found, guild_id, mapped[guild_id].roles if guild_id in mapped else {})
            for guild_id in mapped.keys() | found.granted.keys()
            if self._guilds.trusts(guild_id)
        ]
        return [here for here in everywhere if here.wanted or here.granted]

    def _in_guild(
        self, found: Standing, guild_id: GuildId, mapping: Mapping[PlanId, RoleId]
    ) -> MemberRoles:
        now = self._context.clock()
        wanted = wanted_roles(found.subscriptions, mapping, now=now, grace=self._grace)
        granted = found.granted.get(guild_id, frozenset())
        return MemberRoles(guild_id, found.user_id, wanted, granted)

    async def _apply(self, user_id: UserId) -> None:
        async with self._context.database.write() as connection:
            job = apply_roles(user_id, self._context.new_id())
            await jobs.add(connection, [job], now=self._context.clock())

    async def welcome(self, guild_id: GuildId, user_id: UserId) -> None:
        """Somebody has joined a server: a member who is linked gets their roles."""
        async with self._context.database.read() as connection:
            if not await roles.plan_roles_of(connection, guild_id):
                return
            if await customers.of_user(connection, user_id) is None:
                return
        await self._apply(user_id)

    async def notice(self, guild_id: GuildId, user_id: UserId, held: Roles) -> None:
        """Somebody is seen with these roles: if others are due, they are given or taken."""
        async with self._context.database.read() as connection:
            mapping = await roles.plan_roles_of(connection, guild_id)
            found = await roles.standing(connection, user_id)
        if self._in_guild(found, guild_id, mapping).steps(held):
            await self._apply(user_id)

    # What was done

    async def note_granted(
        self, guild_id: GuildId, user_id: UserId, role_ids: Collection[RoleId]
    ) -> None:
        """Before they are granted: a role that is granted and not recorded would stay for ever."""
        async with self._context.database.write() as connection:
            await roles.note_granted(
                connection, guild_id, user_id, role_ids, now=self._context.clock()
            )

    async def forget(
        self, guild_id: GuildId, user_id: UserId, role_ids: Collection[RoleId] | None = None
    ) -> None:
        """After they are gone; None means all of a member who has left."""
        async with self._context.database.write() as connection:
            await roles.forget(connection, guild_id, user_id, role_ids)

    async def note_obstacles(
        self, guild_id: GuildId, obstacles: Mapping[RoleId, RoleObstacle]
    ) -> None:
        """Have the team told."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            told = [
                tell_obstacle(guild_id, role_id, each, now=now)
                for role_id, each in obstacles.items()
            ]
            await jobs.add(connection, told, now=now)

    async def note_deleted(self, guild_id: GuildId, role_id: RoleId) -> None:
        """A role was deleted in Discord, so nobody has it any more."""
        async with self._context.database.write() as connection:
            await roles.forget_role(connection, guild_id, role_id)
            mapping = await roles.plan_roles_of(connection, guild_id)
        if role_id in mapping.values():
            await self.note_obstacles(guild_id, {role_id: RoleObstacle.DELETED})
