"""/setup, and what the team is told of the mirror."""

from discord.ext import commands

from cogs.admin.audit import AuditCog
from cogs.admin.old_prices import OldPrices
from cogs.admin.reconciliation import ReconciliationReport
from cogs.admin.setup import SetupCog
from cogs.admin.unconfigured import UnconfiguredProviders
from cogs.dependencies import Dependencies


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands."""
    OldPrices(dependencies)
    UnconfiguredProviders(dependencies)
    ReconciliationReport(dependencies)
    await bot.add_cog(SetupCog(dependencies))
    await bot.add_cog(AuditCog(dependencies))
