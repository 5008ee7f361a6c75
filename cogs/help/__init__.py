"""/help: what the bot can do, and looking for what is wrong with a payment."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.help.asking import HelpCog
from cogs.help.effects import HelpEffects


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons and effects."""
    HelpEffects(dependencies)
    await bot.add_cog(HelpCog(dependencies))
