"""Who may do what in which server, and where things go there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.errors import GuildNotSetUp, NotPermitted, ServerNotTrusted
from bot.domain.guild import AnsweringRoles, GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, RoleId, UserId
from bot.services import handover_jobs
from bot.services.context import Context
from bot.services.role_changes import handovers_between
from storage import audit, guilds, topic_roles


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at the moment of a click. `role_ids` come with the interaction from Discord."""

    user_id: UserId
    guild_id: GuildId
    role_ids: frozenset[RoleId]
    manages_guild: bool


class Duty(StrEnum):
    """What a role in the server entitles to."""

    SUPPORT = "support"
    MODERATOR = "moderator"


class GuildService:
    """Servers' settings. Those in mooring.toml win over those from `/setup`."""

    def __init__(
        self,
        context: Context,
        configured: Mapping[GuildId, GuildSettings],
        *,
        servers: Collection[GuildId] = (),
    ) -> None:
        """`configured` are the settings from mooring.toml, `servers` those that it names."""
        self._context = context
        self._configured = configured
        self._servers = frozenset(servers)
        self._is_private = False
        self._topic_roles: dict[GuildId, frozenset[RoleId]] | None = None

    def note_application(self, *, is_private: bool) -> None:
        """Whether the vendor alone can add the bot to servers; Discord says so at login."""
        self._is_private = is_private

    def trusts(self, guild_id: GuildId) -> bool:
        """Whether the vendor has chosen this server.

        Roles belong to a server and money to the vendor: whoever could add the bot to a server of
        their own could make themselves a moderator there, and refund.
        """
        if self._servers:
            return guild_id in self._servers
        return self._is_private or guild_id in self._configured

    def require_trusted(self, guild_id: GuildId) -> None:
        """Raise ServerNotTrusted unless the vendor has chosen this server."""
        if not self.trusts(guild_id):
            raise ServerNotTrusted(guild_id)

    async def settings(self, guild_id: GuildId) -> GuildSettings:
        """The server's settings as they are now; all None before `/setup`, or if not trusted."""
        if not self.trusts(guild_id):
            return GuildSettings()
        if guild_id in self._configured:
            return self._configured[guild_id]
        async with self._context.database.read() as connection:
            return await guilds.load(connection, guild_id)

    async def topic_role(self, guild_id: GuildId, topic_id: str) -> RoleId | None:
        """The topic's own role, where it is this server's; None where the support role answers.

        The file names a role and not its server: the gateway has told whose it is, or was before
        somebody deleted it there.
        """
        topics = self._context.policy.topics
        own = next((each.staff_role_id for each in topics if each.id == topic_id), None)
        known = await self._known_topic_roles()
        return own if own in known.get(guild_id, frozenset()) else None

    async def topics_with_team(self, guild_id: GuildId) -> dict[str, RoleId]:
        """The topics that have a role of their own here, with it."""
        return {
            topic.id: role
            for topic in self._context.policy.topics
            if (role := await self.topic_role(guild_id, topic.id)) is not None
        }

    async def answering_roles(self, guild_id: GuildId) -> AnsweringRoles:
        """Who answers tickets here, as the file and `/setup` have it now."""
        settings = await self.settings(guild_id)
        with_team = await self.topics_with_team(guild_id)
        return AnsweringRoles(settings.support_role_id, settings.moderator_role_id, with_team)

    async def note_roles(self, guild_id: GuildId, role_ids: Collection[RoleId]) -> None:
        """A server has these roles: remember which of them are topics'."""
        own = {role for each in self._context.policy.topics if (role := each.staff_role_id)}
        known = await self._known_topic_roles()
        before = known.get(guild_id, frozenset())
        new = own.intersection(role_ids) - before
        if new:
            async with self._context.database.write() as connection:
                await topic_roles.add(connection, guild_id, new)
            known[guild_id] = before | new

    async def _known_topic_roles(self) -> dict[GuildId, frozenset[RoleId]]:
        """Read once: after that this process hears of its servers' roles itself."""
        if self._topic_roles is None:
            async with self._context.database.read() as connection:
                self._topic_roles = await topic_roles.load_all(connection)
        return self._topic_roles

    async def log_channels(self) -> list[ChannelId]:
        """Where the team is told what belongs to no server of its own: each trusted log channel."""
        return [
            settings.log_channel_id
            for settings in await self._trusted_settings()
            if settings.log_channel_id is not None
        ]

    async def report_channels(self) -> list[ChannelId]:
        """Where the weekly report goes: each that a trusted server has chosen."""
        return [
            settings.report_channel_id
            for settings in await self._trusted_settings()
            if settings.report_channel_id is not None
        ]

    async def _trusted_settings(self) -> list[GuildSettings]:
        async with self._context.database.read() as connection:
            stored = await guilds.load_all(connection)
        known = {**stored, **self._configured}
        return [settings for guild_id, settings in known.items() if self.trusts(guild_id)]

    async def team_guild(self) -> GuildId | None:
        """A server with a team, for what belongs to none; None where nothing is set up."""
        async with self._context.database.read() as connection:
            stored = await guilds.load_all(connection)
        set_up = [
            guild_id
            for guild_id, settings in {**stored, **self._configured}.items()
            if settings.moderator_role_id is not None and self.trusts(guild_id)
        ]
        return min(set_up, default=None)

    async def refund_channel(self, guild_id: GuildId) -> ChannelId | None:
        """Where moderators decide about refunds of this server.

        One that belongs to no server is decided in the first that has a channel for it.
        """
        own = await self.settings(guild_id)
        candidates = (own, *await self._trusted_settings())
        channels = (each.refund_channel_id or each.log_channel_id for each in candidates)
        return next((channel for channel in channels if channel is not None), None)

    def is_configured_by_file(self, guild_id: GuildId) -> bool:
        """Whether `/setup` would have no effect."""
        return guild_id in self._configured

    async def require(self, actor: Actor, *duties: Duty) -> GuildSettings:
        """Raise NotPermitted unless the actor has a role for one of the duties."""
        self.require_trusted(actor.guild_id)
        settings = await self.settings(actor.guild_id)
        roles = {
            Duty.SUPPORT: settings.support_role_id,
            Duty.MODERATOR: settings.moderator_role_id,
        }
        if not any(roles[duty] in actor.role_ids for duty in duties):
            missing = tuple(f"{duty} role" for duty in duties if roles[duty] is None)
            if len(missing) == len(duties):
                raise GuildNotSetUp(missing)
            raise NotPermitted(needs=duties[-1])
        return settings

    async def administer(self, actor: Actor) -> GuildSettings:
        """The server's settings for an administrator; raises NotPermitted for everybody else."""
        self.require_trusted(actor.guild_id)
        if not actor.manages_guild:
            raise NotPermitted(needs="manage server")
        return await self.settings(actor.guild_id)

    async def set_up(self, actor: Actor, settings: GuildSettings, there: Collection[RoleId]) -> int:
        """Store an administrator's choices; raises NotPermitted for everybody else.

        `there` are the server's roles. Returns how many open tickets other ones see from now on.
        """
        await self.administer(actor)
        guild_id = actor.guild_id
        with_team = await self.topics_with_team(guild_id)
        after = AnsweringRoles(settings.support_role_id, settings.moderator_role_id, with_team)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            chosen = await guilds.load(connection, guild_id)
            before = await guilds.load_answering(connection, guild_id)
            await guilds.save(connection, guild_id, settings)
            await audit.append(
                connection,
                actor_id=actor.user_id,
                action="guild.set_up",
                subject=str(actor.guild_id),
                details={
                    "support_role": settings.support_role_id,
                    "moderator_role": settings.moderator_role_id,
                    "ticket_category": settings.ticket_category_id,
                    "log_channel": settings.log_channel_id,
                    "report_channel": settings.report_channel_id,
                    "refund_channel": settings.refund_channel_id,
                },
                now=now,
            )
            if self.is_configured_by_file(guild_id):
                return 0
            if before is None:  # nobody has listened to this server before
                before = replace(
                    after, support=chosen.support_role_id, moderators=chosen.moderator_role_id
                )
            await guilds.save_answering(connection, guild_id, after)
            new_id = self._context.new_id
            changes = handovers_between(guild_id, before, after, there, new_id=new_id)
            return sum([await handover_jobs.begin(connection, each, now=now) for each in changes])
