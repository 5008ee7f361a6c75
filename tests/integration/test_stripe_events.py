"""Stripe's events: followed to their objects when Stripe signed them, refused when it did not."""

import json
import time
from collections.abc import AsyncIterator, Callable

import pytest

from bot.billing.provider import BadEventError, EventHint
from bot.domain.money import Money
from bot.domain.refund import Ground
from bot.sandbox.scene import WEBHOOK_SECRET
from bot.sandbox.stripe.webhooks import signature
from tests.support.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


async def test_every_event_that_stripe_sends_can_be_followed(shop: Shop) -> None:
    payment = await shop.payment()
    await shop.provider.refund(
        payment.id,
        amount=Money(500, "usd"),
        ground=Ground.OUR_ERROR,
        reference="R",
        idempotency_key="k",
    )
    shop.stripe.portal_cancel(shop.pro)
    shop.stripe.open_dispute(shop.stripe.add_charge(shop.mia, 900)["id"])
    seen = set()

    for event in shop.stripe.events:
        hint = shop.provider.read_event(*signed(json.dumps(event)))
        assert (hint.id, hint.type) == (event["id"], event["type"])
        snapshot = await shop.provider.fetch_event_objects(hint)
        if snapshot is not None:
            seen.add(event["type"].split(".")[0])

    assert {"customer", "invoice", "charge", "refund"} <= seen


async def test_a_dispute_shows_on_the_payment(shop: Shop) -> None:
    charge = shop.stripe.add_charge(shop.mia, 900)
    shop.stripe.open_dispute(charge["id"])
    [event] = [each for each in shop.stripe.events if each["type"] == "charge.dispute.created"]

    hint = shop.provider.read_event(*signed(json.dumps(event)))
    snapshot = await shop.provider.fetch_event_objects(hint)

    assert snapshot is not None
    assert [payment.disputed for payment in snapshot.payments] == [True]


async def test_events_that_need_nothing_ask_nothing(shop: Shop) -> None:
    for kind in ("product.created", "invoice.upcoming", "customer.deleted", "brand.new.event"):
        hint = EventHint("evt", kind, None, {})
        assert await shop.provider.fetch_event_objects(hint) is None
    assert shop.stripe.requests.count() == 0


def signed(body: str | bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> tuple[bytes, str]:
    raw = body.encode() if isinstance(body, str) else body
    return raw, signature(secret, raw, int(time.time()) - age)


GOOD = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "invoice.paid",
        "data": {"object": {"id": "in_1", "customer": "cus_1", "charge": None}},
    }
)
THIN = json.dumps(
    {
        "id": "evt_2",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "related_object": {"id": "mtr_1", "type": "billing.meter"},
    }
)


async def test_a_signed_event_is_read(shop: Shop) -> None:
    assert shop.provider.read_event(*signed(GOOD)) == EventHint(
        "evt_1", "invoice.paid", "in_1", {"customer": "cus_1"}
    )
    expanded = GOOD.replace('"cus_1"', '{"id": "cus_1"}')
    assert shop.provider.read_event(*signed(expanded)).references == {"customer": "cus_1"}


def _now() -> int:
    return int(time.time())


# Built when the test runs: a signature is good for five minutes.
UNSIGNED: dict[str, Callable[[], tuple[bytes, str | None]]] = {
    "no header": lambda: (GOOD.encode(), None),
    "empty header": lambda: (GOOD.encode(), ""),
    "wrong digest": lambda: (GOOD.encode(), f"t={_now()},v1=00"),
    "nonsense": lambda: (GOOD.encode(), "nonsense"),
    "no time": lambda: (GOOD.encode(), "t=soon,v1=00"),
    "no digest": lambda: (GOOD.encode(), f"t={_now()}"),
    "not ASCII": lambda: (GOOD.encode(), f"t={_now()},v1=ü"),
    "neither UTF-8 nor signed": lambda: (b"\xff\xfe", f"t={_now()},v1=00"),
    "somebody else's secret": lambda: signed(GOOD, secret="whsec_of_somebody_else"),
    "too old": lambda: signed(GOOD, age=301),
    "another body": lambda: (GOOD.replace("in_1", "in_2").encode(), signed(GOOD)[1]),
}
NO_EVENTS: dict[str, str | bytes] = {
    "not UTF-8": b"\xff\xfe{}",
    "no JSON": "no json",
    "nothing": "",
    "list": "[]",
    "null": "null",
    "number": "7",
    "text": '"text"',
    "empty object": "{}",
    "no data": '{"id": "evt", "type": "x", "data": null}',
    "list as the object": '{"id": "evt", "type": "x", "data": {"object": []}}',
    "text as the object": '{"id": "evt", "type": "x", "data": {"object": "in_1"}}',
    "number as a reference": '{"id": "evt", "type": "x", "data": {"object": {"customer": 5}}}',
    "list as a reference": '{"id": "evt", "type": "x", "data": {"object": {"customer": ["c"]}}}',
    "no type": '{"id": "evt", "data": {"object": {}}}',
    "deeper than Python": "[" * 100_000,
    "thin event": THIN,
}


@pytest.mark.parametrize("name", UNSIGNED)
async def test_what_stripe_did_not_sign_is_refused(shop: Shop, name: str) -> None:
    body, header = UNSIGNED[name]()
    with pytest.raises(BadEventError):
        shop.provider.read_event(body, header)


@pytest.mark.parametrize("name", NO_EVENTS)
async def test_what_is_no_event_is_refused_though_it_is_signed(shop: Shop, name: str) -> None:
    with pytest.raises(BadEventError) as refused:
        shop.provider.read_event(*signed(NO_EVENTS[name]))
    if name != "not UTF-8":
        assert "Signature" not in str(refused.value)
