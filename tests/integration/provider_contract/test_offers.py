"""What a provider makes of an accepted offer, where it can; the others refuse it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.billing.provider import (
    Discount,
    Pause,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from bot.domain.identifiers import CREEM, STRIPE
from bot.domain.offer import MADE_AT_PROVIDER, renewal_after
from bot.domain.subscription import Status, Subscription
from tests.support.shops import Shop, StripeShop, open_shop

COUPON = "half_price_3"


@pytest.fixture(params=[STRIPE])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """At each provider that makes offers."""
    async with open_shop(request.param) as opened:
        yield opened


async def discount(
    shop: Shop, *, reference: str = "A1", key: str = "half", **more: object
) -> Subscription:
    before = await shop.seen()
    wanted = replace(Discount(COUPON, 50, 3, before.period_end), **more)  # type: ignore[arg-type]
    made = await shop.provider.apply_discount(
        shop.subscription, wanted, reference=reference, idempotency_key=key
    )
    return made.subscriptions[0]


async def pause(
    shop: Shop, months: int = 2, *, reference: str = "A1", key: str = "break", **more: object
) -> Subscription:
    before = await shop.seen()
    wanted = Pause(before.period_end, renewal_after(before, months))
    made = await shop.provider.pause(
        shop.subscription,
        replace(wanted, **more),  # type: ignore[arg-type]
        reference=reference,
        idempotency_key=key,
    )
    return made.subscriptions[0]


async def paid(shop: Shop) -> list[int]:
    """What was charged, oldest first."""
    payments = (await shop.provider.fetch_account(shop.customer)).payments
    return [each.amount.amount for each in sorted(payments, key=lambda each: each.paid_at)]


async def renew(shop: Shop, times: int = 1) -> None:
    for _ in range(times):
        await shop.advance_to_period_end(shop.subscription)


async def test_what_a_provider_cannot_make_is_refused() -> None:
    async with open_shop(CREEM) as shop:
        assert shop.provider.offer_kinds == frozenset()
        before = await shop.seen()
        with pytest.raises(ProviderRefusedError, match="discount_unsupported"):
            await discount(shop)
        with pytest.raises(ProviderRefusedError, match="pause_unsupported"):
            await pause(shop)
        assert await shop.seen() == before


async def test_what_a_provider_can_make(shop: Shop) -> None:
    assert shop.provider.offer_kinds == MADE_AT_PROVIDER


async def test_fairness_7_a_discount_lasts_as_long_as_agreed_and_no_longer(shop: Shop) -> None:
    await shop.advance(1)
    before = await shop.seen()

    assert await discount(shop) == before  # the price itself stays

    await renew(shop, 4)
    assert await paid(shop) == [2000, 1000, 1000, 1000, 2000]


async def test_a_discount_is_made_once_however_often_it_is_asked_for(shop: Shop) -> None:
    await shop.advance(1)
    for key in ("half", "half", "another"):
        await discount(shop, key=key)
    await renew(shop, 4)
    assert await paid(shop) == [2000, 1000, 1000, 1000, 2000]


async def test_one_discount_at_a_time(shop: Shop) -> None:
    """The two together are not what was agreed."""
    await discount(shop)
    with pytest.raises(ProviderRefusedError, match="discount_exists"):
        await discount(shop, reference="A2", key="second")


@pytest.mark.parametrize("different", [{"percent": 40}, {"months": 6}])
async def test_fairness_7_a_coupon_that_is_not_as_agreed_is_not_given(
    shop: Shop, different: dict[str, Any]
) -> None:
    with pytest.raises(ProviderRefusedError, match="coupon_differs"):
        await discount(shop, **different)
    with pytest.raises(ProviderRefusedError, match="resource_missing"):
        await discount(shop, coupon="of_nothing")
    await renew(shop)
    assert await paid(shop) == [2000, 2000]


@pytest.mark.parametrize(("price", "is_given"), [("price_lite_month", False), (None, True)])
async def test_fairness_7_a_coupon_for_other_products_is_not_given(
    shop: Shop, price: str | None, is_given: bool
) -> None:
    """It would take nothing off what the member pays, who is told that it does."""
    assert isinstance(shop, StripeShop)
    products = [shop.stripe.get(price or "price_pro_month")["product"]]
    shop.stripe.add_coupon(id="for_some", percent=50, months=3, products=products)
    if is_given:
        await discount(shop, coupon="for_some")
    else:
        with pytest.raises(ProviderRefusedError, match="coupon_differs"):
            await discount(shop, coupon="for_some")
        assert shop.stripe.get(shop.subscription)["discounts"] == []
    await renew(shop)
    assert await paid(shop) == [2000, 1000 if is_given else 2000]


async def test_a_pause_charges_nothing_gives_nothing_and_ends_by_itself(shop: Shop) -> None:
    """S2: what is paid for stays. S16: the next renewal is known at any time."""
    before = await shop.seen()
    resumes_at = renewal_after(before, 2)

    assert await pause(shop) == replace(before, resumes_at=resumes_at)

    for _ in range(2):
        await renew(shop)
        seen = await shop.seen()
        assert (seen.status, seen.resumes_at) == (Status.PAUSED, resumes_at)
        account = await shop.provider.fetch_account(shop.customer)
        assert account.subscriptions == (seen,)
        assert len(account.paid_periods) == 1
    assert await paid(shop) == [2000]

    await renew(shop)
    after = await shop.seen()
    assert (after.status, after.resumes_at) == (Status.ACTIVE, None)
    assert after.period_start == resumes_at
    assert await paid(shop) == [2000, 2000]


async def test_a_pause_is_made_once(shop: Shop) -> None:
    first = await pause(shop)
    assert await pause(shop, key="another") == first
    with pytest.raises(ProviderRefusedError, match="paused_already"):
        await pause(shop, reference="A2", key="second")


async def test_a_paused_subscription_ends_with_its_period(shop: Shop) -> None:
    """S1, S3: also while it is paused it can be cancelled, and nothing more is charged."""
    await pause(shop)
    await renew(shop)

    ending = (
        await shop.provider.schedule_cancellation(
            shop.subscription, feedback=None, comment=None, idempotency_key="cancel"
        )
    ).subscriptions[0]

    assert (ending.status, ending.cancel_at) == (Status.PAUSED, ending.period_end)
    await renew(shop)
    assert (await shop.seen()).status is Status.CANCELED
    assert await paid(shop) == [2000]


async def test_nothing_is_made_once_it_is_not_as_agreed(shop: Shop) -> None:
    """It renewed while the provider was away, or was cancelled elsewhere."""
    before = await shop.seen()
    await renew(shop)
    with pytest.raises(ProviderRefusedError, match="renewed_meanwhile"):
        await pause(shop, starts_at=before.period_end)
    with pytest.raises(ProviderRefusedError, match="renewed_meanwhile"):
        await discount(shop, starts_at=before.period_end)
    await shop.cancel_elsewhere(shop.subscription)
    with pytest.raises(ProviderRefusedError, match="not_running"):
        await pause(shop)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", [discount, pause])
async def test_a_lost_answer_is_found_by_looking(
    shop: Shop, make: Callable[..., Awaitable[Subscription]]
) -> None:
    """It was made, and asked for again under another key nothing is made twice."""
    lost = shop.faults.add(method="POST", path=shop.subscriptions_path, status=500, after_work=True)
    with pytest.raises(ProviderUnavailableError):
        await make(shop)
    lost.remove()
    known = shop.requests.count("POST")

    await make(shop, key="another")

    assert shop.requests.count("POST") == known
