"""10,000 open tickets against none: one more ticket, `/queue`, memory, and the start."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figure, Goal
from benchmarks.members import add_people
from benchmarks.processes import cpu_seconds, resident_mib, wait_until_idle
from benchmarks.restart import TICKETS, make_channels, store_tickets
from benchmarks.tickets import open_ticket
from bot.sandbox.discord import Message, Persona
from bot.sandbox.process import BotProcess
from bot.sandbox.scene import STORE, Scene

OPENED = 20
# In the server where one more is opened: Discord has 500 channels in one at most.
BESIDE = 400
STARTS = 5
ASKED = 20


@dataclass
class _Desk:
    """A world with its bot, and what was measured there: times in ms, processor time too."""

    directory: Path
    scene: Scene
    bot: BotProcess
    people: Sequence[Persona]
    welcome: Message
    started: list[float] = field(default_factory=list)
    started_cpu: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    opened_cpu: float = 0.0
    memory: float = 0.0

    async def start(self) -> None:
        """From the start of the process until a button of before is answered."""
        await self.bot.kill()
        while self.scene.discord.bot_connected:  # noqa: ASYNC110 - the sandbox has no event for a lost bot
            await asyncio.sleep(0.01)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await self.bot.launch()
        await self.scene.discord.wait_for_bot(timeout=60)
        answer = await self.scene.people.mia.click(self.welcome, "Close ticket")
        self.started.append((loop.time() - started) * 1000)
        if answer.modal is None:
            raise RuntimeError("the button opened no modal")
        self.started_cpu.append(cpu_seconds(self.bot.pid) * 1000)
        await wait_until_idle(self.bot.pid)

    async def open(self, person: Persona) -> None:
        """Until the ticket is open."""
        loop = asyncio.get_running_loop()
        started, used = loop.time(), cpu_seconds(self.bot.pid)
        await open_ticket(self.scene, person)
        self.opened.append((loop.time() - started) * 1000)
        self.opened_cpu += cpu_seconds(self.bot.pid) - used


@asynccontextmanager
async def _desk(directory: Path, *, full: bool) -> AsyncIterator[_Desk]:
    """With one ticket, or with 10,000 more."""
    await asyncio.to_thread(directory.mkdir)
    scene = Scene(rate_limits=False)
    people = add_people(scene, OPENED + 1)
    await scene.start()
    bot = scene.bot(directory)
    try:
        await bot.start()
        await scene.set_up()
        welcome = (await open_ticket(scene, scene.people.mia)).messages[0]
        if full:
            await bot.stop()
            await store_tickets(make_channels(scene, beside=BESIDE), directory)
            await bot.launch()
            await scene.discord.wait_for_bot(timeout=60)
        yield _Desk(directory, scene, bot, people, welcome)
    finally:
        await bot.kill()
        await scene.stop()


async def _measure_both(none: _Desk, full: _Desk) -> None:
    """In turns, so that whatever else the machine does meanwhile is the same for both."""
    for number in range(STARTS + 1):
        for desk in (none, full):
            await desk.start()
            if number == 0:
                # The first start after a change compiles what has no bytecode yet.
                desk.started.clear()
                desk.started_cpu.clear()
    for desk in (none, full):
        desk.memory = resident_mib(desk.bot.pid)
    for number in range(OPENED + 1):
        for desk in (none, full):
            await desk.open(desk.people[number])
            if number == 0:
                desk.opened.clear()
                desk.opened_cpu = 0.0


async def _queue(desk: _Desk) -> tuple[float, ...]:
    """Milliseconds of `/queue` while everything waits in the server where it is asked."""
    connection = sqlite3.connect(desk.directory / STORE, timeout=30)
    with connection:
        connection.execute(
            "UPDATE tickets SET guild_id = ?, waiting_since = ? WHERE id LIKE 'bench%'",
            (int(desk.scene.guild.id), int(time.time() * 1000) - 60_000),
        )
    connection.close()
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(ASKED + 1):
        started = loop.time()
        answer = await desk.scene.people.sam.slash("queue", channel=desk.scene.billing)
        took.append((loop.time() - started) * 1000)
        if answer.message is None or f"{TICKETS:,}"[:-2] not in answer.message.text:
            raise RuntimeError("/queue does not show what waits")
    return tuple(took[1:])


async def measure(directory: Path) -> list[Figure]:
    """Two worlds side by side: one with next to nothing in its store, one with 10,000 tickets."""
    async with (
        _desk(directory / "none", full=False) as none,
        _desk(directory / "full", full=True) as full,
    ):
        await _measure_both(none, full)
        queue = await _queue(full)
    ratio = statistics.median(full.opened) / statistics.median(none.opened)
    return [
        Figure("10,000 open: one more, by one with none", "ratio", (ratio,), Goal("at most", 1.25)),
        Figure(
            "10,000 open: the same by processor time", "ratio", (full.opened_cpu / none.opened_cpu,)
        ),
        Figure("none open: one more", "ms", tuple(none.opened)),
        Figure("10,000 open: one more", "ms", tuple(full.opened)),
        Figure("10,000 open: /queue", "ms", queue, Goal("at most", 50)),
        Figure(
            "10,000 open: more memory than with none",
            "MiB",
            (full.memory - none.memory,),
            Goal("at most", 50),
        ),
        Figure("none open: memory", "MiB", (none.memory,)),
        Figure(
            "none open: process start to the first answered button",
            "ms",
            tuple(none.started),
            Goal("at most", 1000),
        ),
        Figure(
            "10,000 open: process start to the first answered button",
            "ms",
            tuple(full.started),
            Goal("at most", 1000),
        ),
        Figure("10,000 open: processor time of that", "ms", tuple(full.started_cpu)),
    ]
