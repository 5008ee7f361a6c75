"""What opening and closing a ticket asks of Discord."""

import asyncio
from pathlib import Path

from benchmarks.figures import Figure, Goal
from benchmarks.members import add_people
from bot.sandbox.discord import Channel, Persona
from bot.sandbox.discord.requestlog import RequestEntry
from bot.sandbox.scene import Scene

# How much is said in each: what closing asks of Discord must not depend on it.
SAID = (0, 300, 5, 5, 5, 5, 5, 5, 0, 300)
ANSWER = {"What can we help with?": "The editor is slow"}


async def open_ticket(scene: Scene, person: Persona) -> Channel:
    """/ticket until the member's screen names the channel; returns that channel."""
    asked = await person.slash("ticket open", channel=scene.billing, topic="help")
    if asked.modal is None:
        raise RuntimeError("/ticket opened no modal")
    scene.discord.requests.clear()
    sent = await person.submit(asked.modal, ANSWER)
    screen = await sent.settled()
    await screen.changed(containing="Your ticket is open", timeout=20)
    channel = scene.discord.channel(screen.text.rsplit("<#", 1)[1].split(">", 1)[0])
    if channel is None:
        raise RuntimeError("the ticket has no channel")
    return channel


async def _opening(scene: Scene, person: Persona) -> tuple[Channel, int, int, float]:
    """Requests beside the log's and to the log, and the seconds until the member is shown in."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    channel = await open_ticket(scene, person)
    seconds = loop.time() - started
    await scene.people.ada.wait_for_message(scene.log, containing=channel.mention)
    asked = list(scene.discord.requests.entries)
    to_log = sum(scene.log.id in entry.path for entry in asked)
    return channel, len(asked) - to_log, to_log, seconds


async def _closing(
    scene: Scene, person: Persona, channel: Channel, *, messages: int
) -> list[RequestEntry]:
    """Every request from the sending of the reason until the log has the transcript."""
    for number in range(messages):
        await person.say(channel, f"Message {number}")
    welcome = channel.messages[0]
    asked = await person.click(welcome, "Close ticket")
    if asked.modal is None:
        raise RuntimeError("the button opened no modal")
    scene.discord.requests.clear()
    await person.submit(asked.modal, {})
    await scene.people.ada.wait_for_message(
        scene.log, containing=f"closed by <@{person.user.id}>", timeout=20
    )
    return list(scene.discord.requests.entries)


async def measure(directory: Path) -> list[Figure]:
    """Open and close tickets one after another, after one that does not count."""
    # Discord's limit on new channels would only make this wait.
    scene = Scene(rate_limits=False)
    people = add_people(scene, len(SAID) + 1)
    await scene.start()
    bot = scene.bot(directory)
    opened, logged, seconds, closed, read = [], [], [], [], []
    try:
        await bot.start()
        await scene.set_up()
        # The first does not count.
        for person, messages in zip(people, (5, *SAID), strict=True):
            channel, requests, to_log, took = await _opening(scene, person)
            asked = await _closing(scene, person, channel, messages=messages)
            opened.append(requests)
            logged.append(to_log)
            seconds.append(took * 1000)
            closed.append(len(asked))
            read.append(sum(entry.method == "GET" for entry in asked))
    finally:
        await bot.kill()
        await scene.stop()
    return [
        Figure("opening a ticket: Discord calls", "calls", tuple(opened[1:]), Goal("at most", 4)),
        Figure(
            "opening a ticket: calls for the log", "calls", tuple(logged[1:]), Goal("at most", 1)
        ),
        Figure("opening a ticket: until it is open", "ms", tuple(seconds[1:])),
        Figure("closing a ticket: calls that read", "calls", tuple(read[1:]), Goal("at most", 0)),
        Figure("closing a ticket: Discord calls", "calls", tuple(closed[1:]), Goal("at most", 5)),
    ]
