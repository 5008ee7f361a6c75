"""Creem's pages, events and unreadable answers, over the local Creem."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.billing.creem import CreemProvider
from bot.billing.provider import (
    BadEventError,
    CheckoutPage,
    Page,
    ProviderRefusedError,
    ProviderUnavailableError,
    Purchase,
)
from bot.domain.identifiers import CREEM, CheckoutId, PriceId, SubscriptionId
from bot.domain.refund import PaymentPurpose
from bot.sandbox.creem import records
from bot.sandbox.scene import CONFIGURATION, CREEM_KEY, CREEM_WEBHOOK_SECRET, LEA_ADDRESS
from bot.settings import load_configuration
from tests.support.shops import CreemShop, open_shop

PAID_ONCE = "prod_top_up_500"
DAY = timedelta(days=1)


@pytest.fixture
async def shop() -> AsyncIterator[CreemShop]:
    async with open_shop(CREEM) as opened:
        assert isinstance(opened, CreemShop)
        yield opened


# --- buying ---


async def open_page(
    shop: CreemShop, price: str, *, purpose: PaymentPurpose = PaymentPurpose.SUBSCRIPTION
) -> CheckoutPage:
    purchase = Purchase(
        CheckoutId("B1"), PriceId(price), purpose, shop.customer, "https://x.example"
    )
    return await shop.provider.open_checkout(purchase, idempotency_key="k")


async def test_the_reference_is_the_checkouts_request_id_too(shop: CreemShop) -> None:
    page = await open_page(shop, shop.yearly)
    assert shop.creem.get(page.id)["request_id"] == "B1"
    assert shop.creem.get(page.id)["success_url"] == "https://x.example"


async def test_two_pages_of_one_purchase_carry_one_reference(shop: CreemShop) -> None:
    """Creem knows no idempotency keys. What is bought on either counts once."""
    for page in [await open_page(shop, shop.yearly) for _ in range(2)]:
        shop.pay(page.id, "")
        [completed] = (await shop.provider.fetch_checkout(page.id)).completed_checkouts
        assert completed.reference == "B1"


async def test_a_reference_for_another_product_is_a_forgery(shop: CreemShop) -> None:
    """A payment link lets everybody set metadata: a small top-up is not taken for a large one."""
    large = await open_page(shop, "prod_top_up_2500", purpose=PaymentPurpose.TOP_UP)
    signed = shop.creem.get(large.id)["metadata"]
    for metadata in (
        signed,
        {"mooring_checkout": "B1"},
        {"mooring_checkout": "B1", "mooring_proof": "ü"},
        {"mooring_checkout": ["B1"], "mooring_proof": None},
    ):
        forged = await shop.call(
            "/v1/checkouts",
            {
                "product_id": PAID_ONCE,
                "request_id": "B1",
                "metadata": metadata,
                "customer": {"id": shop.customer},
            },
        )
        shop.pay(forged["id"], "")
        assert (await shop.provider.fetch_checkout(forged["id"])).completed_checkouts == ()


async def test_a_purchase_whose_event_is_lost_is_found_with_its_subscription(
    shop: CreemShop,
) -> None:
    page = await open_page(shop, shop.yearly)
    shop.pay(page.id, "")

    async def found(since: datetime) -> Page:
        return await shop.provider.fetch_page(None, since=since)

    recent = (await found(datetime.now(UTC) - DAY)).snapshot
    assert [each.reference for each in recent.completed_checkouts] == ["B1"]
    # The buyer's whole account comes with it: whose it was before shows there.
    assert {each.price_id for each in recent.subscriptions} == {shop.monthly, shop.yearly}
    old = (await found(datetime.now(UTC) + DAY)).snapshot
    assert old.completed_checkouts == ()


async def test_a_deleted_customer_does_not_hide_the_others(shop: CreemShop) -> None:
    noor = shop.add_customer("noor@example.com")
    shop.creem.add_charge(noor, PAID_ONCE)
    del shop.creem._world._table(records.Customer)[noor]

    page = await shop.provider.fetch_page("transactions:1", since=datetime.now(UTC) - DAY)

    assert [each.id for each in page.snapshot.customers] == [shop.customer]
    assert [each.subscription_id for each in page.snapshot.payments] == [shop.subscription]


async def test_a_long_list_is_read_to_where_it_is_old(shop: CreemShop) -> None:
    for _ in range(60):
        shop.creem.add_charge(shop.customer, PAID_ONCE)
    since = datetime.now(UTC) - DAY
    cursor, found, pages = "transactions:1", set(), 0
    while cursor:
        page = await shop.provider.fetch_page(cursor, since=since)
        found |= {each.id for each in page.snapshot.payments}
        cursor, pages = page.next_cursor or "", pages + 1

    assert (len(found), pages) == (61, 7)
    late = await shop.provider.fetch_page("transactions:1", since=since + 2 * DAY)
    assert (late.snapshot.payments, late.next_cursor) == ((), None)


async def test_a_page_shows_the_buyers_whole_account(shop: CreemShop) -> None:
    """Creem finds a customer by the address that somebody types, whoever types it."""
    purchase = Purchase(
        CheckoutId("B2"), shop.yearly, PaymentPurpose.SUBSCRIPTION, None, "https://x.example"
    )
    page = await shop.provider.open_checkout(purchase, idempotency_key="k")
    shop.pay(page.id, LEA_ADDRESS)

    snapshot = await shop.provider.fetch_checkout(page.id)

    assert [each.id for each in snapshot.customers] == [shop.customer]
    assert shop.subscription in {each.id for each in snapshot.subscriptions}


# --- events ---


async def test_events_of_a_subscription_are_told_apart_by_it(shop: CreemShop) -> None:
    for event in shop.creem.events:
        body = json.dumps(event).encode()
        hint = shop.provider.read_event(body, shop.signed(body))
        if event["eventType"].startswith("subscription."):
            assert hint.references["subscription"] == hint.object_id == shop.subscription


@pytest.mark.parametrize("odd", ["", "a b", "a/b", "\x00", "\ud800", "x" * 101, 7, None])
async def test_s23_ids_that_are_none_are_refused(shop: CreemShop, odd: object) -> None:
    for body in (
        shop.event("subscription.paid", {"id": odd}),
        shop.event("subscription.paid", {"id": "sub_1"}, event_id=odd),
        shop.event("refund.created", {"id": "ref_1", "transaction": {"id": odd}}),
    ):
        with pytest.raises(BadEventError):
            shop.provider.read_event(body, shop.signed(body))


# --- answers that are none ---


Answer = Callable[[web.Request], Awaitable[web.Response]]


def always(status: int, body: bytes) -> Answer:
    """Answers everything like this."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "https://x.example/"})

    return answer


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[CreemProvider]:
    """The adapter at such a server."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(application, host="127.0.0.1")
    await server.start_server()
    provider = CreemProvider(
        api_key=SecretStr(CREEM_KEY),
        webhook_secret=SecretStr(CREEM_WEBHOOK_SECRET),
        api_url=str(server.make_url("")),
        catalogue=load_configuration(CONFIGURATION).to_catalogue(),
    )
    try:
        yield provider
    finally:
        await provider.close()
        await server.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>Bad gateway</html>"),
        (200, b"[]"),
        (200, b"null"),
        (200, b"\xff\xfe"),
        (200, b'{"id": ' + b"9" * 5000 + b"}"),
        (200, b"[" * 100_000),
        (302, b"{}"),
        (401, b"{}"),
        (403, b"who are you?"),
    ],
    ids=lambda given: str(given)[:20],
)
async def test_an_answer_that_cannot_be_read_is_an_outage(status: int, body: bytes) -> None:
    async with answering(always(status, body)) as provider:
        with pytest.raises(ProviderUnavailableError):
            await provider.fetch_subscription(SubscriptionId("sub_1"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"message": 7}', b'{"message": [{}]}'])
async def test_a_refusal_without_a_word_is_a_refusal(body: bytes) -> None:
    async with answering(always(400, body)) as provider:
        with pytest.raises(ProviderRefusedError) as refused:
            await provider.fetch_subscription(SubscriptionId("sub_1"))
        assert refused.value.code


async def test_nobody_asks_before_creem_wants_to_be_asked_again() -> None:
    """One that asks at its own pace has used up its three tries by then."""
    held_until: list[float] = []

    async def answer(_request: web.Request) -> web.Response:
        now = asyncio.get_running_loop().time()
        held_until.append(now + 2.5)
        if now < held_until[0]:
            return web.json_response({}, status=429, headers={"Retry-After": "3"})
        return web.json_response({"id": "cust_1", "email": "a@b.example"})

    async with answering(answer) as provider:
        assert len(await provider.customers_with_address("a@b.example")) == 1
    assert len(held_until) == 2
