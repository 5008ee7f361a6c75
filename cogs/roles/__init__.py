"""/roles: members with a plan get its role, and lose it with the plan."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.roles.choosing import RolesCog
from cogs.roles.effects import RoleEffects
from cogs.roles.listening import RoleListener
from cogs.roles.syncing import RoleSync


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands, listeners and the handlers of its jobs."""
    RoleEffects(bot, dependencies)
    RoleSync(bot, dependencies)
    await bot.add_cog(RolesCog(bot, dependencies))
    await bot.add_cog(RoleListener(dependencies))
