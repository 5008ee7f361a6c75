"""Offers in the store: what decides, who takes what, and that nothing is taken twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.billing.provider import CompletedCheckout, ProviderUnavailableError
from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.errors import AttemptOver, NotYours, OfferGone
from bot.domain.identifiers import (
    AttemptId,
    CheckoutId,
    CustomerId,
    PaymentId,
    PlanId,
    PriceId,
    SubscriptionId,
    UserId,
)
from bot.domain.job import Job
from bot.domain.money import Money
from bot.domain.offer import Offer, OfferId, OfferKind, OfferPolicy, reduction_of
from bot.domain.refund import PaymentPurpose
from bot.services.cancellations import CancelCase, CancellationService
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.offer_saga import OfferSaga
from bot.services.offers import OfferService, offered_in
from bot.services.purchases import PurchaseService
from bot.services.screens import Screen
from bot.services.settlement import complete_checkouts
from bot.services.subscriptions import SubscriptionService
from storage import (
    accounts,
    audit,
    cancel_attempts,
    checkouts,
    jobs,
    offers,
    payments,
    subscriptions,
)
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOOR,
    NOW,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
    payment,
    subscription,
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


@pytest.fixture
async def mia(context: Context) -> Context:
    """Mia is linked and pays for Pro."""
    await add_customer(context.database)
    async with context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
    return context


async def test_the_facts_in_one_query(mia: Context) -> None:
    first, second = (AttemptId(each) for each in ("A1", "A2"))
    async with mia.database.write() as connection:
        older = subscription(id=SubscriptionId("sub_old"), created_at=NOW - timedelta(days=400))
        await subscriptions.save(connection, older, asked_at=NOW)
        for number, (refunded, currency) in enumerate(((0, "usd"), (500, "usd"), (0, "eur"))):
            paid = payment(
                id=PaymentId(f"pi_{number}"),
                amount=Money(2000, currency),
                refunded=Money(refunded, currency),
            )
            await payments.save(connection, paid, asked_at=NOW)
    async with mia.database.read() as connection:
        nobody = await offers.facts_of(
            connection, CustomerId("cus_of_nobody"), NOOR, currency="usd", besides=first
        )
        facts = await offers.facts_of(connection, MIAS, MIA, currency="usd", besides=second)

    assert nobody is None
    assert facts is not None
    assert facts.customer_since == NOW - timedelta(days=400)
    assert facts.paid == Money(3500, "usd")
    assert (facts.last_offered_at, facts.accepted_id, facts.accepted_at) == (None, None, None)


async def test_fairness_3_one_offer_in_an_attempt_and_none_within_the_cooldown(
    mia: Context, clock: Clock
) -> None:
    desk = Desk(mia, PAUSE, CREDITS)
    first = await desk.say()
    assert first.offer is not None
    shown = first.offer.offer.id
    assert (first.attempt.variant, first.attempt.offer_id) == (shown, shown)
    assert first.attempt.offered_at == NOW

    clock.advance(minutes=5)
    again = await desk.say("too_expensive", first.attempt)  # would be chosen anew
    assert again.offer == first.offer
    assert again.attempt.offered_at == NOW
    other = await desk.say("other", first.attempt)  # which it does not answer
    assert other.offer is None
    assert (await desk.say("unused", first.attempt)).offer == first.offer

    await desk.cancellations.abort(first.attempt.id, MIA)
    clock.advance(days=9)
    second = await desk.say()
    assert second.offer is None
    assert (second.attempt.variant, second.attempt.offer_id) == (None, None)


async def test_fairness_3_reasons_given_at_the_same_moment_are_shown_one_offer(
    mia: Context,
) -> None:
    """On two devices, of one plan or of two: whoever comes second sees what came first."""
    asked = (replace(PAUSE, reasons=frozenset({"unused"})), replace(CREDITS, reasons=REASONS))
    desk = Desk(mia, *asked)
    async with mia.database.write() as connection:
        another = subscription(id=SubscriptionId("sub_another"))
        await subscriptions.save(connection, another, asked_at=NOW)
        for name, about in (("A1", SUBSCRIPTION), ("A2", another)):
            await cancel_attempts.add(
                connection,
                AttemptId(name),
                user_id=MIA,
                guild_id=GUILD,
                customer_id=MIAS,
                subscription_id=about.id,
                now=NOW,
            )
    first, second = [await desk.attempt(AttemptId(name)) for name in ("A1", "A2")]

    cases = await asyncio.gather(
        *(
            desk.say(reason_id, attempt)
            for reason_id in ("unused", "too_expensive")
            for attempt in (first, second)
        )
    )

    assert len({(case.attempt.id, case.offer.offer.id) for case in cases if case.offer}) == 1


async def test_fairness_3_the_cooldown_follows_the_account_and_the_user(mia: Context) -> None:
    """Whoever links another account, or hands one on, is not asked again."""
    noors = CustomerId("cus_noor")
    await add_customer(mia.database, noors, user_id=None)
    async with mia.database.write() as connection:
        other = subscription(id=SubscriptionId("sub_noor"), customer_id=noors)
        await subscriptions.save(connection, other, asked_at=NOW)
    offered_at = (await Desk(mia, CREDITS).say()).attempt.offered_at
    assert offered_at is not None
    async with mia.database.read() as connection:
        for customer_id, user_id, last in (
            (MIAS, NOOR, offered_at),
            (noors, MIA, offered_at),
            (noors, NOOR, None),
        ):
            facts = await offers.facts_of(
                connection, customer_id, user_id, currency="usd", besides=AttemptId("A9")
            )
            assert facts is not None
            assert facts.last_offered_at == last


async def test_the_holdout_is_shown_nothing_and_is_noted(mia: Context) -> None:
    desk = Desk(mia, PAUSE, holdout=100)

    case = await desk.say()

    assert case.offer is None
    assert (case.attempt.variant, case.attempt.offered_at) == ("holdout", None)


async def test_credits_are_there_at_once_and_once(mia: Context) -> None:
    desk = Desk(mia, CREDITS)
    case = await desk.say()

    saved = await desk.take(case)

    assert (saved.state, saved.accepted_at, saved.finished_at) == (AttemptState.SAVED, NOW, NOW)
    with pytest.raises(AttemptOver):
        await desk.take(case)
    async with mia.database.read() as connection:
        account = await accounts.of_user(connection, MIA, now=NOW)
        assert await audit.first_broken_row(connection) is None
    assert account is not None
    assert account.balance.topped_up == 500
    told = {job.kind: job.payload for job in await desk.jobs()}
    assert {"offer.tell_member", "offer.mail_receipt"} <= told.keys()
    assert "offer.apply" not in told
    assert told["offer.mail_receipt"]["terms"]["units"] == 500


async def test_a_pause_is_accepted_with_its_job_and_nothing_is_told_yet(mia: Context) -> None:
    desk = Desk(mia, PAUSE)
    case = await desk.say()

    accepting = await desk.take(case)

    assert (accepting.state, accepting.accepted_at) == (AttemptState.ACCEPTING, NOW)
    [job] = [each for each in await desk.jobs() if each.kind.startswith("offer.")]
    assert (job.kind, job.payload["months"]) == ("offer.apply", 2)
    with pytest.raises(ProviderUnavailableError):
        await desk.saga.apply(job)
    assert (await desk.attempt(accepting.id)).state is AttemptState.ACCEPTING


async def test_fairness_7_the_account_shows_a_discount_once_it_is_made(mia: Context) -> None:
    """As it was agreed to, whatever the vendor offers by now."""
    desk = Desk(mia, HALF)
    case = await desk.say()
    await desk.take(case)
    assert (await SubscriptionService(mia).account(MIA)).reduction is None
    async with mia.database.write() as connection:
        await cancel_attempts.advance(
            connection,
            case.attempt.id,
            expected=(AttemptState.ACCEPTING,),
            to=AttemptState.SAVED,
            now=NOW,
        )

    reduction = (await SubscriptionService(mia).account(MIA)).reduction

    assert case.offer is not None
    assert reduction == reduction_of(SUBSCRIPTION, case.offer.terms)
    assert reduction is not None
    assert reduction.during == Money(1000, "usd")
    async with mia.database.read() as connection:
        agreed = await offers.terms_in_effect(connection, SUBSCRIPTION.id)
        assert agreed == case.offer.terms
        assert await offers.terms_in_effect(connection, SubscriptionId("sub_other")) is None


async def test_fairness_5_whoever_confirms_meanwhile_is_not_held_by_an_offer(mia: Context) -> None:
    desk = Desk(mia, PAUSE)
    case = await desk.say()
    await desk.take(case)
    [job] = [each for each in await desk.jobs() if each.kind == "offer.apply"]

    requested = (await desk.cancellations.request(case.attempt.id, MIA, screen=SCREEN)).attempt
    await desk.saga.apply(job)  # asks nobody: no provider answers here

    assert requested.state is AttemptState.REQUESTED
    assert (await desk.attempt(requested.id)).state is AttemptState.REQUESTED


async def test_fairness_5_a_try_that_fails_after_the_confirmation_lets_the_cancellation_go(
    mia: Context,
) -> None:
    """It goes back into the line with its pause, in front of the cancellation."""
    desk = Desk(mia, PAUSE)
    case = await desk.say()
    await desk.take(case)
    [asking] = [each for each in await desk.jobs() if each.kind == "offer.apply"]
    await desk.cancellations.request(case.attempt.id, MIA, screen=SCREEN)
    [job] = await desk.jobs()
    with pytest.raises(TryAgainError):  # it is being made: nothing else is asked meanwhile
        await desk.saga.call_off(job)
    async with mia.database.write() as connection:
        later = NOW + timedelta(minutes=10)
        await jobs.put_back(connection, asking.id, token="t", run_at=later, error="", now=NOW)
    assert await desk.jobs() == []

    await desk.saga.call_off(job)

    assert [each.kind for each in await desk.jobs()] == ["cancellation.carry_out"]


async def test_only_ones_own_offer_and_only_on_the_terms_shown(mia: Context) -> None:
    desk = Desk(mia, PAUSE)
    case = await desk.say()
    with pytest.raises(NotYours):
        await desk.take(case, NOOR)
    dearer = subscription(price=Money(3000, "usd"))
    async with mia.database.write() as connection:
        await subscriptions.save(connection, dearer, asked_at=NOW)

    with pytest.raises(OfferGone):  # fairness rule 7
        await desk.take(case)

    fresh = await desk.cancellations.outcome(case.attempt.id)
    assert fresh.offer is not None
    assert fresh.offer.terms.now == Money(3000, "usd")
    assert (await desk.take(fresh)).state is AttemptState.ACCEPTING


async def test_who_may_have_it_is_looked_at_again_when_it_is_taken(mia: Context) -> None:
    desk = Desk(mia, CREDITS)
    case = await desk.say()
    ending = subscription(cancel_at=SUBSCRIPTION.period_end)
    async with mia.database.write() as connection:
        await subscriptions.save(connection, ending, asked_at=NOW)
    with pytest.raises(OfferGone):
        await desk.take(case)


async def test_an_offer_that_leads_elsewhere_is_not_taken_with_one_click(mia: Context) -> None:
    desk = Desk(mia, LITE)
    case = await desk.say()
    assert case.offer is not None
    assert case.offer.terms.price_id == "price_lite_month"
    with pytest.raises(OfferGone):
        await desk.take(case)


@pytest.mark.parametrize("meanwhile", ["asking", "timed_out", "requested"])
async def test_a_smaller_plan_that_was_paid_for_is_a_save(mia: Context, meanwhile: str) -> None:
    """S7: only once it is paid. Whoever has confirmed the cancellation meanwhile goes."""
    desk = Desk(mia, LITE)
    case = await desk.say()
    assert case.offer is not None
    price_id = case.offer.terms.price_id
    assert price_id is not None
    offered = await PurchaseService(desk.context).look(MIA, price_id)
    other = await PurchaseService(desk.context).look(MIA, PriceId("price_max_month"))
    async with mia.database.write() as connection:
        assert await offered_in(connection, desk.context, other) is None
        attempt_id = await offered_in(connection, desk.context, offered)
        assert attempt_id == case.attempt.id
        await checkouts.add(connection, checkout(price_id, attempt_id), screen={})
        if meanwhile == "timed_out":
            await cancel_attempts.time_out(connection, before=NOW + timedelta(days=1), now=NOW)
    if meanwhile == "requested":
        await desk.cancellations.request(attempt_id, MIA, screen=SCREEN)
    paid = CompletedCheckout(CheckoutId("C1"), MIAS, SubscriptionId("sub_lite"), None)
    for _ in range(2):
        async with mia.database.write() as connection:
            await complete_checkouts(connection, [paid], now=NOW)

    attempt = await desk.attempt(attempt_id)
    if meanwhile == "requested":
        assert attempt.state is AttemptState.TIMED_OUT  # replaced: there is nothing left to end
    else:
        assert (attempt.state, attempt.accepted_at) == (AttemptState.SAVED, NOW)


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
