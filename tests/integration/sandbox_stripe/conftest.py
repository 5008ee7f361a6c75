"""A running sandbox, stripe-python pointed at it, and a webhook receiver that verifies
signatures."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import stripe
from aiohttp import web

from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import Json


@pytest.fixture
async def sandbox() -> AsyncIterator[StripeSandbox]:
    running = StripeSandbox(retry_delays=(0.02, 0.02, 0.02))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def http() -> AsyncIterator[stripe.AIOHTTPClient]:
    client = stripe.AIOHTTPClient()
    yield client
    await client.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
def client_with(
    sandbox: StripeSandbox, http: stripe.AIOHTTPClient
) -> Callable[..., stripe.StripeClient]:
    def make(*, key: str = sandbox.api_key, retries: int = 0) -> stripe.StripeClient:
        return stripe.StripeClient(
            key,
            http_client=http,
            base_addresses={"api": sandbox.api_url},
            max_network_retries=retries,
        )

    return make


@pytest.fixture
def client(client_with: Callable[..., stripe.StripeClient]) -> stripe.StripeClient:
    return client_with()


@dataclass(slots=True)
class Shop:
    """A catalogue and a paying customer: Lite 10, Pro 20, Pro yearly 200, a 5 dollar top-up."""

    lite: Json
    pro: Json
    yearly: Json
    topup: Json
    mia: Json


@pytest.fixture
def shop(sandbox: StripeSandbox) -> Shop:
    lite, pro, extra = (sandbox.add_product(name) for name in ("Lite", "Pro", "Top-up"))
    return Shop(
        lite=sandbox.add_price(lite["id"], unit_amount=1000, interval="month"),
        pro=sandbox.add_price(pro["id"], unit_amount=2000, interval="month", lookup_key="pro"),
        yearly=sandbox.add_price(pro["id"], unit_amount=20000, interval="year"),
        topup=sandbox.add_price(extra["id"], unit_amount=500, interval=None),
        mia=sandbox.add_customer("mia@example.com", name="Mia"),
    )


@dataclass(slots=True)
class Receiver:
    """``answers`` are the statuses of the next requests; 200 when used up."""

    secret: str
    url: str = ""
    events: list[stripe.Event] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    signed_at: list[int] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        payload = await request.read()
        signature = request.headers["Stripe-Signature"]
        event = stripe.Webhook.construct_event(payload, signature, self.secret)
        self.signed_at.append(int(signature.partition(",")[0].removeprefix("t=")))
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.events.append(event)
        return web.Response(status=status)

    @property
    def kinds(self) -> list[str]:
        return [event.type for event in self.events]


@pytest.fixture
async def receiver(sandbox: StripeSandbox) -> AsyncIterator[Receiver]:
    made = Receiver(sandbox.webhook_secret)
    app = web.Application()
    app.router.add_post("/webhooks/stripe", made.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/stripe"
    yield made
    await runner.cleanup()
