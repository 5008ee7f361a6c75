"""Cancelling with the period, taking that back, ending at once (rules S1-S6, S11)."""

import pytest

from bot.billing.provider import BillingProvider, ProviderRefusedError, Snapshot
from bot.domain.identifiers import SubscriptionId
from bot.domain.subscription import Status, Subscription
from tests.support.shops import Shop


def only(snapshot: Snapshot) -> Subscription:
    [subscription] = snapshot.subscriptions
    return subscription


async def schedule(shop: Shop, *, key: str = "cancel") -> Subscription:
    return only(
        await shop.provider.schedule_cancellation(
            shop.subscription, feedback="unused", comment="Bye", idempotency_key=key
        )
    )


async def undo(shop: Shop, *, key: str = "resume") -> Subscription:
    return only(await shop.provider.undo_cancellation(shop.subscription, idempotency_key=key))


async def end(shop: Shop, *, key: str = "end") -> Subscription:
    return only(await shop.provider.end_subscription(shop.subscription, idempotency_key=key))


async def test_s1_s2_it_ends_with_its_period_and_runs_until_then(shop: Shop) -> None:
    scheduled = await schedule(shop)

    assert scheduled.status is Status.ACTIVE
    assert scheduled.cancel_at == scheduled.period_end
    assert await schedule(shop) == await schedule(shop, key="another") == scheduled
    assert await shop.seen() == scheduled


async def test_s3_s4_then_it_is_over_and_nothing_more_is_charged(shop: Shop) -> None:
    await schedule(shop)
    await shop.advance_to_period_end(shop.subscription)

    over = await shop.seen()

    assert over.status is Status.CANCELED
    assert over.ended_at is not None
    await shop.payment()


async def test_s5_s6_taken_back_it_renews_again(shop: Shop) -> None:
    before = await shop.seen()
    await schedule(shop)

    undone = await undo(shop)

    assert undone == before
    assert await undo(shop, key="again") == before
    await shop.advance_to_period_end(shop.subscription)
    assert (await shop.seen()).period_start == before.period_end


async def test_it_can_be_cancelled_and_taken_back_again_and_again(shop: Shop) -> None:
    for number in range(3):
        assert (await schedule(shop, key=f"cancel-{number}")).cancel_at is not None
        assert (await undo(shop, key=f"resume-{number}")).cancel_at is None


async def test_s5_a_cancellation_from_elsewhere_is_seen_and_taken_back(shop: Shop) -> None:
    await shop.cancel_elsewhere(shop.subscription)

    seen = await shop.seen()
    assert seen.cancel_at == seen.period_end
    assert await schedule(shop) == seen

    assert (await undo(shop)).cancel_at is None


async def test_what_is_not_scheduled_is_not_taken_back(shop: Shop) -> None:
    assert (await undo(shop)).cancel_at is None
    assert shop.requests.count("POST") == 0


async def test_s11_ending_at_once_and_again(shop: Shop) -> None:
    for key in ("end", "end", "another"):
        ended = await end(shop, key=key)
        assert ended.status is Status.CANCELED
        assert ended.ended_at is not None
    assert shop.given_back() == 0
    await shop.payment()


async def test_s3_what_ends_in_arrears_is_not_collected_any_more(shop: Shop) -> None:
    shop.decline_payments(shop.customer)
    await shop.advance_to_period_end(shop.subscription)
    assert (await shop.seen()).is_in_arrears

    ended = only(
        await shop.provider.end_subscription(
            shop.subscription, feedback="unused", comment="Bye", idempotency_key="end"
        )
    )

    assert ended.status is Status.CANCELED
    shop.accept_payments(shop.customer)
    await shop.advance(days=60)
    await shop.payment()


async def test_what_is_scheduled_can_be_ended_at_once(shop: Shop) -> None:
    await schedule(shop)
    assert (await end(shop)).status is Status.CANCELED


async def test_whoever_asks_too_late_has_what_they_wanted(shop: Shop) -> None:
    await end(shop)

    assert (await schedule(shop)).status is Status.CANCELED
    assert (await undo(shop)).status is Status.CANCELED


@pytest.mark.parametrize("id_of_nothing", ["sub_nothing", "../customers", "a b?c=d&e#f%2F"])
async def test_what_does_not_exist_is_refused(shop: Shop, id_of_nothing: str) -> None:
    provider: BillingProvider = shop.provider
    nothing = SubscriptionId(id_of_nothing)
    for call in (
        provider.fetch_subscription(nothing),
        provider.schedule_cancellation(nothing, feedback=None, comment=None, idempotency_key="a"),
        provider.undo_cancellation(nothing, idempotency_key="b"),
        provider.end_subscription(nothing, idempotency_key="c"),
    ):
        with pytest.raises(ProviderRefusedError) as refused:
            await call
        assert refused.value.code
