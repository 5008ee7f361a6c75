"""Support tickets in private channels."""

from discord import app_commands
from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.tickets.blocks import BlockCog
from cogs.tickets.capture import CaptureCog
from cogs.tickets.closing import ClosingCog
from cogs.tickets.files import FileCog
from cogs.tickets.menus import TicketMenus
from cogs.tickets.missed import MissedCog
from cogs.tickets.opening import OpeningEffects
from cogs.tickets.people import PeopleCog
from cogs.tickets.rating import RatingEffects
from cogs.tickets.reopening import ReopeningCog
from cogs.tickets.request import TicketCog
from cogs.tickets.search import SearchCommands
from cogs.tickets.secrets import SecretEffects
from cogs.tickets.timers import TimerEffects
from cogs.tickets.topic_roles import TopicRolesCog
from cogs.tickets.transcripts import TranscriptCommands
from cogs.tickets.twins import TwinsCog


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's command, buttons, listeners and effects."""
    capture = CaptureCog(dependencies)
    missed = MissedCog(bot, dependencies, capture)
    SecretEffects(bot, dependencies)
    RatingEffects(dependencies)
    OpeningEffects(bot, dependencies, capture, missed)
    await bot.add_cog(capture)
    await bot.add_cog(missed)
    await bot.add_cog(TwinsCog(bot, dependencies))
    TimerEffects(dependencies, capture, missed)
    await bot.add_cog(FileCog(bot, dependencies))
    request, people = TicketCog(bot, dependencies), PeopleCog(bot, dependencies)
    TicketMenus(bot, dependencies, request)
    closing = ClosingCog(bot, dependencies, capture, missed)
    await bot.add_cog(people)
    await bot.add_cog(TopicRolesCog(bot, dependencies))
    await bot.add_cog(BlockCog(dependencies))
    ticket_group = app_commands.Group(
        name="ticket", description="Talk to the support team in private", guild_only=True
    )
    transcripts, reopening = TranscriptCommands(dependencies), ReopeningCog(bot, dependencies)
    for part in (request, closing, people, transcripts, reopening):
        part.add_to(ticket_group)
    bot.tree.add_command(ticket_group)
    SearchCommands(dependencies).add_to(bot.tree)
