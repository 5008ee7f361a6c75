"""POST /webhooks/creem: nothing is lost, nothing is applied twice (S8, S23)."""

import asyncio
import json
from collections.abc import Mapping

import aiohttp

from bot.sandbox.creem.webhooks import signature
from bot.sandbox.scene import CREEM_WEBHOOK_SECRET
from tests.scenario.lea import balance, link, settled, transactions
from tests.scenario.stage import Stage

PATH = "/webhooks/creem"


async def post(stage: Stage, body: bytes, headers: Mapping[str, str]) -> int:
    """What the bot answers."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(stage.bot.web_url + PATH, data=body, headers=headers) as response,
    ):
        assert "Traceback" not in await response.text()
        return response.status


def signed(body: bytes, *, secret: str = CREEM_WEBHOOK_SECRET) -> dict[str, str]:
    """The headers that Creem sends with a body."""
    return {"creem-signature": signature(secret, body), "Content-Type": "application/json"}


def received(stage: Stage) -> list[str]:
    """The types of Creem's events in the store."""
    rows = stage.rows("SELECT type FROM events WHERE provider = 'creem' ORDER BY received_at, id")
    return [row["type"] for row in rows]


async def test_s23_what_creem_did_not_sign_is_refused(stage: Stage) -> None:
    body = json.dumps(stage.scene.creem.events[0]).encode()
    right = signed(body)["creem-signature"]
    refused = {
        "no signature": {},
        "empty": {"creem-signature": ""},
        "another secret": signed(body, secret="whsec_of_somebody_else"),
        "another body": signed(body + b" "),
        "upper case": {"creem-signature": right.upper()},
        "cut short": {"creem-signature": right[:-1]},
        "not ASCII": {"creem-signature": right[:-1] + "ü"},
        "Stripe's header": {"Stripe-Signature": right},
    }
    for what, headers in refused.items():
        assert await post(stage, body, headers) == 400, what
    for no_event in (b"\xff\xfe", b"{", b"[]", b'{"id": ' + b"9" * 5000 + b"}"):
        assert await post(stage, no_event, signed(no_event)) == 400, no_event
    assert received(stage) == []


async def test_a_duplicate_is_taken_and_applied_once(stage: Stage) -> None:
    """The signature holds no time: a body can be sent again by whoever has seen it."""
    [about] = [
        each for each in stage.scene.creem.events if each["eventType"] == "subscription.paid"
    ]
    body = json.dumps(about).encode()
    await settled(stage)
    stage.scene.creem.requests.clear()

    statuses = await asyncio.gather(*(post(stage, body, signed(body)) for _ in range(5)))
    await settled(stage)
    statuses.append(await post(stage, body, signed(body)))
    await settled(stage)

    assert set(statuses) == {200}
    assert received(stage) == ["subscription.paid"]
    assert stage.scene.creem.requests.count("GET", "/v1/subscriptions$") == 1


async def test_an_unknown_type_is_taken_and_asks_creem_nothing(stage: Stage) -> None:
    body = json.dumps(
        {"id": "evt_1", "eventType": "weather.changed", "object": {"id": "sunny"}}
    ).encode()
    await settled(stage)
    stage.scene.creem.requests.clear()

    assert await post(stage, body, signed(body)) == 200

    await settled(stage)
    assert received(stage) == ["weather.changed"]
    assert stage.scene.creem.requests.entries == []


async def test_s8_order_repetition_and_delay_do_not_matter(stage: Stage) -> None:
    """After it all, the store shows what Creem shows."""
    creem, lea = stage.scene.creem, stage.scene.lea_subscription
    await link(stage)
    creem.settings.references = "alternating"
    creem.hold_webhooks()
    await creem.advance_to_period_end(lea)
    creem.add_charge(stage.scene.lea_customer, "prod_top_up_500")
    creem.decline_payments(stage.scene.lea_customer)
    await creem.advance_to_period_end(lea)
    creem.accept_payments(stage.scene.lea_customer)
    await creem.advance(days=4)
    creem.refund(transactions(stage)[0]["id"], amount=700)
    creem.add_subscription(stage.scene.lea_customer, "prod_max_month")
    creem.portal_cancel(lea)
    creem.release_webhooks(shuffle=True)
    await settled(stage, seconds=40)
    for told in reversed(creem.events):
        creem.resend(told)
    await settled(stage, seconds=40)

    assert_mirror(stage)
    await balance(stage, "Max · $60.00 monthly")


def assert_mirror(stage: Stage) -> None:
    """The store's subscriptions and payments equal Creem's objects."""
    words = {"scheduled_cancel": "active", "expired": "unpaid"}
    stored = stage.rows("SELECT id, status, price_id FROM subscriptions WHERE provider = 'creem'")
    assert {tuple(row) for row in stored} == {
        (each["id"], words.get(each["status"], each["status"]), each["product"]["id"])
        for each in stage.scene.creem.objects("subscription")
    }
    paid = stage.rows("SELECT id, amount, refunded FROM payments WHERE provider = 'creem'")
    assert {tuple(row) for row in paid} == {
        (each["id"], each["amount_paid"], each["refunded_amount"] or 0)
        for each in transactions(stage)
        if each["status"] != "declined"
    }
