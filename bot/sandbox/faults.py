"""Faults injected into a sandbox server: latency, error answers and dropped connections."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Fault:
    """One injected fault.

    Attributes:
        method: HTTP method, or None for every method.
        path: regular expression searched in the request's path.
        latency: seconds to wait before the server goes on.
        status: the error status to answer with; None lets the request through after ``latency``.
        times: how many requests it still strikes; None strikes until it is removed.
        after_work: the request is carried out first, only its answer is late or replaced.
        drop: the connection is closed without an answer.
        saved: the answer is kept under the request's idempotency key and repeated, although the
            work is not done; only where the server knows such keys.
        released: what a request waits for besides ``latency``; None holds nothing up.
    """

    method: str | None
    path: re.Pattern[str]
    latency: float
    status: int | None
    times: int | None
    after_work: bool
    drop: bool
    saved: bool = False
    released: asyncio.Event | None = None
    struck: int = 0

    @property
    def replaces_answer(self) -> bool:
        """Whether the caller gets something else than the server's own answer."""
        return self.drop or self.status is not None

    def strikes(self, method: str, path: str) -> bool:
        """Whether this fault applies to the request."""
        if self.times is not None and self.struck >= self.times:
            return False
        return (self.method is None or self.method == method) and bool(self.path.search(path))

    async def delay(self) -> None:
        """Keep a request that it struck waiting for as long as it says."""
        await asyncio.sleep(self.latency)
        if self.released is not None:
            await self.released.wait()

    def release(self) -> None:
        """Let the requests that it holds go on."""
        if self.released is not None:
            self.released.set()


class FaultHandle:
    """What ``Faults.add`` returns: the way to take the fault back."""

    def __init__(self, faults: Faults, fault: Fault) -> None:
        self._faults = faults
        self._fault = fault

    @property
    def struck(self) -> int:
        """How many requests the fault has struck so far."""
        return self._fault.struck

    def remove(self) -> None:
        """Stop injecting the fault; requests that it holds go on. Removing twice is harmless."""
        self._faults.discard(self._fault)


class Faults:
    """The faults of one server, oldest first; the first that matches a request strikes it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        *,
        method: str | None = None,
        path: str = "",
        latency: float = 0.0,
        status: int | None = None,
        times: int | None = None,
        after_work: bool = False,
        drop: bool = False,
        saved: bool = False,
        hold: bool = False,
    ) -> FaultHandle:
        """Inject a fault; see ``Fault`` for the meaning of each argument.

        ``hold`` keeps the requests that it strikes waiting until the fault is removed: a moment
        that lasts as long as it is needed, however busy the machine is.
        """
        fault = Fault(
            method=method.upper() if method else None,
            path=re.compile(path),
            latency=latency,
            status=status,
            times=times,
            after_work=after_work,
            drop=drop,
            saved=saved,
            released=asyncio.Event() if hold else None,
        )
        self._faults.append(fault)
        return FaultHandle(self, fault)

    def discard(self, fault: Fault) -> None:
        """Remove one fault if it is still there, and let go what it holds."""
        fault.release()
        if fault in self._faults:
            self._faults.remove(fault)

    def clear(self) -> None:
        """Remove every fault, and let go what they hold."""
        for fault in self._faults:
            fault.release()
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, counted as struck; None for most requests."""
        for fault in self._faults:
            if fault.strikes(method, path):
                fault.struck += 1
                return fault
        return None
