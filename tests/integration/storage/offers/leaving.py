"""Mia, who leaves as often as a test wants, and what she may be offered."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.cancellation import CancelAttempt
from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.identifiers import (
    AttemptId,
    CheckoutId,
    PlanId,
    PriceId,
    UserId,
)
from bot.domain.job import Job
from bot.domain.offer import Offer, OfferId, OfferKind, OfferPolicy
from bot.domain.refund import PaymentPurpose
from bot.services.cancellations import CancelCase, CancellationService
from bot.services.context import Context
from bot.services.offer_saga import OfferSaga
from bot.services.offers import OfferService
from bot.services.screens import Screen
from bot.services.subscriptions import SubscriptionService
from storage import (
    cancel_attempts,
    jobs,
)
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOW,
    STRIPE,
    SUBSCRIPTION,
)

SCREEN = Screen(1, "token")

REASONS = frozenset({"too_expensive", "unused"})

PAUSE = Offer(OfferId("pause"), OfferKind.PAUSE, REASONS, months=2)

HALF = Offer(
    OfferId("half"), OfferKind.DISCOUNT, REASONS, months=3, percent=50, coupons={STRIPE: "half"}
)

CREDITS = Offer(OfferId("credits"), OfferKind.CREDITS, REASONS, units=500)

LITE = Offer(OfferId("lite"), OfferKind.SMALLER_PLAN, REASONS, plan_id=PlanId("lite"))


class Desk:
    """Mia pays for Pro, and leaves as often as a test wants."""

    def __init__(self, context: Context, *known: Offer, holdout: int = 0) -> None:
        rules = OfferPolicy(known, timedelta(days=180), holdout)
        self.context = replace(context, policy=replace(context.policy, offers=rules))
        self.cancellations = CancellationService(self.context)
        self.offers = OfferService(self.context)
        self.saga = OfferSaga(self.context)

    async def say(
        self, reason_id: str = "unused", attempt: CancelAttempt | None = None
    ) -> CancelCase:
        """Mia gives a reason, in a new attempt unless one is given."""
        if attempt is None:
            account = await SubscriptionService(self.context).account(MIA)
            attempt = (await self.cancellations.start(account, MIA, GUILD)).attempt
        return await self.cancellations.give_reason(
            attempt.id, MIA, reason_id=reason_id, comment=None
        )

    async def take(self, case: CancelCase, user_id: UserId = MIA) -> CancelAttempt:
        assert case.offer is not None
        agreed = case.offer.terms.fingerprint
        return await self.offers.take(case.attempt.id, user_id, agreed=agreed, screen=SCREEN)

    async def attempt(self, attempt_id: AttemptId) -> CancelAttempt:
        async with self.context.database.read() as connection:
            found = await cancel_attempts.find(connection, attempt_id)
        assert found is not None
        return found

    async def jobs(self) -> list[Job]:
        async with self.context.database.write() as connection:
            return await jobs.claim(
                connection,
                now=self.context.clock(),
                lease=timedelta(seconds=0),
                token="t",
                most=9,
            )


def checkout(price_id: PriceId, attempt_id: AttemptId) -> Checkout:
    return Checkout(
        id=CheckoutId("C1"),
        user_id=MIA,
        guild_id=GUILD,
        provider=SUBSCRIPTION.provider,
        customer_id=MIAS,
        price_id=price_id,
        purpose=PaymentPurpose.SUBSCRIPTION,
        state=CheckoutState.OPEN,
        created_at=NOW,
        replaces=SUBSCRIPTION.id,
        attempt_id=attempt_id,
    )
