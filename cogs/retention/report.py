"""/retention report: the screen, its filters and its file."""

import asyncio
from dataclasses import replace as changed
from datetime import date, timedelta

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import InvalidPeriod, NoSuchThing
from bot.domain.identifiers import PlanId
from bot.domain.retention_report import LONGEST_PERIOD, Period
from bot.services.retention_reports import Selection
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, chosen, replace, suggested
from cogs.retention.files import attempts_csv
from cogs.retention.picture import draw, is_possible
from cogs.retention.render import PERIODS, picture_files, report_card
from cogs.retention.sending import send_file
from cogs.retention.wording import ALL, decoded, names_of

_USUAL_DAYS = 30


class RetentionCog(commands.Cog):
    """For moderators and those who manage the server. The service refuses everybody else."""

    retention = app_commands.Group(
        name="retention",
        description="Why members leave, and what keeps them",
        default_permissions=discord.Permissions(manage_messages=True),
        guild_only=True,
    )

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the selects and the button."""
        self._is = dependencies
        dependencies.router.add("retention.period", self.choose_period)
        dependencies.router.add("retention.plan", self.choose_plan)
        dependencies.router.add("retention.csv", self.send_csv)

    @retention.command(name="report", description="Attempts to cancel: reasons, saves and offers")
    @app_commands.describe(
        period="How far back (30 days if you leave everything out)",
        first="Or from this day on, such as 2026-11-01",
        last="Until this day, such as 2026-11-30",
        plan="Members of one plan only",
    )
    @app_commands.rename(first="from", last="to")
    @app_commands.choices(
        period=[app_commands.Choice(name=name, value=days) for days, name in PERIODS.items()]
    )
    async def report(
        self,
        interaction: Interaction,
        *,
        period: int | None = None,
        first: str | None = None,
        last: str | None = None,
        plan: str | None = None,
    ) -> None:
        """Reading and drawing take a moment."""
        selection = Selection(self._period(period, first, last), self._plan(plan))
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, selection)

    @report.autocomplete("plan")
    async def suggest(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """The plans whose names fit."""
        return suggested(((plan.id, plan.name) for plan in self._is.catalogue.plans), typed)

    def _plan(self, typed: str | None) -> PlanId | None:
        if typed is None:
            return None
        wanted = typed.strip().casefold()
        for plan in self._is.catalogue.plans:
            if wanted in (plan.id, plan.name.casefold()):
                return plan.id
        raise NoSuchThing("plan")

    def _period(self, days: int | None, first: str | None, last: str | None) -> Period:
        """Dates win over a number of days."""
        usual = Period.of_days(days or _USUAL_DAYS, now=self._is.clock())
        if first is None and last is None:
            return usual
        try:
            end = usual.last if last is None else date.fromisoformat(last.strip())
            if first is None:
                return Period(end - timedelta(days=(days or _USUAL_DAYS) - 1), end)
            return Period(date.fromisoformat(first.strip()), end)
        except (ValueError, OverflowError):
            raise InvalidPeriod(LONGEST_PERIOD.days) from None

    async def choose_period(self, interaction: Interaction, argument: str) -> None:
        """The same plan at another time."""
        period = Period.of_days(int(chosen(interaction)), now=self._is.clock())
        await interaction.response.defer()
        await self._show(interaction, changed(decoded(argument), period=period))

    async def choose_plan(self, interaction: Interaction, argument: str) -> None:
        """Another plan at the same time."""
        picked = chosen(interaction)
        plan_id = None if picked == ALL else self._plan(picked)
        await interaction.response.defer()
        await self._show(interaction, changed(decoded(argument), plan_id=plan_id))

    async def _show(self, interaction: Interaction, selection: Selection) -> None:
        report = await self._is.retention.report(actor_of(interaction), selection)
        pictures = await asyncio.to_thread(draw, report, names_of(self._is))
        view = report_card(report, pictures, self._is, hint=not is_possible())
        await replace(interaction, view, pictures=picture_files(pictures, report))

    async def send_csv(self, interaction: Interaction, argument: str) -> None:
        """One row for each attempt."""
        selection = decoded(argument)
        await interaction.response.defer(ephemeral=True, thinking=True)
        records = await self._is.retention.records(actor_of(interaction), selection)
        written = await asyncio.to_thread(attempts_csv, records)
        await send_file(
            interaction,
            written,
            "attempts.csv",
            "## Every attempt\nOne row for each, without names. Times are UTC. Amounts are in the "
            "smallest unit of their currency, such as cents.",
        )
