"""Creem's events: signature and envelope decide, and nobody reads what nobody asks about."""

from collections.abc import AsyncIterator

import pytest

from bot.billing.provider import BadEventError, EventHint
from bot.domain.identifiers import CREEM
from tests.support.shops import Shop, open_shop

# Creem may send what it likes, and counts on 200 for every type that it comes to think of.
ABOUT: tuple[object, ...] = (
    {"object": "x"},
    {"id": 5},
    {"id": "a b"},
    {"id": "x", "customer": {"email": "a@b.example"}},
    {"id": "x", "order": 5},
    [],
    None,
)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop(CREEM) as opened:
        yield opened


@pytest.mark.parametrize("about", ABOUT)
async def test_an_event_of_another_type_is_taken_whatever_it_is_about(
    shop: Shop, about: object
) -> None:
    body = shop.event("credits.low", about)

    hint = shop.provider.read_event(body, shop.signed(body))

    assert hint == EventHint("evt_1", "credits.low", None, {})
    assert await shop.provider.fetch_event_objects(hint) is None


@pytest.mark.parametrize("kind", ["subscription.paid", "refund.created", "checkout.completed"])
@pytest.mark.parametrize("about", ABOUT)
async def test_s23_one_that_is_followed_has_to_name_what_it_is_about(
    shop: Shop, kind: str, about: object
) -> None:
    body = shop.event(kind, about)
    with pytest.raises(BadEventError):
        shop.provider.read_event(body, shop.signed(body))


@pytest.mark.parametrize("event_id", [None, 5, "", "a b"])
async def test_s23_an_envelope_without_an_id_is_refused(shop: Shop, event_id: object) -> None:
    body = shop.event("credits.low", {"id": "x"}, event_id=event_id)
    with pytest.raises(BadEventError):
        shop.provider.read_event(body, shop.signed(body))
