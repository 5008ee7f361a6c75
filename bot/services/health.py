"""Whether this process can do its work."""

from dataclasses import dataclass

import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from bot.services.context import Context
from storage import jobs

# Jobs normally run within milliseconds: one that waits this long means that nobody works.
LATEST_START_SECONDS = 120

_log = structlog.get_logger(__name__)
_due = Gauge("mooring_jobs_due", "Jobs that are due and not done")
_failing = Gauge("mooring_jobs_failing", "Jobs that have failed and wait to run again")
_oldest = Gauge("mooring_jobs_oldest_seconds", "How long the oldest due job has waited")


@dataclass(frozen=True, slots=True)
class Health:
    """`oldest_seconds` is how long the longest waiting due job has waited."""

    database: bool
    gateway: bool
    due: int
    failing: int
    oldest_seconds: float

    @property
    def healthy(self) -> bool:
        """Whether a load balancer or a supervisor should be content."""
        return self.database and self.gateway and self.oldest_seconds < LATEST_START_SECONDS

    def to_json(self) -> dict[str, object]:
        """For the health page."""
        return {
            "healthy": self.healthy,
            "database": self.database,
            "gateway": self.gateway,
            "jobs": {
                "due": self.due,
                "failing": self.failing,
                "oldest_seconds": round(self.oldest_seconds, 3),
            },
        }


class HealthService:
    """Asks the store how things are."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def check(self, *, gateway_ready: bool) -> Health:
        """Look at the database and the backlog; never raises for a broken database."""
        now = self._context.clock()
        try:
            async with self._context.database.read() as connection:
                waiting = await jobs.backlog(connection, now=now)
        except (SQLAlchemyError, OSError) as error:
            _log.error("database_unreachable", error=type(error).__name__)
            return Health(False, gateway_ready, 0, 0, 0.0)
        waited = (now - waiting.oldest).total_seconds() if waiting.oldest else 0.0
        return Health(True, gateway_ready, waiting.due, waiting.failing, waited)

    async def measure_backlog(self) -> None:
        """Set the gauges."""
        health = await self.check(gateway_ready=True)
        _due.set(health.due)
        _failing.set(health.failing)
        _oldest.set(health.oldest_seconds)
