"""Events: their envelope, their signatures, retries, order, loss and repetition."""

import asyncio
import time

import aiohttp
import stripe
from aiohttp import web

from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.webhooks import signature

from .conftest import Receiver, Shop


async def test_every_event_arrives_signed(
    sandbox: StripeSandbox, receiver: Receiver, shop: Shop
) -> None:
    sandbox.webhook_url = receiver.url
    before = len(sandbox.events)
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    await sandbox.drain()
    assert sorted(receiver.kinds) == sorted(event["type"] for event in sandbox.events[before:])
    created = next(e for e in receiver.events if e.type == "customer.subscription.created")
    assert created.data.object["id"] == made["id"]
    assert created.api_version == "2026-10-28.endive"
    assert created.pending_webhooks == 1
    assert {delivery.status for delivery in sandbox.deliveries} == {200}


async def test_the_signature_ages_in_real_time(
    sandbox: StripeSandbox, receiver: Receiver, shop: Shop
) -> None:
    await sandbox.advance(days=400)
    sandbox.webhook_url = receiver.url
    made = sandbox.add_customer("late@example.com")
    await sandbox.drain()
    assert made["created"] == receiver.events[0].created > time.time() + 300 * 86_400
    # construct_event accepts a time in the future, so the age is looked at here.
    assert all(abs(signed_at - time.time()) < 60 for signed_at in receiver.signed_at)


def test_signature_format() -> None:
    header = signature("whsec_x", b"{}", 1_700_000_000)
    stripe.WebhookSignature.verify_header("{}", header, "whsec_x", None)
    assert header.startswith("t=1700000000,v1=")


async def test_without_a_url_events_are_only_kept(
    client: stripe.StripeClient, sandbox: StripeSandbox, receiver: Receiver
) -> None:
    sandbox.add_customer("a@example.com")
    sandbox.webhook_url = receiver.url
    await sandbox.drain()
    assert receiver.events == []
    listed = await client.v1.events.list_async({"type": "customer.*"})
    assert [event.type for event in listed.data] == ["customer.updated", "customer.created"]
    one = await client.v1.events.retrieve_async(listed.data[0].id)
    assert one.request is not None
    assert one.request.id is None


