"""One message after access has ended, to those who said that they would like it.

The consent is a row, and so is the job that waits. Whether it is still wanted, true and the only
one is decided when its time has come.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.errors import NothingToAgreeTo, NotYours
from bot.domain.identifiers import AttemptId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.subscription import Subscription
from bot.domain.win_back import WinBack, access_end, win_back_for
from bot.services.cancellations import load_attempt
from bot.services.context import Context
from storage import audit, customers, jobs, subscriptions, win_backs, withdrawals
from storage.win_backs import Consent


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the member has agreed to; `comes_at` None: to nothing any more."""

    attempt_id: AttemptId
    comes_at: datetime | None


@dataclass(frozen=True, slots=True)
class WinBackMessage:
    """What is said to whom, and when they asked for it."""

    user_id: UserId
    message: WinBack
    subscription: Subscription
    consented_at: datetime


class WinBackService:
    """Takes consent and takes it back, and decides at the last moment."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def toggle(self, attempt_id: AttemptId, user_id: UserId) -> Agreement:
        """The button under a receipt: the first click agrees, the next one takes it back."""
        async with self._context.database.read() as connection:
            consent = await win_backs.find(connection, attempt_id)
        if consent is None or consent.sent_at is not None:
            return await self.agree(attempt_id, user_id)
        return await self.take_back(attempt_id, user_id)

    async def agree(self, attempt_id: AttemptId, user_id: UserId) -> Agreement:
        """The member would like one message; raises NothingToAgreeTo when none would come."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            message = win_back_for(self._context.policy.win_back.messages, attempt.reason_id)
            known = await win_backs.find(connection, attempt_id)
            was_sent = known is not None and known.sent_at is not None
            if attempt.state is not AttemptState.CANCELLED or message is None or was_sent:
                raise NothingToAgreeTo
            comes_at = (attempt.effective_at or now) + message.delay
            if comes_at <= now:
                raise NothingToAgreeTo
            await win_backs.add(connection, attempt_id, user_id, now=now)
            await self._record(connection, attempt, user_id, "win_back.agreed")
            await jobs.add(connection, [_job(attempt_id, comes_at)], now=now)
        return Agreement(attempt_id, comes_at)

    async def take_back(self, attempt_id: AttemptId, user_id: UserId) -> Agreement:
        """Nothing will come. Taking back twice changes nothing."""
        async with self._context.database.write() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            if await win_backs.take_back(connection, user_id, attempt_id):
                await self._record(connection, attempt, user_id, "win_back.taken_back")
        return Agreement(attempt_id, None)

    async def stop(self, user_id: UserId) -> None:
        """Take back everything that has not been sent."""
        async with self._context.database.write() as connection:
            await win_backs.take_back(connection, user_id)

    async def prepare(self, job: Job) -> WinBackMessage | None:
        """The message, if it is still to be sent; it is noted as sent before it is.

        A run that was cut short in between sends under the same nonce; any other job finds it sent.
        """
        attempt_id, now = AttemptId(str(job.payload["attempt_id"])), self._context.clock()
        async with self._context.database.write() as connection:
            attempt = await load_attempt(connection, attempt_id)
            # Of two messages to one person at the same moment, one waits here and sees the other.
            customer = await customers.hold(connection, attempt.customer_id)
            consent = await win_backs.find(connection, attempt_id)
            if consent is None or customer is None or customer.user_id != consent.user_id:
                return None
            message, comes_at = await self._message(connection, attempt, consent)
            if message is None or comes_at is None:
                return None
            if comes_at > now:
                await jobs.forget(connection, job.id)
                await jobs.add(connection, [_job(attempt_id, comes_at)], now=now)
                return None
            if consent.sent_at is not None:
                return message if job.attempts > 1 else None
            if not await self._is_wanted(connection, attempt, consent):
                return None
            await win_backs.note_sent(connection, attempt_id, now=now)
        return message

    async def _message(
        self, connection: AsyncConnection, attempt: CancelAttempt, consent: Consent
    ) -> tuple[WinBackMessage | None, datetime | None]:
        """What is said, and when: after access has ended, whenever the provider ended it."""
        message = win_back_for(self._context.policy.win_back.messages, attempt.reason_id)
        about = await subscriptions.find(connection, attempt.subscription_id)
        if message is None or about is None or attempt.state is not AttemptState.CANCELLED:
            return None, None
        ended = access_end(about)
        told = WinBackMessage(consent.user_id, message, about, consent.consented_at)
        return told, None if ended is None else ended + message.delay

    async def _is_wanted(
        self, connection: AsyncConnection, attempt: CancelAttempt, consent: Consent
    ) -> bool:
        """Not by whoever has a plan again, has withdrawn, or has heard from the vendor lately."""
        known = await subscriptions.of_customers(connection, [attempt.customer_id])
        if any(each.is_live and each.id != attempt.subscription_id for each in known):
            return False
        if await withdrawals.of_subscription(connection, attempt.subscription_id) is not None:
            return False
        since = self._context.clock() - self._context.policy.win_back.cooldown
        return not await win_backs.heard_since(
            connection, consent.user_id, since, besides=attempt.id
        )

    async def _own(
        self, connection: AsyncConnection, attempt_id: AttemptId, user_id: UserId
    ) -> CancelAttempt:
        attempt = await load_attempt(connection, attempt_id)
        customer = await customers.of_user(connection, user_id)
        if attempt.user_id != user_id or customer is None or customer.id != attempt.customer_id:
            raise NotYours
        return attempt

    async def _record(
        self, connection: AsyncConnection, attempt: CancelAttempt, user_id: UserId, action: str
    ) -> None:
        """Laws on marketing want consent to be proven."""
        await audit.append(
            connection,
            actor_id=user_id,
            action=action,
            subject=attempt.subscription_id,
            details={"attempt": attempt.id},
            now=self._context.clock(),
        )


def _job(attempt_id: AttemptId, comes_at: datetime) -> NewJob:
    return NewJob(
        "win_back.send", f"win-back:{attempt_id}", {"attempt_id": attempt_id}, run_at=comes_at
    )
