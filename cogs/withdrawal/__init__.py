"""/withdraw: withdrawing from a young contract, where the vendor offers it."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.withdrawal.effects import WithdrawalEffects
from cogs.withdrawal.flow import WithdrawalCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons and effects."""
    WithdrawalEffects(dependencies)
    await bot.add_cog(WithdrawalCog(dependencies))
