"""/notices, and what members are told without asking."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.notices.effects import NoticeEffects
from cogs.notices.settings import NoticesCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons and effects."""
    NoticeEffects(dependencies)
    await bot.add_cog(NoticesCog(dependencies))
