"""Once a day: forget what has served its purpose, so that the store does not grow for ever."""

from datetime import datetime, timedelta

import structlog

from bot.domain.cancellation import ATTEMPT_LIFETIME
from bot.domain.job import Job, NewJob
from bot.services.context import Context
from storage import cancel_attempts, events, jobs, link_requests

# Providers repeat events for days and members read receipts for weeks: a key that is forgotten
# could be used again.
KEEP_DONE_JOBS = timedelta(days=90)
KEEP_EVENTS = timedelta(days=90)
# Requests count towards limits for an hour; then an address has no reason to stay, neither in the
# request nor in the job that sent its code.
KEEP_LINK_REQUESTS = timedelta(days=7)

_log = structlog.get_logger(__name__)


class HousekeepingService:
    """A job that adds its successor."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def schedule(self) -> None:
        """Add today's run, unless it is there; called at start."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, [_run(now)], now=now)

    async def run(self, _job: Job) -> None:
        """One transaction for everything, and tomorrow's run with it."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            counts = {
                "jobs": await jobs.purge(connection, before=now - KEEP_DONE_JOBS),
                "code_jobs": await jobs.purge(
                    connection, before=now - KEEP_LINK_REQUESTS, kind="account.send_code"
                ),
                "events": await events.purge(connection, before=now - KEEP_EVENTS),
                "link_requests": await link_requests.purge(
                    connection, before=now - KEEP_LINK_REQUESTS
                ),
                "attempts_timed_out": await cancel_attempts.time_out(
                    connection, before=now - ATTEMPT_LIFETIME, now=now
                ),
            }
            await jobs.add(connection, [_run(now + timedelta(days=1))], now=now)
        _log.info("housekeeping_done", **counts)


def _run(moment: datetime) -> NewJob:
    return NewJob("housekeeping.run", f"housekeeping:{moment:%Y-%m-%d}", {}, run_at=moment)
