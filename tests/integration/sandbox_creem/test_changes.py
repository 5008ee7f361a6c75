"""Another product or another number of units in the middle of a period."""

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.wire import Json

from .conftest import Client, Kinds, Shop


async def half_a_period(sandbox: CreemSandbox, subscription: Json) -> None:
    """Go to the middle of the subscription's paid period."""
    paid = subscription["last_transaction"]
    await sandbox.advance(to=(paid["period_start"] + paid["period_end"]) / 2000)


async def test_charged_immediately_begins_a_new_cycle(
    client: Client, sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    made = sandbox.add_subscription(shop.lea, shop.lite)
    await half_a_period(sandbox, made)
    new_events()
    path = f"/v1/subscriptions/{made['id']}/upgrade"
    changed = await client.post(path, product_id=shop.pro)
    assert changed["product"]["id"] == shop.pro
    assert changed["current_period_start_date"] > made["current_period_start_date"]
    assert changed["last_transaction"]["amount_paid"] == 2000 - 500
    assert new_events() == ["subscription.update", "subscription.paid"]
    await sandbox.advance_to_period_end(made["id"])
    assert sandbox.get(made["id"])["last_transaction"]["amount_paid"] == 2000


async def test_a_declined_upgrade_changes_nothing(
    client: Client, sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    made = sandbox.add_subscription(shop.lea, shop.lite)
    new_events()
    sandbox.decline_payments(shop.lea, times=1)
    said = await client.refused(
        "POST", f"/v1/subscriptions/{made['id']}/upgrade", json={"product_id": shop.pro}
    )
    assert said == ["The payment was declined"]
    assert sandbox.get(made["id"]) == made
    assert new_events() == []


async def test_charged_later_keeps_the_cycle_and_gives_a_credit(
    client: Client, sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    made = sandbox.add_subscription(shop.lea, shop.lite)
    await half_a_period(sandbox, made)
    new_events()
    changed = await client.post(
        f"/v1/subscriptions/{made['id']}/upgrade",
        product_id=shop.pro,
        update_behavior="proration-charge",
    )
    assert changed["product"]["id"] == shop.pro
    assert changed["current_period_end_date"] == made["current_period_end_date"]
    assert new_events() == ["subscription.update"]
    await sandbox.advance_to_period_end(made["id"])
    assert sandbox.get(made["id"])["last_transaction"]["amount_paid"] == 1500


async def test_without_proration_the_change_waits_for_the_next_cycle(
    client: Client, sandbox: CreemSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.lea, shop.pro)
    changed = await client.post(
        f"/v1/subscriptions/{made['id']}/upgrade",
        product_id=shop.yearly,
        update_behavior="proration-none",
    )
    assert changed["product"]["id"] == shop.pro
    await sandbox.advance_to_period_end(made["id"])
    renewed = sandbox.get(made["id"])
    assert renewed["product"]["id"] == shop.yearly
    assert renewed["last_transaction"]["amount_paid"] == 20000


async def test_a_change_that_waits_is_taken_back_by_the_product_of_now(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json
) -> None:
    path = f"/v1/subscriptions/{subscription['id']}/upgrade"
    for product in (shop.lite, shop.pro):
        await client.post(path, product_id=product, update_behavior="proration-none")
    await sandbox.advance_to_period_end(subscription["id"])
    assert sandbox.get(subscription["id"])["product"]["id"] == shop.pro


async def test_a_credit_that_is_too_large_is_kept(
    client: Client, sandbox: CreemSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.lea, shop.yearly)
    changed = await client.post(f"/v1/subscriptions/{made['id']}/upgrade", product_id=shop.lite)
    assert changed["last_transaction"]["amount_paid"] == 0
    await sandbox.advance(days=32)
    assert sandbox.get(made["id"])["last_transaction"]["amount_paid"] == 0


async def test_units(client: Client, sandbox: CreemSandbox, subscription: Json) -> None:
    path = f"/v1/subscriptions/{subscription['id']}"
    item = subscription["items"][0]["id"]
    changed = await client.post(
        path, items=[{"id": item, "units": 3}], update_behavior="proration-none"
    )
    assert changed["items"][0]["units"] == 1
    await sandbox.advance_to_period_end(subscription["id"])
    renewed = sandbox.get(subscription["id"])
    assert (renewed["items"][0]["units"], renewed["last_transaction"]["amount"]) == (3, 6000)
    said = await client.refused("POST", path, json={"items": [{"units": 2}]})
    assert said == ["items must hold the subscription's one item, by its id"]


async def test_what_cannot_be_changed(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json
) -> None:
    euro = sandbox.add_product("Pro", price=2000, currency="eur")["id"]
    path = f"/v1/subscriptions/{subscription['id']}"
    for wanted, message in (
        (shop.pro, "The subscription has this product already"),
        (shop.topup, "A subscription cannot be changed to a one-time product"),
        (euro, "A subscription cannot be changed to another currency"),
    ):
        said = await client.refused("POST", f"{path}/upgrade", json={"product_id": wanted})
        assert said == [message]
    await client.post(f"{path}/cancel", mode="scheduled")
    said = await client.refused("POST", f"{path}/upgrade", json={"product_id": shop.lite})
    assert said == ["A subscription that is scheduled_cancel cannot be changed"]
