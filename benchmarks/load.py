"""Load: as fast as possible, or at a fixed rate whatever the answers take."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Act = Callable[[int], Awaitable[object]]


@asynccontextmanager
async def without_collections() -> AsyncIterator[None]:
    """Keep the collector from walking through the sandbox's growing world during a round."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def rate_of(act: Act, *, workers: int, seconds: float) -> float:
    """How many times a second `act` completes when each worker starts over at once.

    `act` is called with the worker's number.
    """
    loop = asyncio.get_running_loop()
    done = 0

    async def work(number: int) -> None:
        nonlocal done
        while loop.time() < end:
            await act(number)
            done += 1

    async with without_collections():
        started = loop.time()
        end = started + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(work(number))
        return done / (loop.time() - started)


async def delays_at(act: Act, *, rate: float, count: int) -> list[float]:
    """Seconds from the moment each of `count` acts was due until it completed.

    An act is due every 1/`rate` seconds, whether or not earlier ones have completed: a stall
    counts for everything that was due meanwhile. `act` is called with the act's number.
    """
    loop = asyncio.get_running_loop()
    delays: list[float] = []

    async def one(number: int, due: float) -> None:
        await act(number)
        delays.append(loop.time() - due)

    async with without_collections(), asyncio.TaskGroup() as group:
        started = loop.time()
        for number in range(count):
            due = started + number / rate
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(number, due))
    return delays
