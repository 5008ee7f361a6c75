"""The support desk at work: click to welcome, five hundred tickets at once, a flood of messages."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Goal
from benchmarks.load import delays_at, without_collections
from benchmarks.members import add_people
from benchmarks.tickets import ANSWER, open_ticket
from bot.sandbox.discord import Channel, DidNotRespond, Guild, Persona
from bot.sandbox.discord.views import Modal
from bot.sandbox.scene import BOT_PERMISSIONS, STORE, Scene

LATENCY_SECONDS = 0.1
OPENED_SLOWLY = 15
RUSH = 500
RUSH_PER_SECOND = 100
# Discord makes ten channels in ten seconds in one server: a rush comes to many of them.
RUSH_PER_SERVER = 10
FLOOD = 5_000
FLOODED_CHANNELS = 10
LONGEST_WAIT_SECONDS = 120.0


def _welcomes(scene: Scene) -> dict[str, float]:
    """When each ticket's first message was posted, by its channel."""
    found: dict[str, float] = {}
    for entry in scene.discord.requests.entries:
        if entry.status == 200 and entry.method == "POST" and b"ticket.close" in entry.raw:
            found.setdefault(entry.path, entry.at)
    return found


async def measure_latency(directory: Path) -> list[Figure]:
    """Tickets opened one after another while every call to Discord takes a tenth of a second."""
    scene = Scene(rate_limits=False)
    people = add_people(scene, OPENED_SLOWLY + 1)
    await scene.start()
    bot = scene.bot(directory)
    to_welcome, to_screen = [], []
    try:
        await bot.start()
        await scene.set_up()
        scene.discord.faults.add(latency=LATENCY_SECONDS)
        loop = asyncio.get_running_loop()
        for person in people:
            form = await _form(person, scene.billing)
            scene.discord.requests.clear()
            clicked, started = time.time(), loop.time()
            sent = await person.submit(form, ANSWER)
            await (await sent.settled()).changed(containing="Your ticket is open", timeout=20)
            to_screen.append((loop.time() - started) * 1000)
            to_welcome.append((min(_welcomes(scene).values()) - clicked) * 1000)
            await asyncio.sleep(0.5)
    finally:
        await bot.kill()
        await scene.stop()
    return [
        Figure(
            "100 ms each call: click to welcome", "ms", tuple(to_welcome[1:]), Goal("at most", 330)
        ),
        Figure("100 ms each call: click to the way there", "ms", tuple(to_screen[1:])),
    ]


async def _form(person: Persona, channel: Channel) -> Modal:
    asked = await person.slash("ticket open", channel=channel, topic="help")
    if asked.modal is None:
        raise RuntimeError("/ticket opened no modal")
    return asked.modal


@dataclass(frozen=True, slots=True)
class _Server:
    """One of the servers that a rush comes to."""

    guild: Guild
    billing: Channel
    log: Channel
    people: Sequence[Persona]


async def _add_server(scene: Scene) -> _Server:
    """Set up as the scene's own is."""
    ada = scene.people.ada
    guild = scene.discord.add_guild("Rush", owner=ada.user, bot_permissions=BOT_PERMISSIONS)
    roles = {name: guild.add_role(name) for name in ("support_role", "moderator_role")}
    billing, log = guild.add_text_channel("subscriptions"), guild.add_text_channel("log")
    category = guild.add_category("Tickets")
    people = []
    for number in range(RUSH_PER_SERVER):
        user = scene.discord.add_user(f"rush{guild.id}x{number}", f"Member {number}")
        guild.add_member(user)
        people.append(scene.discord.persona(user))
    await ada.slash("setup", channel=billing, ticket_category=category, log_channel=log, **roles)
    return _Server(guild, billing, log, people)


async def measure_rush(directory: Path) -> list[Figure]:
    """Everybody has the questions before them; then all answer within a few seconds."""
    scene = Scene()
    await scene.start()
    bot = scene.bot(directory)
    try:
        await bot.start()
        servers = [await _add_server(scene) for _ in range(RUSH // RUSH_PER_SERVER)]
        # One of each server after the other, as people of many servers come.
        order = [
            (person, server.billing)
            for people in zip(*(server.people for server in servers), strict=True)
            for server, person in zip(servers, people, strict=True)
        ]
        forms = [(person, await _form(person, channel)) for person, channel in order]
        await asyncio.sleep(2)
        scene.discord.requests.clear()
        return await _rush(scene, forms)
    finally:
        await bot.kill()
        await scene.stop()


async def _rush(scene: Scene, forms: Sequence[tuple[Persona, Modal]]) -> list[Figure]:
    unanswered = 0

    async def act(number: int) -> None:
        nonlocal unanswered
        person, form = forms[number]
        try:
            await person.submit(form, ANSWER)
        except DidNotRespond:
            unanswered += 1

    started = time.time()
    await delays_at(act, rate=RUSH_PER_SECOND, count=len(forms))
    async with without_collections(), asyncio.timeout(LONGEST_WAIT_SECONDS):
        # The sandbox has no event for a request.
        while len(_welcomes(scene)) < len(forms) - unanswered:  # noqa: ASYNC110
            await asyncio.sleep(0.25)
    entries = list(scene.discord.requests.entries)
    limited = sum(entry.status == 429 for entry in entries)
    return [
        Figure(
            f"{len(forms)} tickets at once: first click to the last welcome",
            "s",
            (max(_welcomes(scene).values()) - started,),
            Goal("at most", 22),
        ),
        Figure(f"{len(forms)} tickets at once: 429s", "calls", (limited,), Goal("at most", 0)),
        Figure(
            f"{len(forms)} tickets at once: no answer within 3 s",
            "clicks",
            (unanswered,),
            Goal("at most", 0),
        ),
    ]


async def measure_flood(directory: Path) -> list[Figure]:
    """Messages in tickets as fast as the local Discord can send them."""
    scene = Scene(rate_limits=False)
    people = add_people(scene, FLOODED_CHANNELS)
    await scene.start()
    bot = scene.bot(directory)
    try:
        await bot.start()
        await scene.set_up()
        places = [(person, await open_ticket(scene, person)) for person in people]
        await asyncio.sleep(1)
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with without_collections():
            for number in range(FLOOD):
                person, channel = places[number % len(places)]
                await person.say(channel, f"Message {number}: it still does not work.")
                if number % 20 == 0:
                    await asyncio.sleep(0)
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                while (stored := _stored(directory)) < FLOOD:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        took = loop.time() - started
    finally:
        await bot.kill()
        await scene.stop()
    return [Figure("messages in tickets stored", "1/s", (stored / took,))]


def _stored(directory: Path) -> int:
    connection = sqlite3.connect(directory / STORE)
    try:
        (count,) = connection.execute(
            "SELECT count(*) FROM ticket_messages WHERE content LIKE 'Message %'"
        ).fetchone()
    finally:
        connection.close()
    return int(count)


async def measure(directory: Path) -> list[Figure]:
    """Each in a world of its own."""
    figures = []
    for number, part in enumerate((measure_latency, measure_rush, measure_flood)):
        own = directory / str(number)
        own.mkdir()
        figures += await part(own)
    return figures
