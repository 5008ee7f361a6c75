"""A browser, a sandbox with people in it, and a small discord.py bot that shows every component."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route
from playwright.async_api import Browser, Page, async_playwright, expect
from yarl import URL

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.discord import DiscordSandbox
from bot.sandbox.mail import MailSink
from bot.sandbox.page import DemoPage, PagePersona
from bot.sandbox.stripe import StripeSandbox
from tests.browser.showcase import Showcase
from tests.browser.world import PATIENCE_MILLISECONDS, Demo, furnish

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
module_loop = pytest_asyncio.fixture(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium found: install it, for example with `apt install chromium`")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@module_loop
async def demo(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Demo]:
    async with contextlib.AsyncExitStack() as stack:
        sandbox = DiscordSandbox(rate_limits=False)
        # Few tests are about how busy the machine is that runs them.
        sandbox.response_seconds = 20.0
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        stripe, creem, mail = StripeSandbox(), CreemSandbox(), MailSink()
        for server in (stripe, creem, mail):
            await server.start()
            stack.push_async_callback(server.stop)
        users = {name: sandbox.add_user(name, name.title()) for name in ("mia", "sam", "noor")}
        guild, general, staff = furnish(sandbox, users)
        monkeypatch.setattr(Route, "BASE", sandbox.api_url)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(sandbox.gateway_url))
        bot = Showcase()
        running = asyncio.create_task(bot.start(sandbox.token))
        stack.push_async_callback(end, bot, running)
        page = DemoPage(
            discord=sandbox,
            stripe=stripe,
            creem=creem,
            mail=mail,
            personas=[
                PagePersona(users["mia"], "Member", "On Pro, pays through Stripe"),
                PagePersona(users["sam"], "Support", "Answers tickets"),
                PagePersona(users["noor"], "Member", "Has not linked an account"),
            ],
        )
        await page.start()
        stack.push_async_callback(page.stop)
        await sandbox.wait_for_bot()
        yield Demo(sandbox, stripe, creem, mail, page, bot, guild, general, staff, users)


async def end(bot: discord.Client, running: asyncio.Task[None]) -> None:
    """Stop the bot and wait for it."""
    await bot.close()
    await running


@module_loop
async def tab(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """Mia's tab at desktop size; a script error on the page fails the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(demo.address("mia"))
    await page.get_by_role("heading", name="general", exact=True).wait_for()
    yield page
    await context.close()
    assert errors == []


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go."""
    return tmp_path
