"""Webhooks: read when the provider signed them, refused otherwise (rule S23)."""

import json

import pytest

from bot.billing.provider import BadEventError, EventHint, Snapshot
from bot.domain.money import Money
from bot.domain.refund import Ground
from bot.domain.subscription import Status
from tests.support.shops import Shop

NO_EVENTS: dict[str, bytes] = {
    "not UTF-8": b"\xff\xfe{}",
    "nothing": b"",
    "no JSON": b"no json",
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "text": b'"text"',
    "empty object": b"{}",
    "huge number": b'{"id": ' + b"9" * 5000 + b"}",
    "deeper than Python": b"[" * 100_000,
}


def written(event: object) -> bytes:
    return json.dumps(event).encode()


async def follow(shop: Shop, body: bytes) -> Snapshot | None:
    """What production does with a webhook's body."""
    hint = shop.provider.read_event(body, shop.signed(body))
    return await shop.provider.fetch_event_objects(hint)


async def test_every_event_that_the_provider_sends_can_be_followed(shop: Shop) -> None:
    payment = await shop.payment()
    await shop.cancel_elsewhere(shop.subscription)
    await shop.provider.undo_cancellation(shop.subscription, idempotency_key="resume")
    shop.decline_payments(shop.customer)
    await shop.advance_to_period_end(shop.subscription)
    await shop.provider.end_subscription(shop.subscription, idempotency_key="end")
    await shop.provider.refund(
        payment.id,
        amount=payment.amount,
        ground=Ground.OUR_ERROR,
        reference="R",
        idempotency_key="k",
    )
    assert shop.events

    snapshots = [await follow(shop, written(event)) for event in shop.events]

    found = [each for each in snapshots if each is not None]
    # An event is a hint: however old it is, the object is read as it is now.
    statuses = {each.status for one in found for each in one.subscriptions}
    assert statuses == {Status.CANCELED}
    assert {each.refunded for one in found for each in one.payments} == {Money(2000, "usd")}


async def test_a_dispute_shows_on_the_payment(shop: Shop) -> None:
    payment = await shop.payment()
    before = len(shop.events)
    shop.dispute(payment.id)

    snapshots = [await follow(shop, written(event)) for event in shop.events[before:]]

    seen = [each for one in snapshots if one is not None for each in one.payments]
    assert seen
    assert all((each.id, each.disputed) == (payment.id, True) for each in seen)


async def test_ids_and_references_are_read_whole_or_as_ids(shop: Shop) -> None:
    for customer in (shop.customer, {"id": shop.customer, "email": "x"}):
        body = shop.event("refund.created", {"id": "w_1", "customer": customer})
        hint = shop.provider.read_event(body, shop.signed(body))
        assert (hint.id, hint.type, hint.object_id) == ("evt_1", "refund.created", "w_1")
        assert hint.references["customer"] == shop.customer


async def test_events_that_need_nothing_ask_nothing(shop: Shop) -> None:
    for kind in ("product.created", "weather.changed", "checkout.begun"):
        hint = EventHint("evt", kind, "x", {"customer": shop.customer})
        assert await shop.provider.fetch_event_objects(hint) is None
    assert shop.requests.count() == 0


async def test_s23_what_the_provider_did_not_sign_is_refused(shop: Shop) -> None:
    body = shop.event("subscription.paid", {"id": "sub_1"})
    right = shop.signed(body)
    for wrong in (
        None,
        "",
        "nonsense",
        "ü",
        "\udcff",
        right[:-1],
        right + "0",
        right[:-1] + "g",
        shop.signed(body, secret="whsec_of_somebody_else"),
        shop.signed(body + b" "),
    ):
        with pytest.raises(BadEventError):
            shop.provider.read_event(body, wrong)
    for wrong_body in (b"", b"\xff\xfe", body + b" "):
        with pytest.raises(BadEventError):
            shop.provider.read_event(wrong_body, right)


@pytest.mark.parametrize("name", NO_EVENTS)
async def test_s23_what_is_no_event_is_refused_though_it_is_signed(shop: Shop, name: str) -> None:
    body = NO_EVENTS[name]
    with pytest.raises(BadEventError):
        shop.provider.read_event(body, shop.signed(body))


@pytest.mark.parametrize(
    "about",
    [None, [], "sub_1", 7, {"id": "x", "customer": 5}, {"id": "x", "customer": ["c"]}],
)
async def test_s23_an_event_about_nothing_is_refused(shop: Shop, about: object) -> None:
    body = shop.event("subscription.paid", about)
    with pytest.raises(BadEventError):
        shop.provider.read_event(body, shop.signed(body))
