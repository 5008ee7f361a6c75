"""Panels: messages with buttons or a list that open tickets."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.panels.effects import PanelEffects
from cogs.panels.making import PanelCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands, buttons and effects."""
    PanelEffects(bot, dependencies)
    await bot.add_cog(PanelCog(dependencies))
