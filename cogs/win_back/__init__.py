"""One message after leaving, for those who ask for it under their receipt."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.win_back.consent import WinBackConsent
from cogs.win_back.effects import WinBackEffects


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:  # noqa: ARG001
    """Add this feature's buttons and effect."""
    WinBackEffects(dependencies)
    WinBackConsent(dependencies)
