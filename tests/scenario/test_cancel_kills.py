"""kill -9 while a cancellation is carried out and told: it happens once, and is told once (S1)."""

import asyncio
from contextlib import suppress

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, StripeStrike
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel, up_to_confirm

SUBSCRIPTION = r"/v1/subscriptions/sub_"


async def has_left_once(stage: Stage, screen: Message) -> None:
    """Cancelled at Stripe, and told once on every way."""
    await screen.changed(containing="is cancelled", timeout=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert stage.subscription["cancel_at_period_end"] is True
    assert stage.mia.dm is not None
    told = {
        "member": [each.text for each in stage.mia.messages(stage.mia.dm)],
        "team": [each.text for each in stage.sam.messages(stage.scene.log)],
        "mail": [
            each.subject for each in stage.scene.mail.messages if MIA_ADDRESS in each.recipients
        ],
    }
    for ways in told.values():
        assert sum("cancelled" in each for each in ways) == 1, told
    assert "renewed once more" not in screen.text
    audited = stage.rows("SELECT action FROM audit_log WHERE action LIKE 'cancellation.%'")
    assert [row["action"] for row in audited] == [
        "cancellation.requested",
        "cancellation.scheduled",
    ]


@pytest.mark.parametrize("asked", ["GET", "POST"])
@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
async def test_kill_9_while_stripe_is_asked(stage: Stage, asked: str, after_work: bool) -> None:
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    strike = StripeStrike(stage, asked, SUBSCRIPTION, after_work=after_work)
    await stage.mia.click(screen, "Confirm cancel")

    await strike.restart()

    await has_left_once(stage, screen)


@pytest.mark.parametrize("told", ["answer", "screen", "member", "team"])
async def test_kill_9_while_it_is_told(stage: Stage, told: str) -> None:
    """Discord has done it, and its answer is lost with the process."""
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    log = stage.scene.log.id
    method, path = {
        "answer": ("POST", r"^/interactions/\d+/[^/]+/callback$"),
        "screen": ("PATCH", r"^/webhooks/"),
        "member": ("POST", rf"^/channels/(?!{log}/)\d+/messages$"),
        "team": ("POST", rf"^/channels/{log}/messages$"),
    }[told]
    strike = DiscordStrike(stage, method, path, after_work=True)
    clicked = asyncio.create_task(stage.mia.click(screen, "Confirm cancel"))

    await strike.restart()

    with suppress(TimeoutError):
        await clicked
    await has_left_once(stage, screen)


async def test_s6_kill_9_after_stripe_has_resumed_it(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    await jobs_done(stage)
    strike = StripeStrike(stage, "POST", SUBSCRIPTION, after_work=True)
    answer = await stage.mia.slash("resume", channel=stage.here)

    await strike.restart()

    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on", timeout=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert stage.subscription["cancel_at_period_end"] is False
    assert stage.mia.dm is not None
    told = [each.text for each in stage.mia.messages(stage.mia.dm)]
    assert sum("Pro goes on" in each for each in told) == 1
    [attempt] = stage.rows("SELECT state FROM cancel_attempts")
    assert attempt["state"] == "resumed"
