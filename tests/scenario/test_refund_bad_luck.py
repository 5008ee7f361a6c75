"""Refunds while Stripe fails or the bot is killed: one refund, one end, one message."""

import asyncio

import pytest

from bot.sandbox.discord import DidNotRespond
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, StripeStrike, until
from tests.scenario.outside import jobs_done
from tests.scenario.refunding import (
    SAGA,
    audit_log_holds,
    audited,
    confirm,
    draft,
    refunds,
)
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import up_to_confirm
from tests.scenario.ticketing import in_dm

REFUND = ("POST", r"/v1/refunds$")
LOOK = ("GET", r"/v1/subscriptions/sub_")
END = ("DELETE", r"/v1/subscriptions/sub_")
PAYMENT = ("GET", r"/v1/invoice_payments")


async def all_is_done_once(stage: Stage) -> None:
    """Money back once, plan ended once, everybody told once, everything written down.

    Stripe's events come afterwards and in disorder: they must change nothing.
    """
    await until(
        lambda: [row["state"] for row in stage.rows("SELECT state FROM refunds")] == ["done"],
        seconds=RECOVERY_SECONDS,
    )
    stage.scene.stripe.release_webhooks(shuffle=True)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    [refund] = refunds(stage)
    assert refund["amount"] == 2000
    [row] = stage.rows("SELECT provider_refund_id FROM refunds")
    assert row["provider_refund_id"] == refund["id"]
    assert stage.subscription["status"] == "canceled"
    assert audited(stage) == SAGA
    assert await audit_log_holds(stage)
    assert len(in_dm(stage.mia, "Refund of $20.00")) == 1
    logged = [m for m in stage.sam.messages(stage.scene.log) if "Refunded $20.00" in m.text]
    assert len(logged) == 1
    mails = [mail for mail in stage.scene.mail.messages if "refund" in mail.subject]
    # A killed process may have mailed without noting it: a mail program shows one id once.
    assert len({mail.headers["Message-ID"] for mail in mails}) == 1
    await stage.balance_saying(stage.mia, "Free plan")


@pytest.mark.parametrize("asked", [REFUND, END, PAYMENT], ids=["refund", "end", "payment"])
@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
@pytest.mark.parametrize("drop", [True, False], ids=["no_answer", "500"])
async def test_stripe_fails_and_one_refund_is_made(
    stage: Stage, asked: tuple[str, str], after_work: bool, drop: bool
) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    method, path = asked
    fault = stage.scene.stripe.faults.add(
        method=method,
        path=path,
        after_work=after_work,
        drop=drop,
        status=None if drop else 500,
        times=1,
    )

    await confirm(stage, screen)

    await screen.changed(containing="Refunded $20.00", timeout=RECOVERY_SECONDS)
    assert fault.struck == 1
    await all_is_done_once(stage)


async def test_while_stripe_is_down_nothing_is_claimed_and_it_is_made_up_for(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    outage = stage.scene.stripe.faults.add(path=r"/v1/", status=503)

    await confirm(stage, screen)
    await until(lambda: outage.struck >= 3)

    assert "Refund requested" in screen.text
    assert "Refunded" not in screen.text
    assert in_dm(stage.mia, "Refund of") == []
    outage.remove()
    await screen.changed(containing="Refunded $20.00", timeout=RECOVERY_SECONDS)
    await all_is_done_once(stage)


@pytest.mark.parametrize(
    ("asked", "after_work"),
    [(REFUND, False), (REFUND, True), (LOOK, True), (END, False), (END, True), (PAYMENT, False)],
    ids=[
        "before_refund",
        "refund_made",
        "between_refund_and_end",
        "before_end",
        "ended",
        "before_writing_it_down",
    ],
)
async def test_kill_9_while_stripe_is_asked(
    stage: Stage, asked: tuple[str, str], after_work: bool
) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    strike = StripeStrike(stage, *asked, after_work=after_work)
    await confirm(stage, screen)

    await strike.restart()

    await all_is_done_once(stage)
    assert "Refunded $20.00" in screen.text


@pytest.mark.parametrize("step", ["answer", "outcome", "member", "log"])
async def test_kill_9_while_discord_is_asked(stage: Stage, step: str) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    log = stage.scene.log.id
    method, path = {
        "answer": ("POST", r"^/interactions/\d+/[^/]+/callback$"),
        "outcome": ("PATCH", r"^/webhooks/"),
        "member": ("POST", rf"^/channels/(?!{log}/)\d+/messages$"),
        "log": ("POST", rf"^/channels/{log}/messages$"),
    }[step]
    strike = DiscordStrike(stage, method, path, after_work=True)
    await confirm(stage, screen)

    await strike.restart()

    await all_is_done_once(stage)
    assert "Refunded $20.00" in screen.text


async def test_kill_9_before_the_moderator_saw_an_answer(stage: Stage) -> None:
    """The refund is committed. Pressing again, as anybody would, does not make a second one."""
    await stage.link_mia()
    screen = await draft(stage)
    callback = r"^/interactions/\d+/[^/]+/callback$"
    strike = DiscordStrike(stage, "POST", callback, after_work=False)
    discord = stage.scene.discord
    patience, discord.response_seconds = discord.response_seconds, 1.0
    confirming = asyncio.create_task(confirm(stage, screen))

    await strike.restart()
    with pytest.raises(DidNotRespond):
        await confirming
    discord.response_seconds = patience
    again = await confirm(stage, screen)

    assert again.message is not None
    assert "already" in again.message.text
    await all_is_done_once(stage)


async def test_s3_who_leaves_while_a_refund_waits_is_not_charged_again(stage: Stage) -> None:
    """The provider does not move the money. The way out does not lead over that."""
    await stage.link_mia()
    refused = stage.scene.stripe.faults.add(method="POST", path=r"/v1/refunds$", status=403)
    screen = await draft(stage)
    await confirm(stage, screen)
    await until(lambda: refused.struck)
    leaving = await up_to_confirm(stage)

    await stage.mia.click(leaving, "Confirm cancel")

    await leaving.changed(containing="is cancelled")
    assert stage.subscription["cancel_at_period_end"]
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    assert len(stage.scene.stripe.objects("invoice")) == 1
    assert refunds(stage) == []
    refused.remove()
    await screen.changed(containing="Refunded $20.00", timeout=RECOVERY_SECONDS)
    await all_is_done_once(stage)


async def test_a_draft_survives_a_restart_between_any_two_clicks(stage: Stage) -> None:
    await stage.link_mia()
    answer = await stage.max.slash("refund", channel=stage.here, member=stage.mia.user)
    screen = answer.message
    assert screen is not None
    await stage.kill_and_restart()
    await stage.max.choose(screen, screen.selects[0].options[0].value)
    await stage.kill_and_restart()
    await stage.max.choose(screen, "Our error")
    await stage.kill_and_restart()

    await confirm(stage, screen)

    await screen.changed(containing="Refunded $20.00", timeout=RECOVERY_SECONDS)
    await all_is_done_once(stage)
