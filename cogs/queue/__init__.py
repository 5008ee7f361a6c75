"""What waits for the team, and who takes it."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.queue.agents import AgentCog
from cogs.queue.waiting import QueueCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands, buttons and effects."""
    await bot.add_cog(QueueCog(dependencies))
    await bot.add_cog(AgentCog(bot, dependencies))
