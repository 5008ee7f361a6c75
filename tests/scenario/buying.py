"""How people buy: choose, read what it does, pay in a browser on the provider's page."""

from datetime import UTC, datetime
from typing import Any

import aiohttp

from bot.sandbox.discord import Interaction, Message, Persona
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage

NOOR_ADDRESS = "noor@example.com"
LITE = "Lite · $9.00 monthly"
PRO_YEARLY = "Pro · $200.00 yearly"
MAX = "Max · $60.00 monthly"
CONTINUE = "Continue to checkout"
PAY = "Pay on the checkout page"


async def run(stage: Stage, person: Persona, command: str) -> Message:
    """Run a command that answers with a screen of one's own."""
    answer = await person.slash(command, channel=stage.here)
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message


async def look(person: Persona, screen: Message, label: str) -> Message:
    """Choose from the list; what it would do."""
    answer = await person.choose(screen, label)
    return await answer.settled()


async def go_on(person: Persona, consequence: Message) -> Message:
    """Press "Continue to checkout"."""
    answer = await person.click(consequence, CONTINUE)
    return await answer.settled(timeout=30)


def link_on(screen: Message) -> str:
    """Where "Pay on the checkout page" leads."""
    [button] = [each for each in screen.buttons if each.label == PAY]
    assert button.url is not None
    return button.url


async def checkout_page(person: Persona, screen: Message, label: str = LITE) -> str:
    """Choose a plan and go on; the address of the page to pay on."""
    return link_on(await go_on(person, await look(person, screen, label)))


async def press(stage: Stage, url: str, action: str, email: str = NOOR_ADDRESS) -> tuple[int, str]:
    """Press a button of the page in a browser; the status and the next page."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(
            stage.scene.stripe.local_url(url),
            data={"action": action, "email": email},
            allow_redirects=False,
        ) as response,
    ):
        return response.status, await response.text()


async def pay(stage: Stage, url: str, email: str = NOOR_ADDRESS) -> None:
    """Pay, and wait for all that follows."""
    assert "you have paid" in (await press(stage, url, "pay", email))[1]
    await jobs_done(stage)


def sessions(stage: Stage) -> list[dict[str, Any]]:
    """The checkouts that were started."""
    return stage.scene.stripe.objects("checkout.session")


def plans_of(stage: Stage, customer: str) -> dict[str, str]:
    """The status of each of a customer's subscriptions, by its price."""
    return {
        each["items"]["data"][0]["price"]["id"]: each["status"]
        for each in stage.scene.stripe.objects("subscription")
        if each["customer"] == customer
    }


def use(stage: Stage, units: int, subscription: str | None = None) -> None:
    """The vendor's backend has counted this much in the present cycle."""
    wanted = subscription or stage.scene.mia_subscription
    [known] = stage.rows("SELECT * FROM subscriptions WHERE id = ?", wanted)
    change_store(
        stage,
        "INSERT INTO ledger (key, customer_id, subscription_id, period_start, month_start, kind, "
        "amount, recorded_at) VALUES (?, ?, ?, ?, ?, 'usage', ?, ?)",
        f"usage:{datetime.now(UTC).isoformat()}",
        known["customer_id"],
        wanted,
        known["period_start"],
        known["period_start"],
        units,
        known["period_start"],
    )


async def settled_text(answer: Interaction) -> str:
    """What an answer says in the end."""
    return (await answer.settled(timeout=30)).text
