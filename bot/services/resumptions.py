"""Undoing a scheduled cancellation before the period ends (rules S5, S6)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import ProviderRefusedError
from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.errors import NothingToResume
from bot.domain.identifiers import SubscriptionId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.subscription import NextStep, Subscription, next_step
from bot.services.context import Context
from bot.services.mirror import apply, provider_of
from bot.services.screens import Screen
from bot.services.stuck import look_at_resumption
from storage import audit, cancel_attempts, customers, jobs, subscriptions


class ResumptionService:
    """Takes the wish, also while a cancellation still waits for the provider."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def request(
        self, user_id: UserId, subscription_id: SubscriptionId | None, *, screen: Screen
    ) -> None:
        """The member wants a subscription to renew again (S5): this one, or the newest that is to
        end. Raises NothingToResume."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            subscription, requested = await self._ending(connection, user_id, subscription_id)
            if requested is not None:
                await self._withdraw(connection, requested, now)
            await audit.append(
                connection,
                actor_id=user_id,
                action="resume.requested",
                subject=subscription.id,
                details={},
                now=now,
            )
            reference = self._context.new_id()
            payload = {
                "subscription_id": subscription.id,
                "user_id": user_id,
                "screen": screen.to_payload(),
                "reference": reference,
            }
            job = NewJob(
                "resumption.carry_out", _work_key(reference), payload, line=subscription.id
            )
            look = look_at_resumption(reference, user_id, subscription.id, now=now)
            await jobs.add(connection, [job, look], now=now)

    async def _ending(
        self, connection: AsyncConnection, user_id: UserId, subscription_id: SubscriptionId | None
    ) -> tuple[Subscription, CancelAttempt | None]:
        """The user's own subscription that is to end, with a cancellation that still waits."""
        customer = await customers.of_user(connection, user_id)
        known = await subscriptions.of_customers(connection, [customer.id] if customer else [])
        wanted = [each for each in known if subscription_id in (None, each.id)]
        for each in wanted:
            attempt = await cancel_attempts.unfinished(connection, each.id)
            if attempt is not None and attempt.state is AttemptState.REQUESTED:
                return each, attempt
            if next_step(each, now=self._context.clock()) is NextStep.RESUME:
                return each, None
        raise NothingToResume(ended=bool(wanted) and not any(each.is_live for each in wanted))

    async def still_waits(self, reference: str) -> bool:
        """Whether the provider has not answered this wish yet, and nobody has withdrawn it."""
        async with self._context.database.read() as connection:
            return await jobs.is_waiting(connection, _work_key(reference))

    async def find(self, subscription_id: SubscriptionId) -> Subscription | None:
        """The subscription that was to be resumed, as it is now."""
        async with self._context.database.read() as connection:
            return await subscriptions.find(connection, subscription_id)

    async def _withdraw(
        self, connection: AsyncConnection, attempt: CancelAttempt, now: datetime
    ) -> None:
        """A cancellation that the provider has not confirmed yet is not to be carried out."""
        await cancel_attempts.advance(
            connection,
            attempt.id,
            expected=(AttemptState.REQUESTED,),
            to=AttemptState.RESUMED,
            now=now,
            finished_at=now,
        )
        await jobs.hurry(connection, f"cancel:{attempt.id}", now=now)

    async def carry_out(self, job: Job) -> None:
        """Ask the provider to let the subscription renew again (S6)."""
        subscription_id = SubscriptionId(str(job.payload["subscription_id"]))
        reference = str(job.payload["reference"])
        async with self._context.database.read() as connection:
            if await jobs.exists(connection, _show_key(reference)):
                return
            provider = await provider_of(connection, self._context, subscription_id)
        try:
            snapshot = await provider.undo_cancellation(
                subscription_id, idempotency_key=f"mooring-resume-{reference}-{job.attempts}"
            )
            asked_at = self._context.clock()
        except ProviderRefusedError as refusal:
            async with self._context.database.write() as connection:
                await self._finish(connection, job, refused=refusal.code)
            return
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)
            renews = all(each.is_live and each.cancel_at is None for each in snapshot.subscriptions)
            cancelled = await cancel_attempts.newest_cancelled(connection, subscription_id)
            if cancelled is not None and renews:
                await cancel_attempts.advance(
                    connection,
                    cancelled.id,
                    expected=(AttemptState.CANCELLED,),
                    to=AttemptState.RESUMED,
                    now=self._context.clock(),
                )
            await self._finish(connection, job, refused=None if renews else "ended")

    async def _finish(self, connection: AsyncConnection, job: Job, *, refused: str | None) -> None:
        """The outcome, and who is told, in the caller's transaction."""
        now, reference = self._context.clock(), str(job.payload["reference"])
        await audit.append(
            connection,
            actor_id=None,
            action="resume.done" if refused is None else "resume.failed",
            subject=str(job.payload["subscription_id"]),
            details={"code": refused},
            now=now,
        )
        told = {**job.payload, "resumed": refused is None}
        await jobs.add(
            connection,
            [
                NewJob("resumption.show", _show_key(reference), told),
                NewJob("resumption.tell_member", f"resume-dm:{reference}", told),
            ],
            now=now,
        )


def _work_key(reference: str) -> str:
    return f"resume:{reference}"


def _show_key(reference: str) -> str:
    return f"resume-show:{reference}"
