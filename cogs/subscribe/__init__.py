"""Buying: plans, changes of plan and top-ups."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.subscribe.change import ChangePlanCog
from cogs.subscribe.effects import PurchaseEffects
from cogs.subscribe.flow import SubscribeCog
from cogs.subscribe.plans import PlansCog
from cogs.subscribe.refused import RefusedPurchases
from cogs.subscribe.topup import TopUpCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands, buttons and effects."""
    PurchaseEffects(dependencies)
    RefusedPurchases(dependencies)
    for cog in (PlansCog, SubscribeCog, ChangePlanCog, TopUpCog):
        await bot.add_cog(cog(dependencies))
