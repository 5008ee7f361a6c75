"""Cancelling, pausing, resuming, and the customer portal."""

import pytest

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.wire import Json

from .conftest import Client, Kinds, Shop


async def test_a_scheduled_cancellation_and_its_end(
    client: Client, sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    new_events()
    path = f"/v1/subscriptions/{subscription['id']}"
    scheduled = await client.post(f"{path}/cancel", mode="scheduled", onExecute="cancel")
    assert (scheduled["status"], scheduled["canceled_at"]) == ("scheduled_cancel", None)
    assert scheduled["current_period_end_date"] == subscription["current_period_end_date"]
    assert "next_transaction_date" not in scheduled
    assert new_events() == ["subscription.scheduled_cancel"]
    said = await client.refused("POST", f"{path}/cancel", json={"mode": "scheduled"})
    assert said == ["Subscription is already scheduled for cancellation"]
    await sandbox.advance_to_period_end(subscription["id"])
    ended = sandbox.get(subscription["id"])
    assert (ended["status"], ended["canceled_at"]) == (
        "canceled",
        subscription["current_period_end_date"],
    )
    assert new_events() == ["subscription.canceled"]
    await sandbox.advance(days=60)
    assert new_events() == []
    for action in ("cancel", "pause", "resume"):
        await client.refused("POST", f"{path}/{action}")


async def test_a_scheduled_cancellation_is_taken_back(
    client: Client, sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    path = f"/v1/subscriptions/{subscription['id']}"
    await client.post(f"{path}/cancel", mode="scheduled")
    new_events()
    resumed = await client.post(f"{path}/resume")
    assert resumed["status"] == "active"
    assert resumed["next_transaction_date"] == resumed["current_period_end_date"]
    await sandbox.advance_to_period_end(subscription["id"])
    assert new_events() == ["subscription.update", "subscription.paid"]
    said = await client.refused("POST", f"{path}/resume")
    assert said == ["A subscription that is active cannot be resumed"]


async def test_cancelling_at_once(client: Client, subscription: Json, new_events: Kinds) -> None:
    new_events()
    path = f"/v1/subscriptions/{subscription['id']}/cancel"
    ended = await client.post(path, mode="immediate", onExecute="pause")
    assert ended["status"] == "canceled"
    assert ended["canceled_at"]
    assert new_events() == ["subscription.canceled"]
    assert await client.refused("POST", path) == ["Subscription is already canceled"]


@pytest.mark.parametrize(
    ("setting", "status"), [("immediate", "canceled"), ("scheduled", "scheduled_cancel")]
)
async def test_without_a_mode_the_store_decides(
    client: Client, sandbox: CreemSandbox, subscription: Json, setting: str, status: str
) -> None:
    sandbox.settings.cancel_mode = setting
    path = f"/v1/subscriptions/{subscription['id']}/cancel"
    assert (await client.post(path, onExecute="pause"))["status"] == status


async def test_a_scheduled_cancellation_can_mean_a_pause(
    client: Client, sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    path = f"/v1/subscriptions/{subscription['id']}"
    await client.post(f"{path}/cancel", mode="scheduled", onExecute="pause")
    new_events()
    await sandbox.advance_to_period_end(subscription["id"])
    assert sandbox.get(subscription["id"])["status"] == "paused"
    assert new_events() == ["subscription.paused"]


async def test_pause_and_resume_within_the_period(
    client: Client, sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    path = f"/v1/subscriptions/{subscription['id']}"
    new_events()
    assert (await client.post(f"{path}/pause"))["status"] == "paused"
    said = await client.refused("POST", f"{path}/pause")
    assert said == ["A subscription that is paused cannot be paused"]
    await sandbox.advance(days=5)
    resumed = await client.post(f"{path}/resume")
    assert resumed["current_period_end_date"] == subscription["current_period_end_date"]
    assert new_events() == ["subscription.paused", "subscription.update"]


async def test_resuming_after_the_period_is_paid_then(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json, new_events: Kinds
) -> None:
    path = f"/v1/subscriptions/{subscription['id']}"
    await client.post(f"{path}/pause")
    new_events()
    await sandbox.advance(days=45)
    assert new_events() == []
    sandbox.decline_payments(shop.lea, times=1)
    assert await client.refused("POST", f"{path}/resume") == ["The payment was declined"]
    assert sandbox.get(subscription["id"])["status"] == "paused"
    resumed = await client.post(f"{path}/resume")
    assert resumed["status"] == "active"
    assert resumed["current_period_start_date"] > subscription["current_period_end_date"]
    assert resumed["last_transaction_id"] != subscription["last_transaction_id"]
    assert new_events() == ["subscription.update", "subscription.paid"]


async def test_a_cancelled_trial_goes_on_as_a_trial_when_resumed(
    client: Client, sandbox: CreemSandbox, shop: Shop
) -> None:
    product = sandbox.add_product("Trial", price=1000, trial_days=7)["id"]
    path = f"/v1/subscriptions/{sandbox.add_subscription(shop.lea, product)['id']}"
    await client.post(f"{path}/cancel", mode="scheduled")
    assert (await client.post(f"{path}/resume"))["status"] == "trialing"


async def test_the_portals_button_ends_at_once(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json, new_events: Kinds
) -> None:
    new_events()
    link = (await client.post("/v1/customers/billing", customer_id=shop.lea))[
        "customer_portal_link"
    ]
    assert link.startswith("https://creem.io/my-orders/login/")
    page = sandbox.local_url(link)
    async with client.session.get(page) as answer:
        assert "Cancel subscription" in await answer.text()
    other = sandbox.add_customer("other@example.com")["id"]
    foreign = sandbox.add_subscription(other, shop.lite)["id"]
    new_events()
    async with client.session.post(page, data={"subscription": foreign}) as answer:
        assert answer.status == 404
    async with client.session.post(page, data={"subscription": subscription["id"]}) as answer:
        assert "There is no subscription" in await answer.text()
    assert new_events() == ["subscription.canceled"]
    assert sandbox.get(subscription["id"])["status"] == "canceled"
    assert sandbox.get(foreign)["status"] == "active"
    assert sandbox.portal_cancel(foreign)["status"] == "canceled"


async def test_one_customer_has_several_subscriptions(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json
) -> None:
    second = sandbox.add_subscription(shop.lea, shop.yearly)
    found = await client.get(f"/v1/customers/{shop.lea}/subscriptions")
    assert [one["id"] for one in found["items"]] == [second["id"], subscription["id"]]
    assert second["product"]["billing_period"] == "every-year"
