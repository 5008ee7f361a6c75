"""One process at a time knows that it is the only one on an SQLite file."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.process_lock import process_lock

HOLD = """
import asyncio, sys
from storage.database import Database
from storage.process_lock import process_lock
async def hold():
    alone = []
    async def when_alone():
        alone.append(True)
    async with process_lock(Database(sys.argv[1]), when_alone=when_alone):
        print(bool(alone), flush=True)
        sys.stdin.read()
asyncio.run(hold())
"""
Start = Callable[[], tuple[subprocess.Popen[str], bool]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Begins another process, and says whether that found itself alone."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> tuple[subprocess.Popen[str], bool]:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", HOLD, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline() == "True\n"

    yield begin
    for process in started:
        kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        process.send_signal(signal.SIGKILL)


async def is_alone(url: str) -> bool:
    alone: list[bool] = []

    async def when_alone() -> None:
        alone.append(True)

    async with process_lock(Database(url), when_alone=when_alone):
        return bool(alone)


async def test_whoever_comes_while_another_lives_is_not_alone(url: str, start: Start) -> None:
    holder, was_alone = start()

    while_it_lives = await is_alone(url)
    kill(holder)

    assert (was_alone, while_it_lives, await is_alone(url)) == (True, False, True)


async def test_one_that_came_second_counts_as_much_as_the_first(url: str, start: Start) -> None:
    """A new version is started before the old one is stopped: it works on, and keeps its leases."""
    old, _ = start()
    new, _ = start()
    kill(old)

    while_the_new_one_lives = await is_alone(url)
    kill(new)

    assert (while_the_new_one_lives, await is_alone(url)) == (False, True)


async def test_nobody_begins_while_another_takes_over(url: str) -> None:
    order: list[str] = []

    async def take_over() -> None:
        begun = asyncio.create_task(second())
        await asyncio.sleep(0.2)
        order.append("taken over")
        waiting.append(begun)

    async def second() -> None:
        async with process_lock(Database(url), when_alone=take_over):
            order.append("second begins")

    waiting: list[asyncio.Task[None]] = []
    async with process_lock(Database(url), when_alone=take_over):
        await waiting[0]

    assert order == ["taken over", "second begins"]


async def test_on_postgresql_nobody_knows() -> None:
    assert not await is_alone("postgresql+asyncpg://mooring@localhost/mooring")
