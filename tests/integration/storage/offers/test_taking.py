"""Offers in the store: who takes what, and that nothing is taken twice."""

from datetime import timedelta

import pytest

from bot.billing.provider import CompletedCheckout, ProviderUnavailableError
from bot.domain.cancellation import AttemptState
from bot.domain.errors import AttemptOver, NotYours, OfferGone
from bot.domain.identifiers import (
    CheckoutId,
    PriceId,
    SubscriptionId,
)
from bot.domain.money import Money
from bot.domain.offer import reduction_of
from bot.domain.subscription import Subscription
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.offers import offered_in
from bot.services.purchases import PurchaseService
from bot.services.settlement import complete_checkouts
from bot.services.subscriptions import SubscriptionService
from storage import (
    accounts,
    audit,
    cancel_attempts,
    checkouts,
    jobs,
    subscriptions,
)
from tests.integration.storage.offers.leaving import (
    CREDITS,
    HALF,
    LITE,
    PAUSE,
    SCREEN,
    Desk,
    checkout,
)
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    NOOR,
    NOW,
    SUBSCRIPTION,
    subscription,
)


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


async def test_fairness_7_wherever_a_subscription_is_read_its_discount_is_read_with_it(
    mia: Context,
) -> None:
    """Once it is made, and as it was agreed to, whatever the vendor offers by now."""
    desk = Desk(mia, HALF)
    case = await desk.say()
    await desk.take(case)
    assert {each.reduction for each in await _read_in_every_way(mia)} == {None}
    async with mia.database.write() as connection:
        await cancel_attempts.advance(
            connection,
            case.attempt.id,
            expected=(AttemptState.ACCEPTING,),
            to=AttemptState.SAVED,
            now=NOW,
        )

    read = await _read_in_every_way(mia)

    assert case.offer is not None
    assert {each.reduction for each in read} == {reduction_of(SUBSCRIPTION, case.offer.terms)}
    assert {each.present_price for each in read} == {Money(2000, "usd")}
    assert {each.next_charge for each in read} == {Money(1000, "usd")}


async def _read_in_every_way(context: Context) -> list[Subscription]:
    account = await SubscriptionService(context).account(MIA)
    async with context.database.write() as connection:
        found = [
            account.subscription,
            await subscriptions.find(connection, SUBSCRIPTION.id),
            await subscriptions.hold(connection, SUBSCRIPTION.id),
            *(await subscriptions.find_many(connection, [SUBSCRIPTION.id])).values(),
            *await subscriptions.of_customers(connection, [MIAS]),
            *await subscriptions.that_count(connection, [MIAS]),
        ]
    read = [each for each in found if each is not None]
    assert len(read) == 6
    return read


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
