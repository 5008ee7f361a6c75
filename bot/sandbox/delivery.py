"""Delivering a provider's events: retried, held back, lost or sent again."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

CONCURRENCY = 10


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt. ``status`` is the receiver's answer, None when there was none; ``at`` sandbox
    time. Attempt 0 is the only one of an event that was lost on its way."""

    event_id: str
    attempt: int
    status: int | None
    at: float


@dataclass(frozen=True, slots=True)
class Letter:
    """What is posted where."""

    url: str
    payload: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Job:
    """An attempt to come. The letter is written at the attempt, so that a moved receiver gets the
    retries."""

    event: dict[str, Any]
    endpoint: str | None
    attempt: int = 1


class DeliveryLoop(ABC):
    """``url`` is where events usually go. ``retry_delays`` are the real seconds before each further
    attempt; ``now`` is sandbox time; ``taken`` is called with each event that an endpoint has
    accepted."""

    def __init__(
        self,
        *,
        retry_delays: Sequence[float],
        timeout: float,
        now: Callable[[], float],
        taken: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        self.url: str | None = None
        self.deliveries: list[Delivery] = []
        self._retry_delays = tuple(retry_delays)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._now = now
        self._taken = taken
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._waiting: list[_Job] = []
        self._holding = False
        self._to_lose = 0
        self._attempts: set[asyncio.Task[None]] = set()
        self._retries: set[asyncio.TimerHandle] = set()

    @abstractmethod
    def accept(self, event: dict[str, Any]) -> None:
        """Send the event to everybody who wants it."""

    @abstractmethod
    def letter(self, event: dict[str, Any], endpoint: str | None, /) -> Letter | None:
        """The event as it goes to the endpoint now, signed; None when the endpoint is gone."""

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

    def send(self, event: dict[str, Any], endpoint: str | None = None) -> None:
        """Deliver the event, now or once deliveries are started and released."""
        if self._to_lose:
            self._to_lose -= 1
            self.deliveries.append(Delivery(event["id"], 0, None, self._now()))
            return
        self._queue(_Job(event, endpoint))

    def lose_next(self) -> None:
        """Have one more event never arrive."""
        self._to_lose += 1

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

    def discard(self) -> list[dict[str, Any]]:
        """Lose the held events, as an endpoint down for longer than the retries would. Returns
        them."""
        waiting, self._waiting = self._waiting, []
        return [job.event for job in waiting]

    async def drain(self, seconds: float, *, retries: bool) -> None:
        """Wait until every attempt due now (with ``retries``: also every retry) is over. Raises
        TimeoutError."""
        async with asyncio.timeout(seconds):
            while self._attempts or (retries and self._retries):
                if self._attempts:
                    await asyncio.wait(self._attempts)
                else:
                    await asyncio.sleep(0.01)

    def _queue(self, job: _Job) -> None:
        if self._holding or self._session is None:
            self._waiting.append(job)
            return
        task = asyncio.get_running_loop().create_task(self._attempt(job))
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def _attempt(self, job: _Job) -> None:
        async with self._slots:
            status = await self._post(job)
        self.deliveries.append(Delivery(job.event["id"], job.attempt, status, self._now()))
        if status is not None and 200 <= status < 300:
            self._taken(job.event)
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
        letter = self.letter(job.event, job.endpoint)
        if self._session is None or letter is None:
            return None
        try:
            async with self._session.post(
                letter.url, data=letter.payload, headers=letter.headers, allow_redirects=False
            ) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
