"""10,000 subscriptions renew within a minute, while members go on asking for their balance."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from benchmarks.figures import Figure, Goal, percentile
from benchmarks.load import delays_at
from benchmarks.members import add_people, link_paying
from bot.sandbox.process import BotProcess
from bot.sandbox.scene import PRO_MONTHLY, WEBHOOK_SECRET, Scene
from bot.sandbox.stripe.webhooks import signature

RENEWALS = 10_000
SECONDS = 60
MEMBERS = 20
ASKED_PER_SECOND = 20
# Those of a renewal that the README has the vendor switch on.
SENT = frozenset({"customer.subscription.updated", "invoice.finalized", "invoice.paid"})
PATIENCE_SECONDS = 1_800


def _read(directory: Path, statement: str) -> list[tuple[int, ...]]:
    """From the store, seen from outside."""
    connection = sqlite3.connect(f"file:{directory / 'mooring.db'}?mode=ro", uri=True)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def _rest_from_reconciling(directory: Path) -> None:
    """As if a run had just ended: what the events alone bring is measured."""
    connection = sqlite3.connect(directory / "mooring.db")
    now = int(time.time() * 1000)
    with connection:
        for provider in ("stripe", "creem"):
            connection.execute(
                "INSERT INTO reconciliations (id, provider, started_at, since, is_first, pages,"
                " repaired, finished_at) VALUES (?, ?, ?, ?, 0, 1, '{}', ?)",
                (f"bench-{provider}", provider, now, now, now),
            )
    connection.close()


async def _until_zero(directory: Path, statement: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while _read(directory, statement)[0][0]:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.5)


async def _renewed(scene: Scene) -> list[Mapping[str, object]]:
    """Let every period end; the events about it, which have not been sent."""
    seen = len(scene.stripe.events)
    scene.stripe.webhook_url = None
    latest = max(
        each["items"]["data"][0]["current_period_end"]
        for each in scene.stripe.objects("subscription")
    )
    await scene.stripe.advance(to=latest + 2 * 3600)
    return [each for each in scene.stripe.events[seen:] if each["type"] in SENT]


def _paid(events: list[Mapping[str, object]]) -> int:
    """How many periods were paid by what is sent."""
    return sum(each["type"] == "invoice.paid" for each in events)


async def _send(bot: BotProcess, events: list[Mapping[str, object]]) -> list[float]:
    connector = aiohttp.TCPConnector(limit=32)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(number: int) -> None:
            body, now = json.dumps(events[number]).encode(), int(time.time())
            headers = {"Stripe-Signature": signature(WEBHOOK_SECRET, body, now)}
            url = f"{bot.web_url}/webhooks/stripe"
            async with session.post(url, data=body, headers=headers) as response:
                response.raise_for_status()

        return await delays_at(post, rate=len(events) / SECONDS, count=len(events))


async def measure(directory: Path) -> list[Figure]:
    """What counts: every renewal once, and nobody waits meanwhile."""
    scene = Scene(rate_limits=False)
    people = add_people(scene, MEMBERS)
    await scene.start()
    await link_paying(scene, people, directory)
    scene.stripe.hold_webhooks()
    for number in range(RENEWALS - MEMBERS):
        customer = scene.stripe.add_customer(f"renewing{number}@example.com")["id"]
        scene.stripe.add_subscription(customer, PRO_MONTHLY)
    scene.stripe.discard_webhooks()
    bot = scene.bot(directory)
    try:
        _rest_from_reconciling(directory)
        await bot.start()
        await scene.set_up()
        before = _read(directory, "SELECT count(*) FROM ledger WHERE kind = 'grant'")[0][0]
        events = await _renewed(scene)

        async def ask(number: int) -> None:
            await people[number % MEMBERS].slash("balance", channel=scene.billing)

        started = time.monotonic()
        sent, asked = await asyncio.gather(
            _send(bot, events),
            delays_at(ask, rate=ASKED_PER_SECOND, count=ASKED_PER_SECOND * SECONDS),
        )
        await _until_zero(
            directory,
            "SELECT count(*) FROM jobs WHERE kind = 'event.apply' AND done_at IS NULL",
        )
        applied = time.monotonic() - started
        after = _read(directory, "SELECT count(*) FROM ledger WHERE kind = 'grant'")[0][0]
    finally:
        await bot.kill()
        await scene.stop()
    return [
        Figure(
            f"{RENEWALS:,} renewals in a minute: lost or applied twice",
            "renewals",
            # The local server has somebody of its own who renews with them.
            (float(abs(after - before - _paid(events))),),
            Goal("at most", 0),
        ),
        Figure(
            "renewals: first response of /balance meanwhile, p99",
            "ms",
            (percentile(asked, 0.99) * 1000,),
            Goal("at most", 100),
        ),
        Figure("renewals: answer to an event, p99", "ms", (percentile(sent, 0.99) * 1000,)),
        Figure("renewals: until all are applied", "s", (applied,)),
        Figure("renewals: events sent", "events", (float(len(events)),)),
    ]
