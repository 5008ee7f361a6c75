"""Taking in what customers use: whole batches, counted before they are answered."""

import json
import secrets
import sqlite3
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.figures import Figure, Goal, percentile
from benchmarks.load import rate_of
from benchmarks.processes import cpu_seconds, keep_on_one_core
from bot.sandbox.process import BotProcess
from bot.sandbox.scene import API_SECRET, PRO_MONTHLY, Scene
from bot.web.api_models import MOST_ENTRIES
from bot.web.signing import HEADER, digest_of

ROUNDS = 3
ROUND_SECONDS = 3.0
WARM_UP_SECONDS = 1.0
# Batches under way at once: a backend that reports from a few workers.
WORKERS = 4
# An odd number, so that each has as much taken back as used.
CUSTOMERS = 51
FIRST_USER = 10**17


class _Backend:
    """The vendor's: links customers, and reports their usage, every entry a new one."""

    def __init__(
        self, session: aiohttp.ClientSession, bot: BotProcess, customers: Sequence[str]
    ) -> None:
        self._session = session
        self._bot = bot
        self._customers = customers
        self._run = secrets.token_hex(4)
        self._numbers = count()
        self.recorded = 0
        self.seconds: list[float] = []

    async def link_all(self) -> None:
        """Each customer to a user of their own."""
        for user, customer in enumerate(self._customers, start=FIRST_USER):
            order = {
                "customer_id": customer,
                "provider": "stripe",
                "discord_user_id": str(user),
            }
            await self._send("/v1/links", json.dumps(order).encode())

    async def report(self, _number: int) -> None:
        """One full batch. Half of it is taken back, so that nobody's allowance is used up."""
        entries = [
            {
                "key": f"{self._run}/{number}",
                "customer_id": self._customers[number % len(self._customers)],
                "amount": 1 if number % 2 else -1,
            }
            for number, _ in zip(self._numbers, range(MOST_ENTRIES), strict=False)
        ]
        body = json.dumps({"entries": entries}).encode()
        started = time.perf_counter()
        answer = await self._send("/v1/usage", body)
        self.seconds.append(time.perf_counter() - started)
        self.recorded += [each["status"] for each in answer["entries"]].count("recorded")

    async def _send(self, path: str, body: bytes) -> Any:
        moment = f"{time.time():.6f}"
        digest = digest_of(API_SECRET, time=moment, method="POST", target=path, body=body)
        headers = {HEADER: f"t={moment},v1={digest.hex()}"}
        url = self._bot.web_url + path
        async with self._session.post(url, data=body, headers=headers) as response:
            if response.status != 200:
                raise RuntimeError(f"answered {response.status}")
            return await response.json()


def _stored(directory: Path) -> int:
    """What is in the ledger, seen from outside."""
    connection = sqlite3.connect(f"file:{directory / 'mooring.db'}?mode=ro", uri=True)
    try:
        statement = "SELECT count(*) FROM ledger WHERE kind = 'usage'"
        return int(connection.execute(statement).fetchone()[0])
    finally:
        connection.close()


def _add_customers(scene: Scene) -> list[str]:
    scene.stripe.hold_webhooks()
    made = [
        str(scene.stripe.add_customer(f"{number}@example.com")["id"]) for number in range(CUSTOMERS)
    ]
    for customer in made:
        scene.stripe.add_subscription(customer, PRO_MONTHLY)
    scene.stripe.discard_webhooks()
    scene.stripe.release_webhooks()
    return made


async def measure(directory: Path) -> list[Figure]:
    """The production process has one core for all it does."""
    scene = Scene()
    customers = _add_customers(scene)
    await scene.start()
    bot = scene.bot(directory)
    rates, on_one_core = [], []
    try:
        await bot.start()
        keep_on_one_core(bot.pid)
        async with aiohttp.ClientSession() as session:
            backend = _Backend(session, bot, customers)
            await backend.link_all()
            await rate_of(backend.report, workers=WORKERS, seconds=WARM_UP_SECONDS)
            for _ in range(ROUNDS):
                used, recorded = cpu_seconds(bot.pid), backend.recorded
                batches = await rate_of(backend.report, workers=WORKERS, seconds=ROUND_SECONDS)
                rates.append(batches * MOST_ENTRIES)
                on_one_core.append((backend.recorded - recorded) / (cpu_seconds(bot.pid) - used))
            backend.seconds.clear()
            await rate_of(backend.report, workers=1, seconds=ROUND_SECONDS)
        lost = backend.recorded - _stored(directory)
    finally:
        await bot.kill()
        await scene.stop()
    goal = Goal("at least", 10_000)
    answered = percentile(backend.seconds, 0.99) * 1000
    return [
        Figure("usage: entries counted", "1/s", tuple(rates), goal),
        Figure(
            "usage: entries counted in a second of processor time", "1/s", tuple(on_one_core), goal
        ),
        Figure(
            f"usage: answer to {MOST_ENTRIES:,} entries, p99",
            "ms",
            (answered,),
            Goal("at most", 100),
        ),
        Figure(
            "usage: answered as recorded and not stored", "entries", (lost,), Goal("at most", 0)
        ),
    ]
