"""Cancelling a subscription (rules S1-S4, R1-R7).

A member's confirmation is committed with its time and a job before the provider is asked. The job
carries it out, however long the provider is away and however often this process dies.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Account
from bot.domain.cancellation import (
    ASKING,
    ATTEMPT_LIFETIME,
    CONFIRMABLE,
    UNFINISHED,
    AttemptState,
    CancelAttempt,
    find_reason,
    has_moved,
    monthly_price,
)
from bot.domain.errors import AttemptOver, NoSuchThing, NothingToCancel, NotYours, ResumeUnderWay
from bot.domain.identifiers import AttemptId, GuildId, SubscriptionId, UserId
from bot.domain.job import NewJob
from bot.domain.other_plans import OtherPlan
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.subscription import NextStep, Subscription, end_if_cancelled, next_step
from bot.services.context import Context
from bot.services.offer_jobs import APPLY, call_off
from bot.services.offers import OfferService, ShownOffer
from bot.services.other_plans import other_plans
from bot.services.screens import Screen
from bot.services.stuck import look_at_cancellation
from storage import audit, cancel_attempts, customers, jobs, subscriptions


@dataclass(frozen=True, slots=True)
class CancelCase:
    """An attempt with the subscription that it is about, and what else the member has.

    `others` are the customer's other subscriptions that go on, or are still on after this one's
    end. `email` is None where no receipt can be mailed. `offer` is what the confirm screen shows
    beside cancelling.
    """

    attempt: CancelAttempt
    subscription: Subscription | None
    others: tuple[OtherPlan, ...]
    email: str | None
    offer: ShownOffer | None = None


class CancellationService:
    """One member, one subscription, at most one unfinished attempt."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context
        self._offers = OfferService(context)

    async def start(
        self, account: Account, user_id: UserId, guild_id: GuildId | None
    ) -> CancelCase:
        """Begin an attempt, or go on with the unfinished one; raises NothingToCancel."""
        subscription, now = account.subscription, self._context.clock()
        step = next_step(subscription, now=now)
        if subscription is not None and step is not NextStep.CANCEL:
            await self._withdraw_resumption(subscription.id, user_id)
        if subscription is None or step is NextStep.SUBSCRIBE or not subscription.may_charge_again:
            end = subscription.cancel_at if subscription and subscription.is_live else None
            raise NothingToCancel(ends_at=end if end is not None and now < end else None)
        async with self._context.database.write() as connection:
            await cancel_attempts.time_out(connection, before=now - ATTEMPT_LIFETIME, now=now)
            going_on = await self._unfinished(connection, subscription.id, user_id, now)
            if going_on is not None:
                return await self._case(connection, going_on)
            attempt_id = AttemptId(self._context.new_id())
            try:
                async with connection.begin_nested():
                    await cancel_attempts.add(
                        connection,
                        attempt_id,
                        user_id=user_id,
                        guild_id=guild_id,
                        customer_id=account.customer_id,
                        subscription_id=subscription.id,
                        now=now,
                        plan_id=subscription.plan_id,
                        monthly=monthly_price(subscription),
                    )
            except IntegrityError:
                # Begun at the same moment by another click.
                going_on = await self._unfinished(connection, subscription.id, user_id, now)
                if going_on is None:
                    raise
                return await self._case(connection, going_on)
            return await self._case(connection, await load_attempt(connection, attempt_id))

    async def _unfinished(
        self,
        connection: AsyncConnection,
        subscription_id: SubscriptionId,
        user_id: UserId,
        now: datetime,
    ) -> CancelAttempt | None:
        """The attempt with which the user goes on; its time begins anew."""
        found = await cancel_attempts.unfinished(connection, subscription_id)
        if found is not None and found.user_id != user_id:
            found = await self._give_up_of_another(connection, found, now)
        if found is None:
            return None
        return await cancel_attempts.note_activity(connection, found.id, now=now) or found

    async def _give_up_of_another(
        self, connection: AsyncConnection, attempt: CancelAttempt, now: datetime
    ) -> CancelAttempt | None:
        """Whoever had the account before has begun to leave: that holds up nobody who has it now.

        Unless they have confirmed: then it is carried out, and the attempt comes back.
        """
        given_up = await cancel_attempts.advance(
            connection,
            attempt.id,
            expected=(*ASKING, AttemptState.ACCEPTING),
            to=AttemptState.TIMED_OUT,
            now=now,
            finished_at=now,
        )
        line = attempt.subscription_id
        await jobs.withdraw(connection, kind=APPLY, line=line, now=now)
        return attempt if given_up is None else None

    async def go_on(self, account: Account, attempt_id: AttemptId, user_id: UserId) -> CancelCase:
        """Where the user's own attempt stands; a new one in place of one that was given up.

        Whoever comes back a week later wants to leave now, and not to be sent away.
        """
        case = await self.find(attempt_id, user_id)
        if case.attempt.state in UNFINISHED:
            async with self._context.database.write() as connection:
                going_on = await cancel_attempts.note_activity(
                    connection, attempt_id, now=self._context.clock()
                )
            return case if going_on is None else replace(case, attempt=going_on)
        if case.attempt.state in (AttemptState.TIMED_OUT, AttemptState.ABORTED):
            return await self.start(account, user_id, case.attempt.guild_id)
        raise AttemptOver(outcome=case.attempt.state)

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

    async def find(self, attempt_id: AttemptId, user_id: UserId) -> CancelCase:
        """The user's own attempt with the subscription as it is now; raises NotYours."""
        async with self._context.database.read() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            customer = await customers.of_user(connection, user_id)
            if customer is None or customer.id != attempt.customer_id:
                raise NotYours
            return await self._case(connection, attempt)

    async def require_asking(self, attempt_id: AttemptId, user_id: UserId) -> CancelAttempt:
        """The user's own attempt, whose time begins anew; raises AttemptOver."""
        async with self._context.database.write() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            asking = await cancel_attempts.note_activity(
                connection, attempt_id, now=self._context.clock()
            )
        if asking is None:
            raise AttemptOver(outcome=attempt.state)
        return asking

    async def give_reason(
        self, attempt_id: AttemptId, user_id: UserId, *, reason_id: str, comment: str | None
    ) -> CancelCase:
        """Record why; can be given again until the member confirms."""
        if find_reason(self._context.policy.reasons, reason_id) is None:
            raise NoSuchThing("reason")
        case = await self.find(attempt_id, user_id)
        comment, now = remove_secrets(comment)[0] if comment else None, self._context.clock()
        other = reason_id != case.attempt.reason_id
        async with self._context.database.write() as connection:
            # Reasons given at the same moment, of one plan or of two, are shown one offer in all.
            await customers.hold(connection, case.attempt.customer_id)
            attempt = await load_attempt(connection, attempt_id)
            choice = await self._offers.choose(
                connection, attempt, case.subscription, reason_id=reason_id, now=now
            )
            given = await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=ASKING,
                to=AttemptState.REASON_GIVEN,
                now=now,
                reason_id=reason_id,
                comment=comment,
                effective_at=_end_of(case, now=now),
                # An answer to another reason's question says nothing about this one.
                **({"follow_up": None} if other else {}),
                **choice.changes,
            )
        if given is None:
            raise AttemptOver(outcome=attempt.state)
        return replace(case, attempt=given, offer=choice.shown)

    async def answer(self, attempt_id: AttemptId, user_id: UserId, answered: str) -> CancelCase:
        """Record the answer to the reason's question, which nobody has to give."""
        case = await self.find(attempt_id, user_id)
        async with self._context.database.write() as connection:
            given = await cancel_attempts.answer(
                connection, attempt_id, remove_secrets(answered)[0], now=self._context.clock()
            )
        if given is None:
            raise AttemptOver(outcome=case.attempt.state)
        return replace(case, attempt=given)

    async def request(
        self, attempt_id: AttemptId, user_id: UserId, *, screen: Screen
    ) -> CancelCase:
        """The member confirms. From here on it is carried out, whatever happens.

        Unless the end has moved since it was shown: then the attempt comes back as it was, with the
        new end, to be shown and confirmed again. An offer that the provider has not confirmed is
        called off: one that it is being asked for just now finds that it is not wanted any more.
        """
        case = await self.find(attempt_id, user_id)
        attempt, now = case.attempt, self._context.clock()
        moved = (
            case.subscription is not None
            and attempt.effective_at is not None
            and has_moved(attempt.effective_at, case.subscription, now=now)
        )
        if moved and attempt.reason_id and attempt.state is AttemptState.REASON_GIVEN:
            return await self.give_reason(
                attempt_id, user_id, reason_id=attempt.reason_id, comment=attempt.comment
            )
        async with self._context.database.write() as connection:
            requested = await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=CONFIRMABLE,
                to=AttemptState.REQUESTED,
                now=now,
                requested_at=now,
                effective_at=_end_of(case, now=now),
            )
            if requested is None:
                raise AttemptOver(outcome=(await load_attempt(connection, attempt_id)).state)
            line = attempt.subscription_id
            await jobs.withdraw(connection, kind=APPLY, line=line, now=now)
            if await jobs.in_hand(connection, kind=APPLY, line=line):
                await jobs.add(connection, [call_off(attempt)], now=now)
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
                line=line,
            )
            await jobs.add(connection, [job, look_at_cancellation(attempt_id, now=now)], now=now)
        return replace(case, attempt=requested)

    async def abort(self, attempt_id: AttemptId, user_id: UserId) -> CancelAttempt:
        """The member keeps the plan, also where the attempt was given up before."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            aborted = await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=ASKING,
                to=AttemptState.ABORTED,
                now=now,
                finished_at=now,
            )
            if aborted is None and attempt.state is AttemptState.TIMED_OUT:
                kept = await subscriptions.find(connection, attempt.subscription_id)
                if next_step(kept, now=now) is NextStep.CANCEL:
                    return attempt
        if aborted is None:
            raise AttemptOver(outcome=attempt.state)
        return aborted

    async def outcome(self, attempt_id: AttemptId) -> CancelCase:
        """An attempt with what its receipts tell."""
        async with self._context.database.read() as connection:
            return await self._case(connection, await load_attempt(connection, attempt_id))

    async def _case(self, connection: AsyncConnection, attempt: CancelAttempt) -> CancelCase:
        now = self._context.clock()
        customer = await customers.of_user(connection, attempt.user_id)
        about = await subscriptions.find(connection, attempt.subscription_id)
        others = await other_plans(
            connection,
            attempt.customer_id,
            besides=attempt.subscription_id,
            after=attempt.effective_at or (end_if_cancelled(about, now=now) if about else now),
            now=now,
        )
        shown = None
        if attempt.state is AttemptState.REASON_GIVEN:
            shown = await self._offers.shown(connection, attempt, about, now=now)
        return CancelCase(attempt, about, others, customer.email if customer else None, shown)

    async def _own(
        self, connection: AsyncConnection, attempt_id: AttemptId, user_id: UserId
    ) -> CancelAttempt:
        attempt = await load_attempt(connection, attempt_id)
        customer = await customers.of_user(connection, user_id)
        if attempt.user_id != user_id or customer is None:
            raise NotYours
        return attempt


async def load_attempt(connection: AsyncConnection, attempt_id: AttemptId) -> CancelAttempt:
    """The attempt; raises NoSuchThing."""
    attempt = await cancel_attempts.find(connection, attempt_id)
    if attempt is None:
        raise NoSuchThing("cancel attempt")
    return attempt


def _end_of(case: CancelCase, *, now: datetime) -> datetime | None:
    return None if case.subscription is None else end_if_cancelled(case.subscription, now=now)
