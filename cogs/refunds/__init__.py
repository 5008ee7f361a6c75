"""The refund desk, and disputes."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.refunds.desk import RefundCog
from cogs.refunds.disputes import DisputeEffects
from cogs.refunds.effects import RefundEffects
from cogs.refunds.elsewhere import RefundsElsewhere


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons and effects."""
    RefundEffects(dependencies)
    DisputeEffects(dependencies)
    RefundsElsewhere(dependencies)
    await bot.add_cog(RefundCog(dependencies))
