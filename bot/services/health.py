"""Whether this process can do its work."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from bot.services.context import Context
from storage import jobs

# Jobs normally run within milliseconds: one that waits this long means that nobody works.
LATEST_START_SECONDS = 120
# What somebody has confirmed or paid for: it must not go on failing without anybody seeing it.
PROMISED = (
    "cancellation.carry_out",
    "resumption.carry_out",
    "offer.apply",
    "refund.carry_out",
    "refund.end",
    "withdrawal.carry_out",
    "purchase.complete",
)

_log = structlog.get_logger(__name__)
_due = Gauge("mooring_jobs_due", "Jobs that are due and not done")
_failing = Gauge("mooring_jobs_failing", "Jobs that have failed and wait to run again")
_oldest = Gauge("mooring_jobs_oldest_seconds", "How long the oldest due job has waited")
_failing_for = Gauge("mooring_jobs_failing_seconds", "How long the longest failing job has failed")
_promise_failing_for = Gauge(
    "mooring_jobs_promised_failing_seconds",
    "How long something that a person has confirmed or paid for has failed",
)


@dataclass(frozen=True, slots=True)
class Health:
    """`oldest_seconds` is how long the longest waiting due job has waited.

    `failing_seconds` is for how long the job that fails longest has failed, `promised_seconds` the
    same of the promised ones. Neither makes this process unhealthy: a provider that refuses is not
    mended by a restart, nor by keeping its webhooks away.
    """

    database: bool
    gateway: bool
    due: int = 0
    oldest_seconds: float = 0.0
    failing: int = 0
    failing_seconds: float = 0.0
    promised_seconds: float = 0.0

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
                "oldest_seconds": round(self.oldest_seconds, 3),
                "failing": self.failing,
                "failing_seconds": round(self.failing_seconds, 3),
                "promised_failing_seconds": round(self.promised_seconds, 3),
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
                waiting = await jobs.backlog(connection, now=now, promised=PROMISED)
        except (SQLAlchemyError, OSError) as error:
            _log.error("database_unreachable", error=type(error).__name__)
            return Health(database=False, gateway=gateway_ready)

        def seconds_since(moment: datetime | None) -> float:
            return (now - moment).total_seconds() if moment else 0.0

        return Health(
            database=True,
            gateway=gateway_ready,
            due=waiting.due,
            oldest_seconds=seconds_since(waiting.oldest),
            failing=waiting.failing,
            failing_seconds=seconds_since(waiting.failing_since),
            promised_seconds=seconds_since(waiting.promise_failing_since),
        )

    async def measure_backlog(self) -> None:
        """Set the gauges."""
        health = await self.check(gateway_ready=True)
        _due.set(health.due)
        _failing.set(health.failing)
        _oldest.set(health.oldest_seconds)
        _failing_for.set(health.failing_seconds)
        _promise_failing_for.set(health.promised_seconds)
