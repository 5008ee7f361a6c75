"""Coming back to 10,000 open tickets in 21 servers."""

import asyncio
from pathlib import Path

import sqlalchemy as sa

from benchmarks.figures import Figure, Goal
from benchmarks.members import database_in
from benchmarks.tickets import open_ticket
from bot.app import now
from bot.sandbox.discord import Channel, Guild, Message
from bot.sandbox.process import BotProcess
from bot.sandbox.scene import BOT_PERMISSIONS, Scene
from storage.schema import ticket_messages, tickets

TICKETS = 10_000
IN_ONE_SERVER = 495
ROUNDS = 3
# Beyond those of tickets that were opened for real.
FIRST_NUMBER = 100_000
# Long after the last of what a start does by itself.
SETTLED_SECONDS = 3.0


def make_channels(scene: Scene, *, beside: int = 0) -> list[tuple[Guild, Channel]]:
    """A channel for every ticket, `beside` of them in the scene's server, the others in as many
    more as that takes."""
    ada = scene.people.ada.user
    made = [
        (scene.guild, scene.guild.add_text_channel(f"ticket-{number:04}"))
        for number in range(beside)
    ]
    for _, channel in made:
        channel.last_message_id = channel.id
    while len(made) < TICKETS:
        guild = scene.discord.add_guild("Lumen", owner=ada, bot_permissions=BOT_PERMISSIONS)
        for number in range(min(IN_ONE_SERVER, TICKETS - len(made))):
            channel = guild.add_text_channel(f"ticket-{number:04}")
            channel.last_message_id = channel.id
            made.append((guild, channel))
    return made


async def store_tickets(made: list[tuple[Guild, Channel]], directory: Path) -> None:
    """A row for every channel, and its newest message as captured."""
    at = now()
    rows, messages = [], []
    for number, (guild, channel) in enumerate(made):
        ticket_id = f"bench{number}"
        rows.append(
            {
                "id": ticket_id,
                "number": FIRST_NUMBER + number,
                "guild_id": int(guild.id),
                "opener_id": number + 1,
                "topic_id": "help",
                "answers": {},
                "state": "open",
                "channel_id": int(channel.id),
                "welcome_id": int(channel.id),
                "created_at": at,
                "waiting_since": at,
            }
        )
        messages.append(
            {
                "message_id": int(channel.last_message_id or 0),
                "ticket_id": ticket_id,
                "author_id": number + 1,
                "author_name": "Member",
                "from_bot": False,
                "content": "Hello",
                "sent_at": at,
            }
        )
    database = database_in(directory)
    try:
        async with database.write() as connection:
            await connection.execute(sa.insert(tickets), rows)
            await connection.execute(sa.insert(ticket_messages), messages)
    finally:
        await database.close()


async def _restart(scene: Scene, bot: BotProcess, welcome: Message) -> tuple[float, int, int]:
    """Milliseconds from READY to the button's answer, all calls, and those that name a ticket."""
    await bot.kill()
    while scene.discord.bot_connected:  # noqa: ASYNC110 - the sandbox has no event for a lost bot
        await asyncio.sleep(0.01)
    scene.discord.requests.clear()
    await bot.launch()
    await scene.discord.wait_for_bot(timeout=30)
    loop = asyncio.get_running_loop()
    ready = loop.time()
    answer = await scene.people.mia.click(welcome, "Close ticket")
    took = (loop.time() - ready) * 1000
    if answer.modal is None:
        raise RuntimeError("the button opened no modal")
    await asyncio.sleep(SETTLED_SECONDS)
    asked = list(scene.discord.requests.entries)
    return took, len(asked), sum("/channels/" in entry.path for entry in asked)


async def measure(directory: Path) -> list[Figure]:
    """Open one ticket for real, store the others, then kill -9 and start again."""
    scene = Scene()
    await scene.start()
    bot = scene.bot(directory)
    try:
        await bot.start()
        await scene.set_up()
        channel = await open_ticket(scene, scene.people.mia)
        await bot.stop()
        await store_tickets(make_channels(scene), directory)
        await bot.launch()
        await scene.discord.wait_for_bot(timeout=30)
        await asyncio.sleep(SETTLED_SECONDS)
        rounds = [await _restart(scene, bot, channel.messages[0]) for _ in range(ROUNDS)]
    finally:
        await bot.kill()
        await scene.stop()
    took, calls, per_ticket = zip(*rounds, strict=True)
    return [
        Figure("restart: READY to the first answered button", "ms", took, Goal("at most", 1000)),
        Figure("restart: Discord calls about tickets", "calls", per_ticket, Goal("at most", 0)),
        Figure("restart: Discord calls", "calls", calls),
    ]
