"""Taking in the payment provider's events: durable before each 200."""

import asyncio
import json
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import aiohttp

from benchmarks.figures import Figure, Goal, percentile
from benchmarks.load import delays_at, rate_of
from benchmarks.processes import cpu_seconds, keep_on_one_core
from bot.sandbox.process import BotProcess
from bot.sandbox.scene import PRO_MONTHLY, WEBHOOK_SECRET, Scene
from bot.sandbox.stripe.webhooks import signature

ROUNDS = 3
ROUND_SECONDS = 3.0
WARM_UP_SECONDS = 1.0
# Stripe keeps several deliveries under way at once.
CONNECTIONS = 32
STEADY_RATE = 200
STEADY_COUNT = 2_000
SUBSCRIPTIONS = 50
DRAIN_SECONDS = 120

# A type that changes nothing here, and one whose subscription is fetched afterwards.
NO_FETCH = "product.updated"
FETCH = "customer.subscription.updated"


class _Sender:
    """Signs and posts events of one type about the objects in turn, every event a new one."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        bot: BotProcess,
        kind: str,
        objects: Sequence[Mapping[str, object]],
    ) -> None:
        self._session = session
        self._url = f"{bot.web_url}/webhooks/stripe"
        self._kind = kind
        self._objects = cycle(objects)
        self.sent: list[str] = []

    async def post(self, _number: int) -> None:
        event_id = f"evt_{secrets.token_hex(12)}"
        now = int(time.time())
        event = {
            "id": event_id,
            "object": "event",
            "type": self._kind,
            "created": now,
            "data": {"object": next(self._objects)},
        }
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": signature(WEBHOOK_SECRET, body, now)}
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


async def _rates(
    sender: _Sender, bot: BotProcess, between: Callable[[], Awaitable[None]]
) -> tuple[list[float], list[float]]:
    """Events that were answered with 200 in each round: a second, and a second of the bot's
    processor time, which other programs on the machine change less. `between` precedes each."""
    await rate_of(sender.post, workers=CONNECTIONS, seconds=WARM_UP_SECONDS)
    rates, on_one_core = [], []
    for _ in range(ROUNDS):
        await between()
        used, sent = cpu_seconds(bot.pid), len(sender.sent)
        rates.append(await rate_of(sender.post, workers=CONNECTIONS, seconds=ROUND_SECONDS))
        on_one_core.append((len(sender.sent) - sent) / (cpu_seconds(bot.pid) - used))
    return rates, on_one_core


async def _steady(sender: _Sender) -> list[float]:
    """Milliseconds within which 99 of 100 events were answered, in each round."""
    rounds = []
    for _ in range(ROUNDS):
        delays = await delays_at(sender.post, rate=STEADY_RATE, count=STEADY_COUNT)
        rounds.append(percentile(delays, 0.99) * 1000)
    return rounds


def _add_subscriptions(scene: Scene) -> list[Mapping[str, object]]:
    """Subscriptions whose own events nobody hears of."""
    scene.stripe.hold_webhooks()
    made = [
        scene.stripe.add_subscription(
            scene.stripe.add_customer(f"{number}@example.com")["id"], PRO_MONTHLY
        )
        for number in range(SUBSCRIPTIONS)
    ]
    scene.stripe.discard_webhooks()
    scene.stripe.release_webhooks()
    return [scene.stripe.get(each["id"]) for each in made]


async def measure(directory: Path) -> list[Figure]:
    """Web server and worker of the production process share one core."""
    scene = Scene()
    subscriptions = _add_subscriptions(scene)
    await scene.start()
    bot = scene.bot(directory)
    try:
        await bot.start()
        keep_on_one_core(bot.pid)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector) as session:
            quiet = _Sender(session, bot, NO_FETCH, scene.stripe.objects("product"))
            fetched = _Sender(session, bot, FETCH, subscriptions)
            rates, on_one_core = await _rates(quiet, bot, lambda: _drained(session, bot))
            await _drained(session, bot)
            steady = await _steady(quiet)
            # Fetching is slower than storing: the backlog grows on, as in a burst of Stripe's.
            fetched_rates, _ = await _rates(fetched, bot, lambda: asyncio.sleep(0))
        lost = {*quiet.sent, *fetched.sent} - _stored(directory)
    finally:
        await bot.kill()
        await scene.stop()
    steady_goal = Goal("at most", 50)
    return [
        Figure("webhooks: events stored", "1/s", tuple(rates), Goal("at least", 800)),
        Figure(
            "webhooks: events stored in a second of processor time",
            "1/s",
            tuple(on_one_core),
            Goal("at least", 800),
        ),
        Figure(
            "webhooks: stored while others are fetched and applied",
            "1/s",
            tuple(fetched_rates),
            Goal("at least", 800),
        ),
        Figure(f"webhooks: answer at {STEADY_RATE}/s, p99", "ms", tuple(steady), steady_goal),
        Figure("webhooks: acknowledged and not stored", "events", (len(lost),), Goal("at most", 0)),
    ]
