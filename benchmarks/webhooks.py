"""Taking in the payment provider's events: durable before each 200."""

import asyncio
import json
import secrets
import sqlite3
import time
from pathlib import Path

import aiohttp

from benchmarks.figures import Figure, Goal, percentile
from benchmarks.load import delays_at, rate_of
from benchmarks.processes import keep_on_one_core
from bot.sandbox.process import BotProcess
from bot.sandbox.scene import WEBHOOK_SECRET, Scene
from bot.sandbox.stripe.webhooks import signature

ROUNDS = 5
ROUND_SECONDS = 3.0
WARM_UP_SECONDS = 1.0
# Stripe keeps several deliveries under way at once.
CONNECTIONS = 32
STEADY_RATE = 200
STEADY_COUNT = 2_000
DRAIN_SECONDS = 120

# A type that changes nothing here, and one whose subscription is fetched afterwards.
NO_FETCH = "product.updated"
FETCH = "customer.subscription.updated"


class _Sender:
    """Signs and posts events of one type, every one new."""

    def __init__(self, session: aiohttp.ClientSession, bot: BotProcess, event: dict[str, object]):
        self._session = session
        self._url = f"{bot.web_url}/webhooks/stripe"
        self._event = event
        self.sent: list[str] = []

    async def post(self, _number: int) -> None:
        event_id = f"evt_{secrets.token_hex(12)}"
        body = json.dumps({**self._event, "id": event_id}).encode()
        headers = {"Stripe-Signature": signature(WEBHOOK_SECRET, body, int(time.time()))}
        async with self._session.post(self._url, data=body, headers=headers) as response:
            if response.status != 200:
                raise RuntimeError(f"answered {response.status}")
            await response.read()
        self.sent.append(event_id)


def _stored(directory: Path) -> set[str]:
    """The ids of all events in the store, seen from outside."""
    connection = sqlite3.connect(f"file:{directory / 'mooring.db'}?mode=ro", uri=True)
    try:
        return {row[0] for row in connection.execute("SELECT id FROM events")}
    finally:
        connection.close()


async def _drained(session: aiohttp.ClientSession, bot: BotProcess) -> None:
    """Wait until every event has been applied."""
    async with asyncio.timeout(DRAIN_SECONDS):
        while True:
            async with session.get(f"{bot.web_url}/healthz") as response:
                if (await response.json())["jobs"]["due"] == 0:
                    return
            await asyncio.sleep(0.1)


async def _rates(session: aiohttp.ClientSession, bot: BotProcess, sender: _Sender) -> list[float]:
    await rate_of(sender.post, workers=CONNECTIONS, seconds=WARM_UP_SECONDS)
    rates = []
    for _ in range(ROUNDS):
        await _drained(session, bot)
        rates.append(await rate_of(sender.post, workers=CONNECTIONS, seconds=ROUND_SECONDS))
    await _drained(session, bot)
    return rates


async def _steady(sender: _Sender) -> list[float]:
    rounds = []
    for _ in range(ROUNDS):
        delays = await delays_at(sender.post, rate=STEADY_RATE, count=STEADY_COUNT)
        rounds.append(percentile(delays, 0.99) * 1000)
    return rounds


async def measure(directory: Path) -> list[Figure]:
    """Web server and worker of the production process share one core."""
    scene = Scene()
    await scene.start()
    bot = scene.bot(directory)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    try:
        await bot.start()
        keep_on_one_core(bot.pid)
        async with aiohttp.ClientSession(connector=connector) as session:
            product = scene.stripe.objects("product")[0]
            subscription = scene.stripe.get(scene.mia_subscription)
            quiet = _Sender(session, bot, _event(NO_FETCH, product))
            fetched = _Sender(session, bot, _event(FETCH, subscription))
            rates = await _rates(session, bot, quiet)
            steady = await _steady(quiet)
            await _drained(session, bot)
            fetched_rates = await _rates(session, bot, fetched)
        lost = {*quiet.sent, *fetched.sent} - _stored(directory)
    finally:
        await bot.kill()
        await scene.stop()
    return [
        Figure("webhooks: events stored", "1/s", tuple(rates), Goal("at least", 800)),
        Figure(
            "webhooks: events stored while each is fetched and applied",
            "1/s",
            tuple(fetched_rates),
            Goal("at least", 800),
        ),
        Figure(
            f"webhooks: answer at {STEADY_RATE}/s, p99", "ms", tuple(steady), Goal("at most", 50)
        ),
        Figure("webhooks: acknowledged and not stored", "events", (len(lost),), Goal("at most", 0)),
    ]


def _event(kind: str, about: dict[str, object]) -> dict[str, object]:
    return {"object": "event", "type": kind, "created": int(time.time()), "data": {"object": about}}
