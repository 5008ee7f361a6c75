"""/setup."""

from discord.ext import commands

from cogs.admin.setup import SetupCog
from cogs.dependencies import Dependencies


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command."""
    await bot.add_cog(SetupCog(dependencies))