async def test_events_of_a_request_name_it(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    made = await client.v1.customers.create_async(
        {"email": "a@example.com"}, {"idempotency_key": "k"}
    )
    assert made.last_response is not None
    request_id = made.last_response.headers["Request-Id"]
    assert sandbox.events[-1]["request"] == {"id": request_id, "idempotency_key": "k"}


async def test_a_refused_event_is_retried(
    client: stripe.StripeClient, sandbox: StripeSandbox, receiver: Receiver
) -> None:
    sandbox.webhook_url = receiver.url
    receiver.answers = [500, 302]
    sandbox.add_product("Pro")
    await sandbox.drain()
    sandbox.hold_webhooks()
    undelivered = await client.v1.events.list_async({"delivery_success": False})
    assert len(undelivered.data) == 1
    sandbox.release_webhooks()
    await sandbox.drain(retries=True)
    assert receiver.kinds == ["product.created"]
    attempts = [(each.attempt, each.status) for each in sandbox.deliveries]
    assert attempts == [(1, 500), (2, 302), (3, 200)]
    assert (await client.v1.events.list_async({"delivery_success": False})).data == []


async def test_retries_end(sandbox: StripeSandbox) -> None:
    sandbox.webhook_url = "http://127.0.0.1:9/nobody"
    sandbox.add_product("Pro")
    await sandbox.drain(retries=True)
    assert [each.status for each in sandbox.deliveries] == [None] * 4


async def test_a_receiver_that_moves_gets_the_retries(
    sandbox: StripeSandbox, receiver: Receiver
) -> None:
    sandbox.webhook_url = "http://127.0.0.1:9/nobody"
    sandbox.add_product("Pro")
    await sandbox.drain()
    sandbox.webhook_url = receiver.url
    await sandbox.drain(retries=True)
    assert receiver.kinds == ["product.created"]


async def test_a_slow_receiver_is_given_up_and_retried(receiver: Receiver) -> None:
    sandbox = StripeSandbox(webhook_timeout=0.05, retry_delays=())
    await sandbox.start()

    async def sleepy(request: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", sleepy)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sandbox.webhook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    sandbox.add_product("Pro")
    await sandbox.drain()
    await sandbox.stop()
    await runner.cleanup()
    assert [each.status for each in sandbox.deliveries] == [None]


async def test_again(sandbox: StripeSandbox, receiver: Receiver) -> None:
    sandbox.webhook_url = receiver.url
    sandbox.add_product("Pro")
    await sandbox.drain()
    sandbox.deliver_again(receiver.events[0].id)
    await sandbox.drain()
    assert [event.id for event in receiver.events] == [receiver.events[0].id] * 2


async def test_hold_shuffle_and_lose(sandbox: StripeSandbox, receiver: Receiver) -> None:
    sandbox.webhook_url = receiver.url
    sandbox.hold_webhooks()
    for number in range(30):
        sandbox.add_product(f"Product {number}")
    await sandbox.drain()
    assert receiver.events == []
    sandbox.release_webhooks(shuffle=True)
    await sandbox.drain()
    arrived = [event.id for event in receiver.events]
    sent = [event["id"] for event in sandbox.events]
    assert sorted(arrived) == sorted(sent)
    assert arrived != sent
    sandbox.hold_webhooks()
    sandbox.add_product("Lost")
    assert [event["type"] for event in sandbox.discard_webhooks()] == ["product.created"]
    sandbox.release_webhooks()
    await sandbox.drain()
    assert len(receiver.events) == 30


async def test_one_event_can_be_lost_and_another_repeated(
    sandbox: StripeSandbox, receiver: Receiver
) -> None:
    sandbox.webhook_url = receiver.url
    sandbox.lose_next_webhook()
    sandbox.add_product("Lost")
    sandbox.add_product("Told")
    await sandbox.drain()
    lost, told = sandbox.events
    assert sorted((one.event_id, one.attempt, one.status) for one in sandbox.deliveries) == sorted(
        [(lost["id"], 0, None), (told["id"], 1, 200)]
    )
    sandbox.deliver_again(told["id"])
    await sandbox.drain()
    assert [event.id for event in receiver.events] == [told["id"], told["id"]]


async def test_built_before_start_is_delivered_after(receiver: Receiver) -> None:
    sandbox = StripeSandbox()
    sandbox.webhook_url = receiver.url
    sandbox.add_product("Pro")
    await sandbox.start()
    await sandbox.drain()
    await sandbox.stop()
    assert receiver.kinds == ["product.created"]


async def test_an_endpoint_of_the_api_gets_its_types_with_its_secret(
    client: stripe.StripeClient, sandbox: StripeSandbox, receiver: Receiver
) -> None:
    made = await client.v1.webhook_endpoints.create_async(
        {"url": receiver.url, "enabled_events": ["product.created"]}
    )
    receiver.secret = str(made.secret)
    sandbox.add_customer("a@example.com")
    sandbox.add_product("Pro")
    await sandbox.drain()
    assert receiver.kinds == ["product.created"]


async def test_many_requests_and_events(
    sandbox: StripeSandbox, receiver: Receiver, client: stripe.StripeClient
) -> None:
    """100 requests and their events are well under the second that real limits would give them."""
    sandbox.webhook_url = receiver.url
    # Its own time, whatever else the machine does.
    started = time.process_time()
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {sandbox.api_key}"}
    ) as http:
        for number in range(100):
            data = {"email": f"{number}@example.com"}
            async with http.post(f"{sandbox.api_url}/v1/customers", data=data) as answer:
                assert answer.status == 200
    await sandbox.drain()
    assert len(receiver.events) == 100
    assert time.process_time() - started < 2
