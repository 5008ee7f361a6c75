"""Lea, who pays through Creem."""

from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.discord import Message, Modal
from bot.sandbox.scene import LEA_ADDRESS
from tests.scenario.buying import run
from tests.scenario.outside import jobs_done
from tests.scenario.refunding import GROUND
from tests.scenario.stage import COMMENT, Stage

ANSWERS = {"Your reason": "It costs too much", COMMENT: "Maybe later"}


def subscription(stage: Stage) -> dict[str, Any]:
    """Lea's, as Creem has it now."""
    return stage.scene.creem.get(stage.scene.lea_subscription)


def transactions(stage: Stage) -> list[dict[str, Any]]:
    """Every payment through Creem, oldest first."""
    return stage.scene.creem.objects("transaction")


async def link(stage: Stage) -> None:
    """Lea links her account, as she does once."""
    await stage.scene.link(stage.scene.people.lea, LEA_ADDRESS)


async def balance(stage: Stage, words: str) -> Message:
    """Lea's /balance, once it says so."""
    return await stage.balance_saying(stage.scene.people.lea, words)


async def settled(stage: Stage, *, seconds: float = 20) -> None:
    """Until Creem has told everything and the bot has nothing left to do."""
    await stage.scene.creem.drain(seconds, retries=True)
    await jobs_done(stage, seconds=seconds)


async def open_command(stage: Stage, command: str) -> Message:
    """What a command of hers answers."""
    return await run(stage, stage.scene.people.lea, command)


async def pay(stage: Stage, url: str, *, email: str = "") -> None:
    """Pay on Creem's page in a browser, and wait for all that follows."""
    assert urlsplit(url).hostname == "checkout.creem.io"
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(
            stage.scene.creem.local_url(url),
            data={"action": "pay", "email": email},
            allow_redirects=False,
        ) as response,
    ):
        assert "you have paid" in await response.text()
    await settled(stage)


async def open_cancel(stage: Stage) -> tuple[Message, Modal]:
    """Everything up to the reason."""
    lea = stage.scene.people.lea
    screen = (await lea.slash("cancel", channel=stage.here)).message
    assert screen is not None
    modal = (await lea.click(screen, "Continue to cancel")).modal
    assert modal is not None
    return screen, modal


async def confirm_cancel(stage: Stage) -> Message:
    """Everything up to the red button."""
    lea = stage.scene.people.lea
    screen, modal = await open_cancel(stage)
    await lea.submit(modal, ANSWERS)
    await lea.click(screen, "Confirm cancel")
    return screen


async def draft_refund(stage: Stage) -> Message:
    """Max looks Lea up, and chooses her payment and a ground."""
    answer = await stage.max.slash("refund", channel=stage.here, member=stage.scene.people.lea.user)
    screen = answer.message
    assert screen is not None
    await stage.max.choose(screen, transactions(stage)[0]["id"])
    await stage.max.choose(screen, GROUND)
    return screen
