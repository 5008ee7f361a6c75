"""Who may do what in which server, and where things go there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import GuildNotSetUp, NotPermitted, ServerNotTrusted
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, RoleId, UserId
from bot.services.context import Context
from storage import audit, guilds


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

    async def set_up(self, actor: Actor, settings: GuildSettings) -> None:
        """Store an administrator's choices; raises NotPermitted for everybody else."""
        await self.administer(actor)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await guilds.save(connection, actor.guild_id, settings)
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
