"""Offers in the store: what is shown, to whom, and how often."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.domain.identifiers import (
    AttemptId,
    CustomerId,
    PaymentId,
    SubscriptionId,
)
from bot.domain.money import Money
from bot.services.context import Context
from storage import (
    cancel_attempts,
    offers,
    payments,
    subscriptions,
)
from tests.integration.storage.offers.leaving import (
    CREDITS,
    PAUSE,
    REASONS,
    Desk,
)
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOOR,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    payment,
    subscription,
)


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
