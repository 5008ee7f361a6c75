"""Events: their envelope, their signatures, what they hold, retries, loss and repetition."""

import pytest

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.sandbox import RETRY_DELAYS
from bot.sandbox.creem.webhooks import signature
from bot.sandbox.creem.wire import Json

from .conftest import Receiver, Shop


async def test_every_event_arrives_signed(
    sandbox: CreemSandbox, receiver: Receiver, shop: Shop
) -> None:
    sandbox.webhook_url = receiver.url
    made = sandbox.add_subscription(shop.lea, shop.pro)
    await sandbox.drain()
    assert sorted(receiver.kinds) == [
        "checkout.completed",
        "subscription.active",
        "subscription.paid",
    ]
    paid = next(event for event in receiver.events if event["eventType"] == "subscription.paid")
    assert paid.keys() == {"id", "eventType", "created_at", "object"}
    assert paid["id"].startswith("evt_")
    assert isinstance(paid["created_at"], int)
    assert paid["created_at"] // 1000 == pytest.approx(sandbox.clock.now(), abs=60)
    assert paid["object"]["id"] == made["id"]
    assert {delivery.status for delivery in sandbox.deliveries} == {200}


def test_the_signature_is_that_of_the_raw_body() -> None:
    """Known answer, computed with `openssl dgst -sha256 -hmac key`."""
    text = b"The quick brown fox jumps over the lazy dog"
    known = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    assert signature("key", text) == known


def named(events: list[Json], kind: str) -> Json:
    """What the newest event of this type holds."""
    return dict(next(each["object"] for each in reversed(events) if each["eventType"] == kind))


async def test_references_as_in_the_documentation(
    sandbox: CreemSandbox, shop: Shop, subscription: Json
) -> None:
    bought = named(sandbox.events, "checkout.completed")
    assert (bought["product"]["id"], bought["customer"]["id"]) == (shop.pro, shop.lea)
    assert (bought["subscription"]["product"], bought["subscription"]["customer"]) == (
        shop.pro,
        shop.lea,
    )
    paid = named(sandbox.events, "subscription.paid")
    assert (paid["product"]["id"], paid["customer"]["id"]) == (shop.pro, shop.lea)
    assert "last_transaction" not in paid
    sandbox.refund(subscription["last_transaction_id"])
    refunded = named(sandbox.events, "refund.created")
    assert refunded["subscription"]["product"] == shop.pro
    assert refunded["customer"]["id"] == shop.lea
    assert refunded["checkout"]["object"] == "checkout"


async def test_references_as_ids(sandbox: CreemSandbox, shop: Shop) -> None:
    sandbox.settings.references = "ids"
    made = sandbox.add_subscription(shop.lea, shop.pro)
    bought = named(sandbox.events, "checkout.completed")
    assert (bought["product"], bought["customer"], bought["subscription"]) == (
        shop.pro,
        shop.lea,
        made["id"],
    )
    sandbox.refund(made["last_transaction_id"])
    refunded = named(sandbox.events, "refund.created")
    assert (refunded["subscription"], refunded["customer"]) == (made["id"], shop.lea)
    assert refunded["transaction"]["id"] == made["last_transaction_id"]


async def test_references_can_alternate(sandbox: CreemSandbox, shop: Shop) -> None:
    sandbox.settings.references = "alternating"
    sandbox.add_subscription(shop.lea, shop.pro)
    kinds = [type(event["object"]["customer"]) for event in sandbox.events]
    assert kinds == [dict, str, dict]


async def test_a_refused_event_is_retried(
    sandbox: CreemSandbox, receiver: Receiver, shop: Shop, subscription: Json
) -> None:
    sandbox.webhook_url = receiver.url
    receiver.answers = [500, 302]
    sandbox.portal_cancel(subscription["id"])
    await sandbox.drain()
    assert receiver.kinds == []
    await sandbox.drain(retries=True)
    assert receiver.kinds == ["subscription.canceled"]
    attempts = [(each.attempt, each.status) for each in sandbox.deliveries]
    assert attempts == [(1, 500), (2, 302), (3, 200)]


async def test_retries_end(sandbox: CreemSandbox, subscription: Json) -> None:
    assert len(RETRY_DELAYS) == 4
    sandbox.webhook_url = "http://127.0.0.1:9/nobody"
    sandbox.portal_cancel(subscription["id"])
    await sandbox.drain(retries=True)
    assert [each.status for each in sandbox.deliveries] == [None] * 3


async def test_an_event_sent_again_is_the_same(
    sandbox: CreemSandbox, receiver: Receiver, subscription: Json
) -> None:
    sandbox.webhook_url = receiver.url
    sandbox.portal_cancel(subscription["id"])
    await sandbox.drain()
    sandbox.resend(sandbox.events[-1])
    sandbox.deliver_again(receiver.events[0]["id"])
    await sandbox.drain()
    assert receiver.events == [sandbox.events[-1]] * 3


async def test_held_and_lost(
    sandbox: CreemSandbox, receiver: Receiver, shop: Shop, subscription: Json
) -> None:
    sandbox.webhook_url = receiver.url
    sandbox.hold_webhooks()
    await sandbox.advance(days=366)
    await sandbox.drain()
    assert receiver.events == []
    sandbox.release_webhooks(shuffle=True)
    await sandbox.drain()
    assert receiver.kinds == ["subscription.paid"] * 12
    sandbox.hold_webhooks()
    sandbox.portal_cancel(subscription["id"])
    assert [each["eventType"] for each in sandbox.discard_webhooks()] == ["subscription.canceled"]
    sandbox.release_webhooks()
    await sandbox.drain()
    assert len(receiver.events) == 12


async def test_without_a_url_events_are_only_kept(
    sandbox: CreemSandbox, receiver: Receiver, subscription: Json
) -> None:
    sandbox.webhook_url = receiver.url
    await sandbox.drain()
    assert receiver.events == []
    assert len(sandbox.events) == 3


async def test_overview(sandbox: CreemSandbox, shop: Shop, subscription: Json) -> None:
    sandbox.refund(subscription["last_transaction_id"])
    sandbox.decline_payments(shop.lea)
    [lea] = sandbox.overview()
    assert (lea["name"], lea["declines"], lea["invoices"]) == ("Lea", True, [])
    assert [one["id"] for one in lea["subscriptions"]] == [subscription["id"]]
    assert [one["status"] for one in lea["payments"]] == ["refunded"]
    assert [one["refund_amount"] for one in lea["refunds"]] == [2000]
