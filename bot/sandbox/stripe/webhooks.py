"""Delivering events: signed, retried, possibly out of order, as Stripe does."""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp

from bot.sandbox.stripe.wire import Json
from bot.sandbox.stripe.world import World

CONCURRENCY = 10


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt. ``status`` is the receiver's answer, None when there was none; ``at`` sandbox
    time."""

    event_id: str
    attempt: int
    status: int | None
    at: float


@dataclass(frozen=True, slots=True)
class _Job:
    """An attempt to come. ``endpoint`` is a webhook endpoint's id, None for ``Webhooks.url``; where
    that is and its secret are looked up at the attempt, so that a moved receiver gets the
    retries."""

    event: Json
    endpoint: str | None
    attempt: int = 1


def signature(secret: str, payload: bytes, at: int) -> str:
    """The ``Stripe-Signature`` header: HMAC-SHA256 of ``"{t}.{body}"``."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Webhooks:
    """``retry_delays`` are the real seconds before each further attempt; ``wall_clock`` signs,
    because a receiver checks the signature's age with its own clock."""

    def __init__(
        self,
        world: World,
        *,
        secret: str,
        retry_delays: Sequence[float],
        timeout: float,
        wall_clock: Callable[[], float],
    ) -> None:
        self.url: str | None = None
        self.deliveries: list[Delivery] = []
        self._world = world
        self._secret = secret
        self._retry_delays = tuple(retry_delays)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._wall_clock = wall_clock
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._waiting: list[_Job] = []
        self._holding = False
        self._attempts: set[asyncio.Task[None]] = set()
        self._retries: set[asyncio.TimerHandle] = set()
        world.on_event = self._accept
        world.webhook_count = lambda kind: len(self._endpoints_for(kind))

    def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        if not self._holding:
            self.release()

    async def stop(self) -> None:
        """Drop what is not delivered yet."""
        for timer in self._retries:
            timer.cancel()
        for task in self._attempts:
            task.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _endpoints_for(self, kind: str) -> list[str | None]:
        endpoints: list[str | None] = [
            endpoint["id"]
            for endpoint in self._world.store.oldest_first("webhook_endpoint")
            if endpoint["status"] == "enabled" and {"*", kind} & set(endpoint["enabled_events"])
        ]
        return [None, *endpoints] if self.url else endpoints

    def _address(self, endpoint: str | None) -> tuple[str | None, str]:
        """URL (None when it is gone) and secret."""
        if endpoint is None:
            return self.url, self._secret
        found = self._world.store.find("webhook_endpoint", endpoint)
        return found["url"] if found else None, self._world.endpoint_secrets[endpoint]

    def _accept(self, event: Json) -> None:
        for endpoint in self._endpoints_for(event["type"]):
            self._queue(_Job(event, endpoint))

    def _queue(self, job: _Job) -> None:
        if self._holding or self._session is None:
            self._waiting.append(job)
            return
        task = asyncio.get_running_loop().create_task(self._attempt(job))
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    def hold(self) -> None:
        """Keep events back until ``release``."""
        self._holding = True

    def release(self, *, shuffle: bool = False) -> None:
        self._holding = False
        waiting, self._waiting = self._waiting, []
        if shuffle:
            secrets.SystemRandom().shuffle(waiting)
        for job in waiting:
            self._queue(job)

    def discard(self) -> list[Json]:
        """Lose the held events, as an endpoint down for longer than the retries would. Returns
        them."""
        waiting, self._waiting = self._waiting, []
        return [job.event for job in waiting]

    def again(self, event: Json) -> None:
        self._accept(event)

    async def _attempt(self, job: _Job) -> None:
        async with self._slots:
            status = await self._post(job)
        delivery = Delivery(job.event["id"], job.attempt, status, self._world.clock.now())
        self.deliveries.append(delivery)
        if status is not None and 200 <= status < 300:
            job.event["pending_webhooks"] = max(0, job.event["pending_webhooks"] - 1)
        elif job.attempt <= len(self._retry_delays):
            self._retry_later(_Job(job.event, job.endpoint, job.attempt + 1))

    def _retry_later(self, job: _Job) -> None:
        def retry() -> None:
            self._retries.discard(timer)
            self._queue(job)

        delay = self._retry_delays[job.attempt - 2]
        timer = asyncio.get_running_loop().call_later(delay, retry)
        self._retries.add(timer)

    async def _post(self, job: _Job) -> int | None:
        """The receiver's status; None for a refused or broken connection or a timeout."""
        url, secret = self._address(job.endpoint)
        if self._session is None or url is None:
            return None
        payload = json.dumps(job.event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(secret, payload, int(self._wall_clock())),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            async with self._session.post(
                url, data=payload, headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def drain(self, seconds: float, *, retries: bool) -> None:
        """Wait until every attempt due now (with ``retries``: also every retry) is over. Raises
        TimeoutError."""
        async with asyncio.timeout(seconds):
            while self._attempts or (retries and self._retries):
                if self._attempts:
                    await asyncio.wait(self._attempts)
                else:
                    await asyncio.sleep(0.01)
