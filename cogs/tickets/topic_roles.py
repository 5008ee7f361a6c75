"""Which server has a topic's role: the file names the role alone."""

import discord
from discord.ext import commands

from bot.domain.identifiers import GuildId, RoleId
from cogs.dependencies import Dependencies


class TopicRolesCog(commands.Cog):
    """Passes on what the gateway tells. Asks Discord nothing."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._bot = bot
        self._is = dependencies

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Every server of this process."""
        for guild in self._bot.guilds:
            await self._note(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """One that was away."""
        await self._note(guild)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A new one."""
        await self._note(guild)

    async def _note(self, guild: discord.Guild) -> None:
        roles = [RoleId(role.id) for role in guild.roles]
        await self._is.guilds.note_roles(GuildId(guild.id), roles)
