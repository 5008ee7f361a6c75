"""The refund desk, and disputes."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.refunds.desk import RefundCog
from cogs.refunds.disputes import DisputeEffects
from cogs.refunds.duplicates import DuplicatesCog
from cogs.refunds.effects import RefundEffects
from cogs.refunds.elsewhere import RefundsElsewhere
from cogs.refunds.late import LatePayments
from cogs.refunds.queue import RefundQueueCog
from cogs.refunds.queue_effects import RefundQueueEffects
from cogs.refunds.requesting import RefundRequestCog
from cogs.refunds.returned import ReturnedRefunds


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons and effects."""
    RefundEffects(dependencies)
    DisputeEffects(dependencies)
    RefundsElsewhere(dependencies)
    LatePayments(dependencies)
    ReturnedRefunds(dependencies)
    RefundQueueEffects(dependencies)
    await bot.add_cog(RefundCog(dependencies))
    await bot.add_cog(DuplicatesCog(dependencies))
    await bot.add_cog(RefundQueueCog(dependencies))
    await bot.add_cog(RefundRequestCog(dependencies))
