"""Making an accepted offer at the provider, and telling what has become of it.

The acceptance is committed before the provider is asked, and the outcome after it. A run that was
cut short is repeated: what was made under the attempt's reference already is not made again.
"""

from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, Discount, Pause, ProviderRefusedError, Snapshot
from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import AttemptId
from bot.domain.job import Job, NewJob
from bot.domain.offer import OfferKind, OfferTerms
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.mirror import apply, provider_of
from bot.services.offer_jobs import APPLY, SHOW, TELL_MEMBER, tell_applied
from storage import audit, cancel_attempts, jobs

# Somebody who has confirmed their cancellation waits for it.
ASKED_AGAIN_AFTER = timedelta(seconds=1)


class OfferSaga:
    """Takes an attempt from `accepting` to `saved`, or back to its confirm screen."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def apply(self, job: Job) -> None:
        """Ask the provider for what was agreed, and commit its answer.

        Whoever has confirmed their cancellation meanwhile is told nothing of an offer. What the
        provider has made of it by then changes nothing: the subscription ends before it begins.
        """
        async with self._context.database.read() as connection:
            attempt = await cancel_attempts.find(connection, AttemptId(job.payload["attempt_id"]))
            if attempt is None:
                raise NoSuchThing("cancel attempt")
            if attempt.state is not AttemptState.ACCEPTING:
                return
            provider = await provider_of(connection, self._context, attempt.subscription_id)
        try:
            answer = await self._ask(provider, attempt, job)
            asked_at = self._context.clock()
        except ProviderRefusedError as refusal:
            await self._give_back(attempt, job, refusal.code)
            return
        async with self._context.database.write() as connection:
            await apply(connection, self._context, answer, asked_at=asked_at)
            await self._save(connection, attempt, job)

    async def call_off(self, job: Job) -> None:
        """Whoever confirms while the provider is asked does not wait for another try (fairness 5).

        A try that fails goes back into the line with its pause, and the cancellation stands behind
        it. So this looks until the try has ended, in whichever way.
        """
        line = str(job.payload["subscription_id"])
        async with self._context.database.write() as connection:
            await jobs.withdraw(
                connection, kind=APPLY, line=line, now=self._context.clock(), up_to=job.id
            )
            asking = await jobs.in_hand(connection, kind=APPLY, line=line)
        if asking:
            raise TryAgainError("the provider is being asked", after=ASKED_AGAIN_AFTER)

    async def _ask(self, provider: BillingProvider, attempt: CancelAttempt, job: Job) -> Snapshot:
        """Made as it was agreed, whatever the configuration says by now."""
        terms = OfferTerms.from_payload(job.payload["terms"])
        kind = OfferKind(job.payload["kind"])
        starts_at, until = _agreed(terms.starts_at), _agreed(terms.until)
        made_under = {
            "reference": str(attempt.id),
            "idempotency_key": f"mooring-offer-{attempt.id}-{job.attempts}",
        }
        match kind:
            case OfferKind.DISCOUNT:
                coupon = str(job.payload["coupons"][provider.name])
                percent, months = int(job.payload["percent"]), int(job.payload["months"])
                discount = Discount(coupon, percent, months, starts_at)
                return await provider.apply_discount(
                    attempt.subscription_id, discount, **made_under
                )
            case OfferKind.PAUSE:
                return await provider.pause(
                    attempt.subscription_id, Pause(starts_at, until), **made_under
                )
            case OfferKind.SMALLER_PLAN | OfferKind.MONTHLY | OfferKind.CREDITS | OfferKind.TALK:
                raise ValueError(f"no provider makes an offer of kind {kind}")
            case _:
                assert_never(kind)

    async def _save(self, connection: AsyncConnection, attempt: CancelAttempt, job: Job) -> None:
        """The outcome, and who is told, in the caller's transaction."""
        now = self._context.clock()
        saved = await cancel_attempts.advance(
            connection,
            attempt.id,
            expected=(AttemptState.ACCEPTING,),
            to=AttemptState.SAVED,
            now=now,
            finished_at=now,
        )
        if saved is None:
            return
        await self._note(connection, attempt, "offer.applied", None, now)
        terms = OfferTerms.from_payload(job.payload["terms"])
        show = _show(job, applied=True, code=None)
        await jobs.add(connection, [show, *tell_applied(attempt.id, terms)], now=now)

    async def _give_back(self, attempt: CancelAttempt, job: Job, code: str) -> None:
        """It cannot be had: the member is where they were, and told so."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            back = await cancel_attempts.advance(
                connection,
                attempt.id,
                expected=(AttemptState.ACCEPTING,),
                to=AttemptState.REASON_GIVEN,
                now=now,
            )
            if back is None:
                return
            await self._note(connection, attempt, "offer.failed", code, now)
            show = _show(job, applied=False, code=code)
            tell = NewJob(TELL_MEMBER, f"offer-dm:{attempt.id}", show.payload)
            await jobs.add(connection, [show, tell], now=now)

    async def _note(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        action: str,
        code: str | None,
        now: datetime,
    ) -> None:
        await audit.append(
            connection,
            actor_id=None,
            action=action,
            subject=attempt.subscription_id,
            details={"attempt": attempt.id, "offer": attempt.offer_id, "code": code},
            now=now,
        )


def _show(job: Job, *, applied: bool, code: str | None) -> NewJob:
    """The outcome on the member's screen, as long as Discord lets it be filled in."""
    told = {name: job.payload[name] for name in ("attempt_id", "screen", "terms")}
    key = f"offer-show:{job.payload['attempt_id']}"
    return NewJob(SHOW, key, {**told, "applied": applied, "code": code})


def _agreed(moment: datetime | None) -> datetime:
    """What is made at a provider has a beginning and an end."""
    if moment is None:
        raise ValueError("the terms name no time")
    return moment
