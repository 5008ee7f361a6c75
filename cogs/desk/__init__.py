"""The team's side of a ticket."""

from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.desk.assignees import AssigneeAccess
from cogs.desk.customer import CustomerCog
from cogs.desk.departures import DepartureEffects
from cogs.desk.effects import DeskEffects
from cogs.desk.handing_over import HandoverCog
from cogs.desk.macros import MacroCog
from cogs.desk.moving import MovingEffects
from cogs.desk.notes import NotesCog
from cogs.desk.slash import DeskCommandsCog
from cogs.desk.solved import SolvedCog
from cogs.desk.work import WorkCog
from cogs.tickets.capture import CaptureCog
from cogs.tickets.missed import MissedCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands, buttons and effects; it comes after the tickets."""
    capture, missed = bot.get_cog(CaptureCog.__name__), bot.get_cog(MissedCog.__name__)
    if not isinstance(capture, CaptureCog) or not isinstance(missed, MissedCog):
        raise TypeError("the tickets' feature comes first")
    assignees = AssigneeAccess(bot, dependencies)
    DeskEffects(bot, dependencies, assignees)
    MovingEffects(bot, dependencies)
    DepartureEffects(bot, dependencies)
    await bot.add_cog(HandoverCog(bot, dependencies, assignees))
    await bot.add_cog(WorkCog(dependencies, capture, missed))
    await bot.add_cog(DeskCommandsCog(dependencies))
    await bot.add_cog(CustomerCog(dependencies))
    await bot.add_cog(NotesCog(bot, dependencies, capture, missed))
    await bot.add_cog(MacroCog(dependencies))
    await bot.add_cog(SolvedCog(dependencies, capture, missed))
