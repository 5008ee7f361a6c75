"""Paused collection: renewals are void at once, until it goes on."""

import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox

from .conftest import Shop

DAY = 86_400


async def test_renewals_are_void_until_collection_goes_on(
    sandbox: StripeSandbox, shop: Shop, client: stripe.StripeClient
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    end = made["items"]["data"][0]["current_period_end"]

    paused = await client.v1.subscriptions.update_async(
        made["id"], {"pause_collection": {"behavior": "void", "resumes_at": end + DAY}}
    )

    assert paused.pause_collection is not None
    assert (paused.pause_collection.behavior, paused.status) == ("void", "active")
    await sandbox.advance_to_period_end(made["id"])
    subscription = sandbox.get(made["id"])
    left_out = sandbox.get(subscription["latest_invoice"])
    assert subscription["status"] == "active"
    assert (left_out["status"], left_out["amount_paid"]) == ("void", 0)
    assert len(sandbox.objects("charge")) == 1
    await sandbox.advance(days=2)
    assert sandbox.get(made["id"])["pause_collection"] is None
    await sandbox.advance_to_period_end(made["id"])
    assert sandbox.get(sandbox.get(made["id"])["latest_invoice"])["status"] == "paid"
    assert len(sandbox.objects("charge")) == 2


async def test_it_goes_on_at_once_when_the_pause_is_cleared(
    sandbox: StripeSandbox, shop: Shop, client: stripe.StripeClient
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await client.v1.subscriptions.update_async(
        made["id"], {"pause_collection": {"behavior": "void"}}
    )
    await client.v1.subscriptions.update_async(made["id"], {"pause_collection": ""})
    await sandbox.advance_to_period_end(made["id"])
    assert len(sandbox.objects("charge")) == 2


async def test_it_cannot_go_on_in_the_past(
    sandbox: StripeSandbox, shop: Shop, client: stripe.StripeClient
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    with pytest.raises(stripe.InvalidRequestError, match="must be in the future"):
        await client.v1.subscriptions.update_async(
            made["id"], {"pause_collection": {"behavior": "void", "resumes_at": 1}}
        )
