"""Offers to leaving members: which one is shown, and taking it (fairness rules 3 and 7).

Who may have an offer is decided when it is shown and again, in the transaction that takes it, by
what is known then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import EntryKind, month_of
from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.errors import AttemptOver, NoSuchThing, NotYours, OfferGone
from bot.domain.identifiers import AttemptId, UserId
from bot.domain.offer import (
    TAKEN_AT_ONCE,
    Case,
    Offer,
    OfferKind,
    OfferTerms,
    choose,
    proposes,
    terms_of,
    why_not,
)
from bot.domain.plan_change import PlanPurchase
from bot.domain.subscription import Subscription
from bot.services.context import Context
from bot.services.offer_jobs import apply_offer, tell_applied
from bot.services.screens import Screen
from bot.services.stuck import look_at_offer
from storage import audit, cancel_attempts, customers, jobs, ledger, offers, subscriptions


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """What a confirm screen offers, and on what terms."""

    offer: Offer
    terms: OfferTerms


@dataclass(frozen=True, slots=True)
class Choice:
    """`shown` is what this screen offers; `changes` is what is new to be stored in the attempt."""

    shown: ShownOffer | None = None
    changes: Mapping[str, object] = field(default_factory=dict)


async def offered_in(
    connection: AsyncConnection, context: Context, purchase: PlanPurchase
) -> AttemptId | None:
    """The cancel attempt of which this purchase is the offer, whichever way the member came."""
    if purchase.replaces is None:
        return None
    attempt = await cancel_attempts.unfinished(connection, purchase.replaces.id)
    if attempt is None or attempt.state is not AttemptState.REASON_GIVEN:
        return None
    offer = context.policy.offers.find(attempt.offer_id)
    if offer is None or not proposes(offer, purchase.offering, purchase.replaces):
        return None
    return attempt.id


class OfferService:
    """Chooses among the vendor's offers, and lets members take what they were shown."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def choose(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        subscription: Subscription | None,
        *,
        reason_id: str,
        now: datetime,
    ) -> Choice:
        """For a reason that is being given, in the caller's transaction.

        What was shown once in an attempt stays its only offer: another reason that it does not
        answer is shown none.
        """
        if attempt.offer_id is not None:
            shown = await self._shown(connection, attempt, subscription, reason_id, now)
            return Choice(shown)
        case = await self._case(connection, attempt, subscription, now)
        if case is None:
            return Choice()
        policy = self._context.policy.offers
        variant = choose(policy, case, reason_id=reason_id, user_id=attempt.user_id)
        offer = policy.find(variant)
        if offer is None:
            return Choice(changes={"variant": variant})
        changes = {"variant": variant, "offer_id": offer.id, "offered_at": now}
        return Choice(ShownOffer(offer, terms_of(offer, case)), changes)

    async def shown(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        subscription: Subscription | None,
        *,
        now: datetime,
    ) -> ShownOffer | None:
        """What a confirm screen that is shown again offers; nothing once it was tried to take."""
        if attempt.reason_id is None:
            return None
        return await self._shown(connection, attempt, subscription, attempt.reason_id, now)

    async def take(
        self, attempt_id: AttemptId, user_id: UserId, *, agreed: str, screen: Screen
    ) -> CancelAttempt:
        """The member takes the offer on the terms that they saw, of which `agreed` is the print.

        What the provider has to make is requested with that; credits are there at once. Raises
        OfferGone where it is not for them any more, or not on these terms.
        """
        now = self._context.clock()
        async with self._context.database.write() as connection:
            attempt = await self._own(connection, attempt_id, user_id)
            subscription = await subscriptions.hold(connection, attempt.subscription_id)
            shown = await self.shown(connection, attempt, subscription, now=now)
            if shown is None or subscription is None or shown.terms.fingerprint != agreed:
                raise OfferGone
            if shown.offer.kind not in TAKEN_AT_ONCE:
                raise OfferGone
            if shown.offer.kind is OfferKind.CREDITS:
                return await self._credit(connection, attempt, shown, subscription, now)
            taken = await self._advance(
                connection,
                attempt,
                AttemptState.ACCEPTING,
                now,
                terms=shown.terms.to_payload(),
            )
            apply = apply_offer(attempt, shown.offer, shown.terms, screen)
            await jobs.add(connection, [apply, look_at_offer(attempt.id, now=now)], now=now)
            await self._note(connection, attempt, "offer.accepted", actor_id=user_id, now=now)
            return taken

    async def _own(
        self, connection: AsyncConnection, attempt_id: AttemptId, user_id: UserId
    ) -> CancelAttempt:
        """The user's own attempt, at the confirm screen."""
        attempt = await cancel_attempts.find(connection, attempt_id)
        if attempt is None:
            raise NoSuchThing("cancel attempt")
        customer = await customers.of_user(connection, user_id)
        if attempt.user_id != user_id or customer is None or customer.id != attempt.customer_id:
            raise NotYours
        if attempt.state is not AttemptState.REASON_GIVEN:
            raise AttemptOver(outcome=attempt.state)
        return attempt

    async def _credit(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        shown: ShownOffer,
        subscription: Subscription,
        now: datetime,
    ) -> CancelAttempt:
        """Units in Mooring's own ledger, for the cycle that runs: nobody else has to be asked."""
        saved = await self._advance(connection, attempt, AttemptState.SAVED, now, finished_at=now)
        start, end = subscription.cycle_start, subscription.period_end
        entry = ledger.Entry(
            key=f"offer:{attempt.id}",
            customer_id=attempt.customer_id,
            subscription_id=subscription.id,
            period_start=start,
            month_start=month_of(start, end, now=now),
            kind=EntryKind.TOP_UP,
            amount=shown.terms.units,
        )
        await ledger.record(connection, [entry], now=now)
        await jobs.add(connection, tell_applied(attempt.id, shown.terms), now=now)
        await self._note(connection, attempt, "offer.applied", actor_id=attempt.user_id, now=now)
        return saved

    async def _advance(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        to: AttemptState,
        now: datetime,
        **values: object,
    ) -> CancelAttempt:
        moved = await cancel_attempts.advance(
            connection,
            attempt.id,
            expected=(AttemptState.REASON_GIVEN,),
            to=to,
            now=now,
            accepted_at=now,
            **values,
        )
        if moved is None:
            raise AttemptOver(outcome=attempt.state)
        return moved

    async def _note(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        action: str,
        *,
        actor_id: UserId,
        now: datetime,
    ) -> None:
        await audit.append(
            connection,
            actor_id=actor_id,
            action=action,
            subject=attempt.subscription_id,
            details={"attempt": attempt.id, "offer": attempt.offer_id},
            now=now,
        )

    async def _shown(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        subscription: Subscription | None,
        reason_id: str,
        now: datetime,
    ) -> ShownOffer | None:
        policy = self._context.policy.offers
        offer = policy.find(attempt.offer_id)
        if offer is None or attempt.accepted_at is not None:
            return None
        case = await self._case(connection, attempt, subscription, now)
        if case is None or why_not(offer, policy, case, reason_id) is not None:
            return None
        return ShownOffer(offer, terms_of(offer, case))

    async def _case(
        self,
        connection: AsyncConnection,
        attempt: CancelAttempt,
        subscription: Subscription | None,
        now: datetime,
    ) -> Case | None:
        if subscription is None or not self._context.policy.offers.offers:
            return None
        facts = await offers.facts_of(
            connection,
            attempt.customer_id,
            attempt.user_id,
            currency=subscription.price.currency,
            besides=attempt.id,
        )
        if facts is None:
            return None
        provider = self._context.providers.get(subscription.provider)
        kinds = provider.offer_kinds if provider is not None else frozenset()
        return Case(subscription, facts, self._context.catalogue, kinds, now)
