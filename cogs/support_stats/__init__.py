"""How the team did: first response, resolution, and how content members were."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.support_stats.report import StatsCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command and its controls."""
    await bot.add_cog(StatsCog(bot, dependencies))
