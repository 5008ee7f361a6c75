"""/retention report: why members leave, and what keeps them."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.retention.comments import CommentScreens
from cogs.retention.digest import WeeklyDigest
from cogs.retention.report import RetentionCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons and weekly post."""
    WeeklyDigest(dependencies)
    CommentScreens(dependencies)
    await bot.add_cog(RetentionCog(dependencies))
