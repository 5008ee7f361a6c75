"""10,000 open tickets against none: one more ticket, `/queue`, memory, and the start."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Desk:
    """What one state of the store costs."""

    opened: tuple[float, ...]
    opened_cpu: float
    started: tuple[float, ...]
    started_cpu: tuple[float, ...]
    memory: float


async def _opened(
    scene: Scene, bot: BotProcess, people: Sequence[Persona]
) -> tuple[tuple[float, ...], float]:
    """Milliseconds until each one's ticket is open, and the bot's processor time for one."""
    loop = asyncio.get_running_loop()
    await open_ticket(scene, people[0])
    took, used = [], cpu_seconds(bot.pid)
    for person in people[1:]:
        started = loop.time()
        await open_ticket(scene, person)
        took.append((loop.time() - started) * 1000)
    return tuple(took), (cpu_seconds(bot.pid) - used) * 1000 / len(took)


async def _start(scene: Scene, bot: BotProcess, welcome: Message) -> tuple[float, float]:
    """Milliseconds from the start of the process until a button of before is answered, and of
    processor time meanwhile."""
    await bot.kill()
    while scene.discord.bot_connected:  # noqa: ASYNC110 - the sandbox has no event for a lost bot
        await asyncio.sleep(0.01)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await bot.launch()
    await scene.discord.wait_for_bot(timeout=60)
    answer = await scene.people.mia.click(welcome, "Close ticket")
    took = (loop.time() - started) * 1000
    if answer.modal is None:
        raise RuntimeError("the button opened no modal")
    return took, cpu_seconds(bot.pid) * 1000


async def _measure_desk(
    scene: Scene, bot: BotProcess, welcome: Message, people: Sequence[Persona]
) -> _Desk:
    # The first start after a change compiles what has no bytecode yet.
    await _start(scene, bot, welcome)
    started = []
    for _ in range(STARTS):
        started.append(await _start(scene, bot, welcome))
        await wait_until_idle(bot.pid)
    memory = resident_mib(bot.pid)
    opened, cpu = await _opened(scene, bot, people)
    took, used = zip(*started, strict=True)
    return _Desk(opened, cpu, took, used, memory)


async def _queue(scene: Scene, directory: Path) -> tuple[float, ...]:
    """Milliseconds of `/queue` while everything waits in the server where it is asked."""
    connection = sqlite3.connect(directory / STORE, timeout=30)
    with connection:
        connection.execute(
            "UPDATE tickets SET guild_id = ?, waiting_since = ? WHERE id LIKE 'bench%'",
            (int(scene.guild.id), int(time.time() * 1000) - 60_000),
        )
    connection.close()
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(ASKED + 1):
        started = loop.time()
        answer = await scene.people.sam.slash("queue", channel=scene.billing)
        took.append((loop.time() - started) * 1000)
        if answer.message is None or f"{TICKETS:,}"[:-2] not in answer.message.text:
            raise RuntimeError("/queue does not show what waits")
    return tuple(took[1:])


async def measure(directory: Path) -> list[Figure]:
    """The same process over the same store, before and after the tickets are put there."""
    scene = Scene(rate_limits=False)
    people = add_people(scene, 2 * (OPENED + 1))
    await scene.start()
    bot = scene.bot(directory)
    try:
        await bot.start()
        await scene.set_up()
        welcome = (await open_ticket(scene, scene.people.mia)).messages[0]
        none = await _measure_desk(scene, bot, welcome, people[: OPENED + 1])
        await bot.stop()
        await store_tickets(make_channels(scene, beside=BESIDE), directory)
        full = await _measure_desk(scene, bot, welcome, people[OPENED + 1 :])
        queue = await _queue(scene, directory)
    finally:
        await bot.kill()
        await scene.stop()
    ratio = statistics.median(full.opened) / statistics.median(none.opened)
    return [
        Figure("10,000 open: one more, by one with none", "ratio", (ratio,), Goal("at most", 1.25)),
        Figure(
            "10,000 open: the same by processor time", "ratio", (full.opened_cpu / none.opened_cpu,)
        ),
        Figure("none open: one more", "ms", none.opened),
        Figure("10,000 open: one more", "ms", full.opened),
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
            none.started,
            Goal("at most", 1000),
        ),
        Figure(
            "10,000 open: process start to the first answered button",
            "ms",
            full.started,
            Goal("at most", 1000),
        ),
        Figure("10,000 open: processor time of that", "ms", full.started_cpu),
    ]
