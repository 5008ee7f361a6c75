"""Once a day: forget what has served its purpose, so that the store does not grow for ever.

Once an hour: end the cancel attempts that their members have given up.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import ATTEMPT_LIFETIME
from bot.domain.job import Job, NewJob
from bot.services.context import Context
from bot.services.reconciliation import KEPT
from bot.services.ticket_files import delete_files
from bot.services.ticket_requests import KEEP_QUOTES
from storage import (
    cancel_attempts,
    checkouts,
    events,
    jobs,
    link_requests,
    panels,
    reconciliations,
    ticket_blocks,
    ticket_purge,
    ticket_quotes,
    used_signatures,
)
from storage.purge import PORTION

# Providers repeat events for days and members read receipts for weeks: a key that is forgotten
# could be used again.
KEEP_DONE_JOBS = timedelta(days=90)
KEEP_EVENTS = timedelta(days=90)
# Requests count towards limits for an hour; then an address has no reason to stay.
KEEP_LINK_REQUESTS = timedelta(days=7)

# The longest that a provider leaves a checkout page open is a day. One that is paid after all still
# counts.
PAGES_EXPIRE = timedelta(days=2)

_log = structlog.get_logger(__name__)


class HousekeepingService:
    """Two jobs that add their successors."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def schedule(self) -> None:
        """Add the runs of this day and this hour, unless they are there; called at start."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, [_run(now), _look_at_attempts(now)], now=now)

    async def end_attempts(self, _job: Job) -> None:
        """Nobody is told: an attempt that was given up has changed nothing."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            ended = await cancel_attempts.time_out(
                connection, before=now - ATTEMPT_LIFETIME, now=now
            )
            await jobs.add(connection, [_look_at_attempts(now + timedelta(hours=1))], now=now)
        if ended:
            _log.info("attempts_timed_out", count=ended)

    async def run(self, _job: Job) -> None:
        """Delete in portions, between which others write; then tomorrow's run is added."""
        now = self._context.clock()
        counts = {
            "jobs": await self._purge(partial(jobs.purge, before=now - KEEP_DONE_JOBS)),
            "events": await self._purge(partial(events.purge, before=now - KEEP_EVENTS)),
            "link_requests": await self._purge(
                partial(link_requests.purge, before=now - KEEP_LINK_REQUESTS)
            ),
            "signatures": await self._purge(partial(used_signatures.purge, before=now)),
            "quotes": await self._purge(partial(ticket_quotes.purge, before=now - KEEP_QUOTES)),
            "blocks": await self._purge(partial(ticket_blocks.purge, now=now)),
            "panel_drafts": await self._purge(
                partial(panels.purge_drafts, before=now - KEEP_QUOTES)
            ),
            "reconciliations": await self._purge(partial(reconciliations.purge, before=now - KEPT)),
            "tickets": await self._purge_tickets(now),
        }
        async with self._context.database.write() as connection:
            counts |= {
                "checkouts_closed": await checkouts.close_stale(
                    connection, before=now - PAGES_EXPIRE
                )
            }
            await jobs.add(connection, [_run(now + timedelta(days=1))], now=now)
        _log.info("housekeeping_done", **counts)

    async def _purge_tickets(self, now: datetime) -> int:
        """What was said in tickets that were closed long ago; their files go in jobs."""
        days, total = self._context.policy.records.keep_days, 0
        if days == 0:
            return total
        while True:
            async with self._context.database.write() as connection:
                due = await ticket_purge.due(connection, closed_before=now - timedelta(days=days))
                await ticket_purge.purge(connection, due, now=now)
                await jobs.add(connection, [delete_files(each, now=now) for each in due], now=now)
            total += len(due)
            if len(due) < ticket_purge.PORTION:
                return total

    async def _purge(self, portion: Callable[[AsyncConnection], Awaitable[int]]) -> int:
        total = 0
        while True:
            async with self._context.database.write() as connection:
                deleted = await portion(connection)
            total += deleted
            if deleted < PORTION:
                return total


def _run(moment: datetime) -> NewJob:
    return NewJob("housekeeping.run", f"housekeeping:{moment:%Y-%m-%d}", {}, run_at=moment)


def _look_at_attempts(moment: datetime) -> NewJob:
    key = f"attempts:{moment:%Y-%m-%dT%H}"
    return NewJob("housekeeping.end_attempts", key, {}, run_at=moment)
