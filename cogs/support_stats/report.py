"""/stats: the screen, its period and its file."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import UserId
from bot.domain.retention_report import Period
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, chosen, replace
from cogs.retention.render import PERIODS
from cogs.retention.sending import send_file
from cogs.support_stats.files import tickets_csv
from cogs.support_stats.picture import draw
from cogs.support_stats.render import picture_files, stats_card
from cogs.support_stats.wording import Names, decoded

_USUAL_DAYS = 30
# Discord's limit for one question, and how long the answer is waited for.
_MOST_NAMES = 100
_NAMES_SECONDS = 2


class StatsCog(commands.Cog):
    """For moderators and those who manage the server. The service refuses everybody else."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the select and the button."""
        self._bot = bot
        self._is = dependencies
        dependencies.router.add("stats.period", self.choose_period)
        dependencies.router.add("stats.csv", self.send_csv)

    @app_commands.command(name="stats", description="First response, resolution and CSAT")
    @app_commands.describe(period="How far back (30 days if you leave it out)")
    @app_commands.choices(
        period=[app_commands.Choice(name=name, value=days) for days, name in PERIODS.items()]
    )
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def stats(self, interaction: Interaction, period: int | None = None) -> None:
        """Reading and drawing take a moment."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, self._last(period or _USUAL_DAYS))

    def _last(self, days: int) -> Period:
        return Period.of_days(days, now=self._is.clock())

    async def choose_period(self, interaction: Interaction, _argument: str) -> None:
        """The same at another time."""
        period = self._last(int(chosen(interaction)))
        await interaction.response.defer()
        await self._show(interaction, period)

    async def _show(self, interaction: Interaction, period: Period) -> None:
        stats = await self._is.ticket_stats.report(actor_of(interaction), period)
        names = await self._names(interaction.guild, {key for key, _ in stats.by_agent if key})
        pictures = await asyncio.to_thread(draw, stats, names)
        is_always = self._is.ticket_stats.hours.is_always
        view = stats_card(stats, pictures, names, is_always=is_always, now=self._is.clock())
        await replace(interaction, view, pictures=picture_files(pictures))

    async def send_csv(self, interaction: Interaction, argument: str) -> None:
        """One row for each ticket."""
        period = decoded(argument)
        await interaction.response.defer(ephemeral=True, thinking=True)
        facts = await self._is.ticket_stats.facts(actor_of(interaction), period)
        agent_ids = {each.agent_id for each in facts if each.agent_id}
        names = await self._names(interaction.guild, agent_ids)
        hours = self._is.ticket_stats.hours
        written = await asyncio.to_thread(tickets_csv, facts, hours, names)
        await send_file(
            interaction,
            written,
            "tickets.csv",
            "## Every ticket\nOne row for each, without who opened it. Times are UTC. Minutes are "
            "support hours, and with `clock` in their name all hours.",
        )

    async def _names(self, guild: discord.Guild | None, agent_ids: set[UserId]) -> Names:
        """Pictures and files mention nobody. The gateway is asked once for all of them; who has
        left, or is not told in time, keeps their number."""
        topics = {topic.id: topic.label for topic in self._is.tickets.topics}
        found: Sequence[discord.Member] = ()
        if guild is not None and agent_ids:
            some = [int(each) for each in agent_ids][:_MOST_NAMES]
            with suppress(TimeoutError):
                async with asyncio.timeout(_NAMES_SECONDS):
                    found = await guild.query_members(user_ids=some, limit=len(some), cache=False)
        return Names(topics, {UserId(each.id): each.display_name for each in found})
