"""/cancel with its offers, and /resume."""

from discord.ext import commands

from cogs.cancellation.effects import CancellationEffects
from cogs.cancellation.flow import CancellationCog
from cogs.cancellation.resume import ResumeCog
from cogs.cancellation.stuck import StuckEffects
from cogs.cancellation.taking import OfferCog
from cogs.dependencies import Dependencies


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands, buttons and effects."""
    CancellationEffects(dependencies)
    StuckEffects(dependencies)
    await bot.add_cog(CancellationCog(dependencies))
    await bot.add_cog(ResumeCog(dependencies))
    await bot.add_cog(OfferCog(dependencies))
