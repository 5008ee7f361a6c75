"""`mooring demo`: the production bot over local servers, with a page to try it in a browser."""

import asyncio
import errno
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bot.sandbox.backend import Backend
from bot.sandbox.clock import SandboxClock
from bot.sandbox.desk_past import BEGINNING, DeskPast
from bot.sandbox.discord import Persona
from bot.sandbox.page import DemoPage, PagePersona
from bot.sandbox.scene import API_SECRET, LEA_ADDRESS, MIA_ADDRESS, STORE, People, Scene, shown

Furnish = Callable[[Path, DeskPast], Awaitable[None]]
PANEL = {
    "Title": "How can we help?",
    "Text": "Choose what it is about. Only you and our team see what you write.",
    "Topics": ["Billing and payments", "Help with the product", "Report a bug"],
    "Shown as": "Buttons",
}


def _cast(people: People) -> list[PagePersona]:
    return [
        PagePersona(people.mia.user, "Member", "On Pro, pays through Stripe"),
        PagePersona(people.lea.user, "Member", "On Pro, pays through Creem"),
        PagePersona(people.noor.user, "Member", "Has not linked a billing account"),
        PagePersona(people.sam.user, "Support", "Answers tickets"),
        PagePersona(people.max.user, "Moderator", "May refund, and sees the reports"),
    ]


async def _start_page(page: DemoPage, port: int) -> None:
    """On the usual port, or on a free one while another program has it."""
    try:
        await page.start(port=port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        await page.start(port=0)


async def _link(scene: Scene, person: Persona, address: str) -> None:
    """As if it had been long ago: without its screens."""
    await scene.link(person, address)
    for message in person.messages(scene.billing):
        person.dismiss(message)


async def _post_panel(scene: Scene) -> None:
    """Ada makes the message from which members open tickets."""
    ada, community = scene.people.ada, scene.general.category
    place = scene.guild.add_text_channel(
        "get-help", category=community, topic="Our team answers here"
    )
    asked = await ada.slash("panel create", channel=place)
    preview = await ada.submit(shown(asked.modal), PANEL)
    await ada.click(shown(preview.message), "Post it here")


async def run_demo(*, port: int, furnish: Furnish) -> int:
    """Serve until Ctrl-C; returns the exit status: 1 when the bot ended by itself.

    `furnish` fills the bot's store, a file, before the bot starts, and has the past be told.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mooring-demo-")))
        clock = SandboxClock()
        clock.offset = -BEGINNING.total_seconds()
        scene = Scene(clock=clock.now)
        stack.push_async_callback(scene.stop)
        await scene.start()
        bot = scene.bot(directory)
        await furnish(directory / STORE, DeskPast(scene, clock))
        stack.push_async_callback(bot.stop)
        await bot.start()
        await asyncio.gather(
            scene.set_plan_roles(),
            _post_panel(scene),
            _link(scene, scene.people.mia, MIA_ADDRESS),
            _link(scene, scene.people.lea, LEA_ADDRESS),
        )
        page = DemoPage(
            discord=scene.discord,
            stripe=scene.stripe,
            creem=scene.creem,
            mail=scene.mail,
            personas=_cast(scene.people),
            bot_alive=bot.is_healthy,
            backend=Backend(bot_url=bot.web_url, secret=API_SECRET),
        )
        await _start_page(page, port)
        stack.push_async_callback(page.stop)
        print(f"Mooring's demo is ready: {page.url} (Ctrl-C stops it)", flush=True)
        stopping = asyncio.create_task(stop.wait())
        ended = asyncio.create_task(bot.ended())
        await asyncio.wait({stopping, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            print(f"The bot has ended by itself:\n{bot.log_tail()}", file=sys.stderr)
            return 1
        ended.cancel()
    return 0
