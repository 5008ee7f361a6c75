"""Access that ends by the clock: at a scheduled end, or with the grace period (rule S4).

The provider's event for it may be late or lost, so a timer asks. One that finds another state than
the one it was set for does nothing: the change that brought that state has set its own.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.billing.provider import ProviderNotConfiguredError, ProviderRefusedError, Snapshot
from bot.domain.identifiers import SubscriptionId
from bot.domain.job import Job
from bot.domain.subscription import Status, Subscription
from bot.services.context import Context
from bot.services.effects import access_over
from bot.services.mirror import apply
from bot.services.notice_jobs import moment_of
from storage import customers, jobs, subscriptions

_log = structlog.get_logger(__name__)


class TimerService:
    """Carries out the timers that `notice_jobs.timers_of` adds."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def period_over(self, job: Job) -> None:
        """The scheduled end has come (S4)."""
        ends_at = moment_of(job.payload["ends_at"])

        def is_over(subscription: Subscription, now: datetime) -> bool:
            end = subscription.cancel_at
            return subscription.is_live and end == ends_at and end <= now

        await self._carry_out(job, is_over)

    async def grace_over(self, job: Job) -> None:
        """The payment is still open, and the time that was given for it is over."""
        start = moment_of(job.payload["period_start"])
        grace = timedelta(days=self._context.policy.grace_days)

        def is_over(subscription: Subscription, now: datetime) -> bool:
            waits = subscription.status is Status.PAST_DUE and subscription.period_start == start
            return waits and now >= start + grace

        await self._carry_out(job, is_over)

    async def _carry_out(self, job: Job, is_over: Callable[[Subscription, datetime], bool]) -> None:
        subscription_id = SubscriptionId(str(job.payload["subscription_id"]))
        async with self._context.database.read() as connection:
            found = await subscriptions.find(connection, subscription_id)
            customer = await customers.find(connection, found.customer_id) if found else None
        asked_at = self._context.clock()
        if found is None or customer is None or not is_over(found, asked_at):
            return
        if customer.user_id is None:
            return  # nobody sees it: whoever links later has the account read anew
        try:
            provider = self._context.provider_of(found.provider)
            snapshot = await provider.fetch_subscription(subscription_id)
        except (ProviderRefusedError, ProviderNotConfiguredError) as refusal:
            _log.warning("timer_refused", subscription=subscription_id, why=str(refusal))
            snapshot = Snapshot()
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)
            now_there = await subscriptions.find(connection, subscription_id)
            now = self._context.clock()
            if now_there is not None and is_over(now_there, now):
                ended = access_over(now_there, customer.user_id, self._context)
                await jobs.add(connection, ended, now=now)
