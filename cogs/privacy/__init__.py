"""/privacy: a copy of a member's data, and forgetting it."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.privacy.copying import CopyCog
from cogs.privacy.effects import PrivacyEffects
from cogs.privacy.erasing import ErasureFlow


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands, buttons and effects."""
    PrivacyEffects(dependencies)
    await bot.add_cog(CopyCog(dependencies, ErasureFlow(dependencies)))
