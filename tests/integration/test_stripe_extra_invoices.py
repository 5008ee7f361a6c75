"""Stripe's status follows the newest invoice: one for something else takes no paid period away."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.billing.provider import EventHint, Snapshot
from bot.domain.subscription import Status, Subscription
from bot.sandbox.scene import STRIPE_KEY
from tests.support.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


def only(snapshot: Snapshot) -> Subscription:
    [subscription] = snapshot.subscriptions
    return subscription


async def charge_for_an_upgrade(shop: Shop, price: str = "price_max_month") -> None:
    """The vendor moves Mia to another plan by hand, and her card refuses what that costs."""
    shop.stripe.decline_payments(shop.mia)
    form = {
        "items[0][id]": shop.subscription["items"]["data"][0]["id"],  # type: ignore[index]
        "items[0][price]": price,
        "proration_behavior": "always_invoice",
    }
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {STRIPE_KEY}"}) as session,
        session.post(f"{shop.stripe.api_url}/v1/subscriptions/{shop.pro}", data=form) as answer,
    ):
        answer.raise_for_status()
    assert shop.subscription["status"] == "past_due"


async def every_reading(shop: Shop) -> set[Status]:
    """By each way on which the adapter reads a subscription."""
    provider, pro = shop.provider, shop.pro
    failed = EventHint(
        "evt", "invoice.payment_failed", str(shop.subscription["latest_invoice"]), {}
    )
    page = await provider.fetch_page(None, since=datetime.now(UTC) - timedelta(days=1))
    told = await provider.fetch_event_objects(failed)
    assert told is not None
    snapshots = [
        page.snapshot,
        told,
        await provider.fetch_subscription(pro),
        await provider.fetch_account(shop.mia),
        await provider.undo_cancellation(pro, idempotency_key="nothing to undo"),
        *[
            await provider.schedule_cancellation(
                pro, feedback=None, comment=None, idempotency_key=key
            )
            for key in ("first", "second")
        ],
        await provider.undo_cancellation(pro, idempotency_key="undo"),
    ]
    return {only(each).status for each in snapshots}


async def test_s2_an_upgrade_that_is_not_paid_leaves_the_paid_period(shop: Shop) -> None:
    await charge_for_an_upgrade(shop)

    assert await every_reading(shop) == {Status.ACTIVE}


async def test_a_renewal_that_is_not_paid_is_in_arrears(shop: Shop) -> None:
    shop.stripe.decline_payments(shop.mia)
    await shop.stripe.advance_to_period_end(str(shop.pro))

    assert await every_reading(shop) == {Status.PAST_DUE}


async def test_a_new_period_that_is_not_paid_is_in_arrears(shop: Shop) -> None:
    """Another interval begins another period."""
    await charge_for_an_upgrade(shop, price="price_max_year")

    assert await every_reading(shop) == {Status.PAST_DUE}
