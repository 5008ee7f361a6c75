"""Carrying a confirmed cancellation out: with the period, or at once in arrears (S1-S4).

The request is committed before the provider is asked, and the outcome after it. A run that was cut
short is repeated: asking for what is done already changes nothing.
"""

from datetime import datetime

from bot.billing.provider import BillingProvider, ProviderRefusedError, Snapshot
from bot.domain.cancellation import (
    RENEWED_MEANWHILE,
    AttemptState,
    CancelAttempt,
    ends_later,
    find_reason,
    is_late,
)
from bot.domain.identifiers import AttemptId
from bot.domain.job import Job, NewJob
from bot.services.cancellations import load_attempt
from bot.services.context import Context
from bot.services.mirror import apply, if_there, provider_of
from storage import audit, cancel_attempts, jobs


class CancellationSaga:
    """Takes an attempt from `requested` to `cancelled` or `failed`, however often cut short."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def carry_out(self, job: Job) -> None:
        """Ask the provider to end the subscription, and commit its answer."""
        attempt = await self._load(AttemptId(str(job.payload["attempt_id"])))
        if attempt.state is AttemptState.RESUMED and attempt.is_to_end_at_once:
            await self._find_out(attempt, job)
        if attempt.state is not AttemptState.REQUESTED:
            return
        provider = await self._provider_of(attempt)
        try:
            at_once = await self._may_end_at_once(attempt, provider)
            # An end cannot be taken back: a change of mind until now is honoured.
            if at_once and (await self._load(attempt.id)).state is not AttemptState.REQUESTED:
                return
            answer = await self._ask(provider, attempt, job, at_once=at_once)
            asked_at = self._context.clock()
        except ProviderRefusedError as refusal:
            await self._give_up(attempt, refusal, job)
            return
        account = await self._account_after(answer, attempt, provider)
        await self._complete(attempt, job, answer, account, asked_at=asked_at)

    async def _find_out(self, attempt: CancelAttempt, job: Job) -> None:
        """The member asked to resume while an end at once was under way: it may have been done.

        Its answer can be lost with the process, and an end is told even to who was too late.
        """
        provider, asked_at = await self._provider_of(attempt), self._context.clock()
        try:
            answer = await provider.fetch_subscription(attempt.subscription_id)
        except ProviderRefusedError:
            return  # the resumption behind this in line meets it too, and tells the member
        if any(each.is_live for each in answer.subscriptions):
            return
        account = await self._account_after(answer, attempt, provider)
        await self._complete(attempt, job, answer, account, asked_at=asked_at)

    async def _provider_of(self, attempt: CancelAttempt) -> BillingProvider:
        async with self._context.database.read() as connection:
            return await provider_of(connection, self._context, attempt.subscription_id)

    async def _load(self, attempt_id: AttemptId) -> CancelAttempt:
        async with self._context.database.read() as connection:
            return await load_attempt(connection, attempt_id)

    async def _may_end_at_once(self, attempt: CancelAttempt, provider: BillingProvider) -> bool:
        """Whether the promised end has come and the subscription is in arrears, asked freshly.

        Where the payment has gone through since, the period is paid for and ends in its own time.
        """
        if attempt.effective_at is None or attempt.effective_at > self._context.clock():
            return False
        shown = await provider.fetch_subscription(attempt.subscription_id)
        return any(each.is_in_arrears for each in shown.subscriptions)

    async def _ask(
        self, provider: BillingProvider, attempt: CancelAttempt, job: Job, *, at_once: bool
    ) -> Snapshot:
        reason = find_reason(self._context.policy.reasons, attempt.reason_id)
        ask = provider.end_subscription if at_once else provider.schedule_cancellation
        return await ask(
            attempt.subscription_id,
            feedback=reason.feedback if reason and reason.feedback else None,
            comment=attempt.comment,
            # Each try has a key of its own: Stripe repeats a saved error for a day, and asking for
            # what is done already changes nothing.
            idempotency_key=f"mooring-{'end' if at_once else 'cancel'}-{attempt.id}-{job.attempts}",
        )

    async def _account_after(
        self, answer: Snapshot, attempt: CancelAttempt, provider: BillingProvider
    ) -> Snapshot:
        """What was paid, where it ends later than promised or has ended: a payment may have been
        under way at that moment."""
        if all(each.is_live and not ends_later(attempt, each) for each in answer.subscriptions):
            return Snapshot()
        return await if_there(provider.fetch_account(attempt.customer_id))

    async def _complete(
        self,
        attempt: CancelAttempt,
        job: Job,
        answer: Snapshot,
        account: Snapshot,
        *,
        asked_at: datetime,
    ) -> None:
        now = self._context.clock()
        [subscription] = answer.subscriptions
        late = is_late(attempt, subscription, account.payments)
        ends = subscription.cancel_at
        expected: tuple[AttemptState, ...] = (AttemptState.REQUESTED,)
        if not subscription.is_live:
            # The provider's clock may be ahead of ours: what is over lies in the past.
            ends = min(subscription.ended_at or now, now)
            # Who asked to resume while it ended at once was too late, and gets the receipt.
            expected = (*expected, AttemptState.RESUMED)
        async with self._context.database.write() as connection:
            await apply(connection, self._context, answer, asked_at=asked_at)
            await apply(connection, self._context, account, asked_at=asked_at)
            done = await cancel_attempts.advance(
                connection,
                attempt.id,
                expected=expected,
                to=AttemptState.CANCELLED,
                now=now,
                finished_at=now,
                effective_at=ends,
                failure=RENEWED_MEANWHILE if late else None,
            )
            if done is None:
                return
            await audit.append(
                connection,
                actor_id=None,
                action=f"cancellation.{'scheduled' if subscription.is_live else 'ended'}",
                subject=attempt.subscription_id,
                details={
                    "attempt": attempt.id,
                    "ends": ends.isoformat() if ends else None,
                    "renewed_meanwhile": late,
                },
                now=now,
            )
            await jobs.add(connection, announcements(attempt, job), now=now)

    async def _give_up(
        self, attempt: CancelAttempt, refusal: ProviderRefusedError, job: Job
    ) -> None:
        """The provider will never do it: say so, and have people look at it."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await cancel_attempts.advance(
                connection,
                attempt.id,
                expected=(AttemptState.REQUESTED,),
                to=AttemptState.FAILED,
                now=now,
                finished_at=now,
                failure=refusal.code,
            )
            await audit.append(
                connection,
                actor_id=None,
                action="cancellation.failed",
                subject=attempt.subscription_id,
                details={"attempt": attempt.id, "code": refusal.code},
                now=now,
            )
            await jobs.add(connection, announcements(attempt, job), now=now)


def announcements(attempt: CancelAttempt, job: Job) -> list[NewJob]:
    """Who is told of an outcome: at once, committed with it (fairness rule 6)."""
    reference = {"attempt_id": attempt.id}
    with_screen = {**reference, "screen": job.payload["screen"]}
    return [
        NewJob("cancellation.show", f"cancel-show:{attempt.id}", with_screen),
        NewJob("cancellation.tell_member", f"cancel-dm:{attempt.id}", reference),
        NewJob("cancellation.mail_receipt", f"cancel-mail:{attempt.id}", reference),
        NewJob("cancellation.tell_staff", f"cancel-log:{attempt.id}", reference),
    ]
