"""/balance against a bare echo bot, and the first response under a mixed load."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.figures import Figure, Goal, percentile
from benchmarks.load import Act, delays_at, rate_of
from benchmarks.members import add_people, link_paying
from benchmarks.processes import cpu_seconds
from bot.sandbox.discord import DidNotRespond, DiscordSandbox, Message, Persona
from bot.sandbox.process import ROOT
from bot.sandbox.scene import Scene

ROUNDS = 5
ROUND_SECONDS = 3.0
WARM_UP_SECONDS = 2.0
# Enough waiting at any moment to keep the bot busy; their answers stay far below Discord's 3 s.
WORKERS = 16
MIX_RATE = 100
MIX_COUNT = 1_000
MIX_ROUNDS = 3


@asynccontextmanager
async def _echo_bot() -> AsyncIterator[tuple[int, Act]]:
    """The yardstick in a world of its own: its process, and one act of its load."""
    discord = DiscordSandbox()
    owner = discord.add_user("ada", "Ada")
    guild = discord.add_guild("Echo", owner=owner)
    channel = guild.add_text_channel("general")
    people = []
    for number in range(WORKERS):
        user = discord.add_user(f"member{number}", f"Member {number}")
        guild.add_member(user)
        people.append(discord.persona(user))
    await discord.start()
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.echo_bot",
        cwd=ROOT,
        env={**inherited, "DISCORD_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url},
    )

    async def act(number: int) -> None:
        await people[number].slash("echo", channel=channel, text="hello")

    try:
        await discord.wait_for_bot()
        yield process.pid, act
    finally:
        process.kill()
        await process.wait()
        await discord.stop()


async def _compare(ours: tuple[int, Act], echo: tuple[int, Act]) -> list[Figure]:
    """Rounds of both in turn, so that whatever else the machine does meets both."""
    rates: dict[str, list[float]] = {"ours": [], "echo": []}
    costs: dict[str, list[float]] = {"ours": [], "echo": []}
    bots = {"echo": echo, "ours": ours}
    for _, act in bots.values():
        await rate_of(act, workers=WORKERS, seconds=WARM_UP_SECONDS)
    for _ in range(ROUNDS):
        for name, (pid, act) in bots.items():
            used = cpu_seconds(pid)
            rate = await rate_of(act, workers=WORKERS, seconds=ROUND_SECONDS)
            rates[name].append(rate)
            costs[name].append((cpu_seconds(pid) - used) * 1000 / (rate * ROUND_SECONDS))
    return [
        Figure(
            "/balance: rate by the echo bot's",
            "ratio",
            tuple(a / b for a, b in zip(rates["ours"], rates["echo"], strict=True)),
            Goal("at least", 0.35),
        ),
        Figure(
            "/balance: the same by processor time",
            "ratio",
            tuple(a / b for a, b in zip(costs["echo"], costs["ours"], strict=True)),
            Goal("at least", 0.35),
        ),
        Figure("/balance", "1/s", tuple(rates["ours"])),
        Figure("/echo of a bare discord.py bot", "1/s", tuple(rates["echo"])),
        Figure("/balance: processor time of the bot", "ms", tuple(costs["ours"])),
        Figure("/echo: processor time of the bot", "ms", tuple(costs["echo"])),
    ]


class _Mix:
    """A quarter each: /balance, /cancel, /link, and clicks on Refresh."""

    def __init__(self, scene: Scene, linked: list[Persona], strangers: list[Persona]) -> None:
        self._here = scene.billing
        self._linked = linked
        self._strangers = strangers
        self._screens: list[Message] = []
        self.missed = 0

    async def open_screens(self) -> None:
        """Give everybody a Refresh button; a machine that is too slow for one gets another try."""
        for person in self._linked:
            while True:
                try:
                    answer = await person.slash("balance", channel=self._here)
                except DidNotRespond:
                    continue
                self._screens.append(await answer.settled())
                break

    async def act(self, number: int) -> None:
        """One interaction until its first response, or until Discord gives up."""
        try:
            await self._ask(number)
        except DidNotRespond:
            self.missed += 1

    async def _ask(self, number: int) -> None:
        turn, kind = divmod(number, 4)
        person = self._linked[turn % len(self._linked)]
        if kind == 0:
            await person.slash("balance", channel=self._here)
        elif kind == 1:
            await person.slash("cancel", channel=self._here)
        elif kind == 2:
            await self._strangers[turn % len(self._strangers)].slash("link", channel=self._here)
        else:
            await person.click(self._screens[turn % len(self._screens)], "Refresh")


async def _mixed_load(mix: _Mix) -> list[Figure]:
    await mix.open_screens()
    await delays_at(mix.act, rate=MIX_RATE, count=MIX_COUNT // 5)
    mix.missed = 0
    rounds = []
    for _ in range(MIX_ROUNDS):
        delays = await delays_at(mix.act, rate=MIX_RATE, count=MIX_COUNT)
        rounds.append(percentile(delays, 0.99) * 1000)
    return [
        Figure(f"first response at {MIX_RATE}/s, p99", "ms", tuple(rounds), Goal("at most", 100)),
        Figure(
            f"first response at {MIX_RATE}/s: none within 3 s",
            "clicks",
            (mix.missed,),
            Goal("at most", 0),
        ),
    ]


async def measure(directory: Path) -> list[Figure]:
    """Everything about interactions."""
    scene = Scene()
    linked = add_people(scene, 100)
    strangers = add_people(scene, 20)
    await scene.start()
    bot = scene.bot(directory)
    try:
        await link_paying(scene, linked, directory)
        await bot.start()

        async def act(number: int) -> None:
            await linked[number].slash("balance", channel=scene.billing)

        async with _echo_bot() as echo:
            figures = await _compare((bot.pid, act), echo)
        return [*figures, *await _mixed_load(_Mix(scene, linked, strangers))]
    finally:
        await bot.kill()
        await scene.stop()
