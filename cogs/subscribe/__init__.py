"""Buying a plan."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.subscribe.flow import SubscribeCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command and buttons."""
    await bot.add_cog(SubscribeCog(dependencies))
