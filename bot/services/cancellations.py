"""Cancelling a subscription (rules S1-S4, R1-R7).

A member's confirmation is committed with its time and a job before the provider is asked. The job
carries it out, however long the provider is away and however often this process dies.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import ProviderRefusedError, Snapshot
from bot.domain.account import Account
from bot.domain.cancellation import (
    ASKING,
    ATTEMPT_LIFETIME,
    RENEWED_MEANWHILE,
    AttemptState,
    CancelAttempt,
    find_reason,
)
from bot.domain.errors import AttemptOver, NoSuchThing, NothingToCancel, NotYours, ResumeUnderWay
from bot.domain.identifiers import AttemptId, GuildId, SubscriptionId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.subscription import NextStep, next_step
from bot.services.context import Context
from bot.services.mirror import apply, provider_of
from bot.services.screens import Screen
from storage import accounts, audit, cancel_attempts, customers, jobs, subscriptions

# Providers round the ends of periods; a renewal moves them by weeks.
TOLERANCE = timedelta(hours=12)


class CancellationService:
    """One member, one subscription, at most one unfinished attempt."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def start(
        self, account: Account, user_id: UserId, guild_id: GuildId | None
    ) -> CancelAttempt:
        """Begin an attempt, or go on with the unfinished one; raises NothingToCancel."""
        subscription, now = account.subscription, self._context.clock()
        if subscription is None or next_step(subscription, now=now) is not NextStep.CANCEL:
            if subscription is not None:
                await self._withdraw_resumption(subscription.id, user_id)
            end = subscription.cancel_at if subscription and subscription.is_live else None
            raise NothingToCancel(ends_at=end if end is not None and now < end else None)
        async with self._context.database.write() as connection:
            await cancel_attempts.time_out(connection, before=now - ATTEMPT_LIFETIME, now=now)
            unfinished = await cancel_attempts.unfinished(connection, subscription.id)
            if unfinished is not None:
                return unfinished
            attempt_id = AttemptId(self._context.new_id())
            await cancel_attempts.add(
                connection,
                attempt_id,
                user_id=user_id,
                guild_id=guild_id,
                customer_id=account.customer_id,
                subscription_id=subscription.id,
                now=now,
            )
            return await self._load(connection, attempt_id)

    async def _withdraw_resumption(self, subscription_id: SubscriptionId, user_id: UserId) -> None:
        """Whoever asks to cancel while a resume still waits wants the cancellation to stay.

        One that the provider is being asked for cannot be called off: raises ResumeUnderWay.
        """
        now, kind = self._context.clock(), "resumption.carry_out"
        async with self._context.database.write() as connection:
            if await jobs.in_hand(connection, kind=kind, line=subscription_id):
                raise ResumeUnderWay
            if await jobs.withdraw(connection, kind=kind, line=subscription_id, now=now):
                await audit.append(
                    connection,
                    actor_id=user_id,
                    action="resume.withdrawn",
                    subject=subscription_id,
                    details={},
                    now=now,
                )

    async def find(self, attempt_id: AttemptId, user_id: UserId) -> tuple[CancelAttempt, Account]:
        """The user's own attempt with the account as it is now; raises NotYours."""
        async with self._context.database.read() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            account = await _account_of(connection, attempt, now=self._context.clock())
        if account is None or account.customer_id != attempt.customer_id:
            raise NotYours
        return attempt, account

    async def require_asking(self, attempt_id: AttemptId, user_id: UserId) -> None:
        """Raise unless this is the user's own attempt and still asks."""
        async with self._context.database.read() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
        if attempt.state not in ASKING:
            raise AttemptOver(outcome=attempt.state)

    async def give_reason(
        self, attempt_id: AttemptId, user_id: UserId, *, reason_id: str, comment: str | None
    ) -> tuple[CancelAttempt, Account]:
        """Record why; can be given again until the member confirms."""
        if find_reason(self._context.policy.reasons, reason_id) is None:
            raise NoSuchThing("reason")
        attempt, account = await self.find(attempt_id, user_id)
        comment = remove_secrets(comment)[0] if comment else None
        async with self._context.database.write() as connection:
            given = await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=ASKING,
                to=AttemptState.REASON_GIVEN,
                reason_id=reason_id,
                comment=comment,
                effective_at=_end_of(account),
            )
            if given is None:
                raise AttemptOver(outcome=(await self._load(connection, attempt.id)).state)
        return given, account

    async def request(
        self, attempt_id: AttemptId, user_id: UserId, *, screen: Screen
    ) -> tuple[CancelAttempt, Account]:
        """The member confirms. From here on it is carried out, whatever happens.

        Unless the end has moved since it was shown: then the attempt comes back as it was, with the
        new end, to be shown and confirmed again.
        """
        attempt, account = await self.find(attempt_id, user_id)
        now, end = self._context.clock(), _end_of(account)
        moved = end and attempt.effective_at and end > attempt.effective_at + TOLERANCE
        if moved and attempt.reason_id:
            return await self.give_reason(
                attempt_id, user_id, reason_id=attempt.reason_id, comment=attempt.comment
            )
        async with self._context.database.write() as connection:
            requested = await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=(AttemptState.REASON_GIVEN,),
                to=AttemptState.REQUESTED,
                requested_at=now,
                effective_at=end,
            )
            if requested is None:
                raise AttemptOver(outcome=(await self._load(connection, attempt_id)).state)
            await audit.append(
                connection,
                actor_id=user_id,
                action="cancellation.requested",
                subject=attempt.subscription_id,
                details={"attempt": attempt_id, "reason": attempt.reason_id},
                now=now,
            )
            job = NewJob(
                "cancellation.carry_out",
                f"cancel:{attempt_id}",
                {"attempt_id": attempt_id, "screen": screen.to_payload()},
                line=attempt.subscription_id,
            )
            await jobs.add(connection, [job], now=now)
        return requested, account

    async def abort(self, attempt_id: AttemptId, user_id: UserId) -> CancelAttempt:
        """The member keeps the plan."""
        async with self._context.database.write() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            aborted = await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=ASKING,
                to=AttemptState.ABORTED,
                finished_at=self._context.clock(),
            )
        if aborted is None:
            raise AttemptOver(outcome=attempt.state)
        return aborted

    async def carry_out(self, job: Job) -> None:
        """Ask the provider to let the subscription end with its period."""
        attempt_id = AttemptId(str(job.payload["attempt_id"]))
        async with self._context.database.read() as connection:
            attempt = await self._load(connection, attempt_id)
            provider = await provider_of(connection, self._context, attempt.subscription_id)
        if attempt.state is not AttemptState.REQUESTED:
            return
        reason = find_reason(self._context.policy.reasons, attempt.reason_id)
        asked_at = self._context.clock()
        try:
            snapshot = await provider.schedule_cancellation(
                attempt.subscription_id,
                feedback=reason.feedback if reason and reason.feedback else None,
                comment=attempt.comment,
                # Each try has a key of its own: Stripe repeats a saved error for a day, and setting
                # what is set already changes nothing.
                idempotency_key=f"mooring-cancel-{attempt_id}-{job.attempts}",
            )
        except ProviderRefusedError as refusal:
            await self._give_up(attempt, refusal, job)
            return
        await self._complete(attempt, snapshot, job, asked_at)

    async def _complete(
        self, attempt: CancelAttempt, snapshot: Snapshot, job: Job, asked_at: datetime
    ) -> None:
        now = self._context.clock()
        ends = next((each.ended_at or each.cancel_at for each in snapshot.subscriptions), None)
        promised = attempt.effective_at
        late = ends is not None and promised is not None and ends > promised + TOLERANCE
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)
            done = await cancel_attempts.advance(
                connection,
                attempt.id,
                expected=(AttemptState.REQUESTED,),
                to=AttemptState.CANCELLED,
                finished_at=now,
                effective_at=ends,
                failure=RENEWED_MEANWHILE if late else None,
            )
            if done is None:
                return
            await audit.append(
                connection,
                actor_id=None,
                action="cancellation.scheduled",
                subject=attempt.subscription_id,
                details={
                    "attempt": attempt.id,
                    "ends": ends.isoformat() if ends else None,
                    "renewed_meanwhile": late,
                },
                now=now,
            )
            await jobs.add(connection, self._announcements(attempt, job), now=now)

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
            await jobs.add(connection, self._announcements(attempt, job), now=now)

    def _announcements(self, attempt: CancelAttempt, job: Job) -> list[NewJob]:
        reference = {"attempt_id": attempt.id}
        with_screen = {**reference, "screen": job.payload["screen"]}
        return [
            NewJob("cancellation.show", f"cancel-show:{attempt.id}", with_screen),
            NewJob("cancellation.tell_member", f"cancel-dm:{attempt.id}", reference),
            NewJob("cancellation.mail_receipt", f"cancel-mail:{attempt.id}", reference),
            NewJob("cancellation.tell_staff", f"cancel-log:{attempt.id}", reference),
        ]

    async def outcome(self, attempt_id: AttemptId) -> tuple[CancelAttempt, Account | None]:
        """An attempt with the account of its member, for receipts."""
        async with self._context.database.read() as connection:
            attempt = await self._load(connection, attempt_id)
            return attempt, await _account_of(connection, attempt, now=self._context.clock())

    async def _load(self, connection: AsyncConnection, attempt_id: AttemptId) -> CancelAttempt:
        attempt = await cancel_attempts.find(connection, attempt_id)
        if attempt is None:
            raise NoSuchThing("cancel attempt")
        return attempt

    async def _own(
        self, connection: AsyncConnection, attempt_id: AttemptId, user_id: UserId
    ) -> CancelAttempt:
        attempt = await self._load(connection, attempt_id)
        customer = await customers.of_user(connection, user_id)
        if attempt.user_id != user_id or customer is None:
            raise NotYours
        return attempt


def _end_of(account: Account) -> datetime | None:
    """When the subscription would end if it were cancelled now."""
    return account.subscription.period_end if account.subscription else None


async def _account_of(
    connection: AsyncConnection, attempt: CancelAttempt, *, now: datetime
) -> Account | None:
    """The member's account with the subscription that the attempt is about: there may be others."""
    account = await accounts.of_user(connection, attempt.user_id, now=now)
    if account is None:
        return None
    about = await subscriptions.find(connection, attempt.subscription_id)
    return replace(account, subscription=about)
