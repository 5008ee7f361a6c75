"""/link and /balance."""

from discord.ext import commands

from cogs.account.balance import BalanceCog
from cogs.account.link import LinkCog
from cogs.dependencies import Dependencies


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands and buttons."""
    await bot.add_cog(LinkCog(dependencies))
    await bot.add_cog(BalanceCog(dependencies))
