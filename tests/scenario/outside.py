"""What scenarios do from outside the bot: wait for its store, change it, call Stripe's API."""

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.sandbox.scene import CODE, STRIPE_KEY
from tests.scenario.bad_luck import until
from tests.scenario.stage import Stage


async def jobs_done(stage: Stage, *, seconds: float = 20) -> None:
    """Until the bot has nothing left to do within half an hour, except to look at it again, and
    Stripe nothing to tell it: what the bot does there is told of, too."""
    soon = int((time.time() + 1800) * 1000)
    left = (
        "SELECT id FROM jobs WHERE done_at IS NULL AND run_at < ? AND kind NOT LIKE '%_stuck' "
        "AND kind NOT IN ('ticket.look', 'ticket.look_back')"
    )
    async with asyncio.timeout(2 * seconds):
        await stage.scene.stripe.drain(seconds)
        while stage.rows(left, soon):
            await asyncio.sleep(0.02)
            await stage.scene.stripe.drain(seconds)


def change_store(stage: Stage, statement: str, *parameters: object) -> None:
    """Change the bot's SQLite store while the bot runs."""
    path = stage.bot.environment["DATABASE_URL"].removeprefix("sqlite:///")
    connection = sqlite3.connect(path, timeout=10)
    try:
        with connection:
            connection.execute(statement, parameters)
    finally:
        connection.close()


def everything_stored(stage: Stage) -> str:
    """Every value of every table, as text."""
    path = stage.bot.environment["DATABASE_URL"].removeprefix("sqlite:///")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


async def call_stripe(
    stage: Stage, method: str, path: str, form: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the vendor's own backend does with the API; raises ClientResponseError."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {STRIPE_KEY}"}) as session,
        session.request(method, stage.scene.stripe.api_url + path, data=form) as response,
    ):
        response.raise_for_status()
        return dict(await response.json())


async def codes_for(stage: Stage, address: str, *, count: int = 1, seconds: float = 10) -> str:
    """The code in the newest of `count` mails to an address."""

    def newest() -> str | None:
        mails = [mail for mail in stage.scene.mail.messages if address in mail.recipients]
        found = CODE.search(mails[-1].text) if len(mails) >= count else None
        return found.group() if found else None

    return await until(newest, seconds=seconds)
