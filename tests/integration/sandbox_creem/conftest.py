"""A running local Creem, a plain HTTP client pointed at it, and a webhook receiver that verifies
signatures."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.wire import Json


@pytest.fixture
async def sandbox() -> AsyncIterator[CreemSandbox]:
    running = CreemSandbox(retry_delays=(0.02, 0.02))
    await running.start()
    yield running
    await running.stop()


class Client:
    """Asks the API as a vendor's server does."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def ask(self, method: str, path: str, **sent: Any) -> tuple[int, Json]:
        """The answer's status and body."""
        async with self.session.request(method, path, **sent) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> Json:
        """The body of an answer that has to be a 200."""
        status, body = await self.ask("GET", path, params=query)
        assert status == 200, body
        return body

    async def post(self, path: str, **body: object) -> Json:
        """The body of an answer that has to be a 200."""
        status, answer = await self.ask("POST", path, json=body)
        assert status == 200, answer
        return answer

    async def refused(self, method: str, path: str, *, status: int = 400, **sent: Any) -> list[str]:
        """The messages of an answer that has to be a refusal in Creem's error shape."""
        got, body = await self.ask(method, path, **sent)
        assert got == status == body["status"], body
        assert {"trace_id", "error", "timestamp"} <= body.keys()
        messages: list[str] = body.get("message", [])
        return messages


@pytest.fixture
async def client(sandbox: CreemSandbox) -> AsyncIterator[Client]:
    headers = {"x-api-key": sandbox.api_key}
    async with aiohttp.ClientSession(sandbox.api_url, headers=headers) as session:
        yield Client(session)


@dataclass(slots=True)
class Shop:
    """A catalogue and a paying customer: Lite 10, Pro 20, Pro yearly 200, a 5 dollar top-up."""

    lite: str
    pro: str
    yearly: str
    topup: str
    lea: str


@pytest.fixture
def shop(sandbox: CreemSandbox) -> Shop:
    return Shop(
        lite=sandbox.add_product("Lite", price=1000)["id"],
        pro=sandbox.add_product("Pro", price=2000)["id"],
        yearly=sandbox.add_product("Pro", price=20000, interval="year")["id"],
        topup=sandbox.add_product("Top-up", price=500, interval=None)["id"],
        lea=sandbox.add_customer("lea@example.com", name="Lea")["id"],
    )


@pytest.fixture
def subscription(sandbox: CreemSandbox, shop: Shop) -> Json:
    """Lea's, to Pro."""
    return sandbox.add_subscription(shop.lea, shop.pro)


Kinds = Callable[[], list[str]]


@pytest.fixture
def new_events(sandbox: CreemSandbox) -> Kinds:
    """The types of the events since the last call."""
    seen = 0

    def take() -> list[str]:
        nonlocal seen
        kinds = [event["eventType"] for event in sandbox.events[seen:]]
        seen += len(kinds)
        return kinds

    return take


@dataclass(slots=True)
class Receiver:
    """``answers`` are the statuses of the next requests; 200 when used up."""

    secret: str
    url: str = ""
    events: list[Json] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        payload = await request.read()
        expected = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(request.headers["creem-signature"], expected)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.events.append(json.loads(payload))
        return web.Response(status=status)

    @property
    def kinds(self) -> list[str]:
        return [event["eventType"] for event in self.events]


@pytest.fixture
async def receiver(sandbox: CreemSandbox) -> AsyncIterator[Receiver]:
    made = Receiver(sandbox.webhook_secret)
    app = web.Application()
    app.router.add_post("/webhooks/creem", made.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/creem"
    yield made
    await runner.cleanup()
