"""Support tickets in private channels."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.tickets.capture import CaptureCog
from cogs.tickets.closing import ClosingCog
from cogs.tickets.opening import OpeningEffects
from cogs.tickets.request import TicketCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons, listeners and effects."""
    capture = CaptureCog(bot, dependencies)
    OpeningEffects(bot, dependencies, capture)
    await bot.add_cog(capture)
    await bot.add_cog(TicketCog(bot, dependencies))
    await bot.add_cog(ClosingCog(bot, dependencies, capture))
