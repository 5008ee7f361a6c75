"""`/stats`: how the team did, for those who lead it."""

import asyncio

from bot.domain.errors import InvalidPeriod
from bot.domain.identifiers import GuildId
from bot.domain.retention_report import LONGEST_PERIOD, Period
from bot.domain.support_hours import SupportHours
from bot.domain.ticket_stats import TicketFact, TicketStats, build
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from storage import ticket_stats

# On SQLite readers take turns: nobody has to wait for a whole year to be read.
_PORTION = 1_000


class TicketStatsService:
    """For moderators, and for those who manage the server: of its own tickets."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who is a moderator."""
        self._context = context
        self._guilds = guild_service

    @property
    def hours(self) -> SupportHours:
        """When the team is there."""
        return self._context.policy.support.hours

    async def report(self, actor: Actor, period: Period) -> TicketStats:
        """The numbers; raises NotPermitted, or InvalidPeriod.

        Support hours are no matter for SQL, so that the tickets are added up here, beside the loop.
        """
        found = await self.facts(actor, period)
        return await asyncio.to_thread(build, found, self.hours, period)

    async def facts(self, actor: Actor, period: Period) -> list[TicketFact]:
        """Every ticket of the period, for the file; raises as `report` does."""
        self._guilds.require_trusted(actor.guild_id)
        if not actor.manages_guild:
            await self._guilds.require(actor, Duty.MODERATOR)
        if not period.is_usable:
            raise InvalidPeriod(LONGEST_PERIOD.days)
        return await self._read(actor.guild_id, period)

    async def _read(self, guild_id: GuildId, period: Period) -> list[TicketFact]:
        found: list[TicketFact] = []
        while True:
            async with self._context.database.read() as connection:
                portion = await ticket_stats.facts(
                    connection,
                    guild_id,
                    period,
                    after=found[-1] if found else None,
                    most=_PORTION,
                )
            found += portion
            if len(portion) < _PORTION:
                return found
