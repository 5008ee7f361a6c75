"""Leaving when a payment has failed: it ends at once, and nothing more is collected (S1-S5)."""

from typing import Any

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import RECOVERY_SECONDS, StripeStrike, until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import open_cancel, up_to_confirm

DAY_MS = 86_400_000
SUBSCRIPTION = r"/v1/subscriptions/sub_"


async def fail_the_renewal(stage: Stage) -> None:
    """Mia's card refuses the renewal. The provider tries again after three days."""
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    assert stage.subscription["status"] == "past_due"


@pytest.fixture
async def late(stage: Stage) -> Stage:
    """Mia has linked her account, and her last payment did not go through."""
    await stage.link_mia()
    await fail_the_renewal(stage)
    await jobs_done(stage)
    await stage.balance_saying(stage.mia, "Payment failed")
    return stage


def open_invoice(stage: Stage) -> dict[str, Any]:
    """The renewal's, as Stripe has it now."""
    return dict(stage.scene.stripe.get(stage.subscription["latest_invoice"]))


async def let_the_payment_through(stage: Stage) -> None:
    """The card is good again when the provider next tries."""
    stage.scene.stripe.accept_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance(to=open_invoice(stage)["next_payment_attempt"])
    assert open_invoice(stage)["status"] == "paid"


async def asked_by_the_providers_clock(stage: Stage) -> None:
    """The local Stripe's clock has been moved ahead: Mia has asked just now by that clock too.

    While the provider is away; no try under way has read another time before.
    """
    await until(
        lambda: stage.rows(
            "SELECT id FROM jobs WHERE kind = 'cancellation.carry_out' AND attempts > 0"
        ),
        seconds=RECOVERY_SECONDS,
    )
    await stage.bot.kill()
    now = int(stage.scene.stripe.clock.now()) * 1000 + 1000
    change_store(
        stage,
        "UPDATE cancel_attempts SET requested_at = ?,"
        " effective_at = CASE WHEN effective_at = requested_at THEN ? ELSE effective_at END",
        now,
        now,
    )
    await stage.bot.start()


def labels(message: Message) -> list[str | None]:
    return [button.label for button in message.buttons]


def receipts(stage: Stage) -> list[str]:
    """The cancellation receipts that Mia has got by direct message."""
    dm = stage.mia.dm
    found = stage.mia.messages(dm) if dm is not None else []
    return [each.text for each in found if "is cancelled" in each.text]


async def test_with_a_failed_payment_no_false_promise_is_made(late: Stage) -> None:
    nudge = await open_cancel(late)
    said = "did not go through, so the time that you have paid for is over. If you confirm, **Pro"
    assert said in nudge.text

    screen = await up_to_confirm(late)

    assert said in screen.text
    assert "**Pro ends at once**, the open payment is called off, and nothing more" in screen.text
    for untrue in ("stays on until", "until that date", "may still be tried"):
        assert untrue not in nudge.text + screen.text


async def test_s1_s3_s4_in_arrears_it_ends_at_once_and_nothing_more_is_collected(
    late: Stage,
) -> None:
    screen = await up_to_confirm(late)

    await late.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")

    assert late.subscription["status"] == "canceled"
    assert late.subscription["cancellation_details"] == {
        "comment": "Maybe later",
        "feedback": "too_expensive",
        "reason": "cancellation_requested",
    }
    receipt = await late.mia.wait_for_message("dm", containing="is cancelled")
    for shown in (screen, receipt):
        assert "**Ended:** <t:" in shown.text
        assert "**Now:** Free plan. Nothing more is charged, and a payment that was" in shown.text
        assert "Stays on until" not in shown.text
        assert labels(shown)[:2] == ["Subscribe (cancel anytime)", "Manage without Discord"]
        assert "Resume" not in labels(shown)
    mail = await late.scene.mail.wait_for(to=MIA_ADDRESS, containing="is cancelled")
    assert "Ended:           " in mail.text
    assert "/resume" not in mail.text
    log = await late.sam.wait_for_message(late.scene.log, containing="Subscription cancelled")
    assert "**Ended:** <t:" in log.text
    late.scene.stripe.accept_payments(late.scene.mia_customer)
    await late.scene.stripe.advance(days=60)
    assert (open_invoice(late)["status"], open_invoice(late)["attempt_count"]) == ("open", 1)
    await late.balance_saying(late.mia, "Your Pro subscription ended on")


async def test_s5_what_has_ended_cannot_be_resumed(late: Stage) -> None:
    screen = await up_to_confirm(late)
    await late.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")

    answer = await late.mia.slash("resume", channel=late.here)

    assert answer.message is not None
    assert "has ended, so it cannot be resumed" in answer.message.text


@pytest.mark.parametrize("asked", ["GET", "DELETE"])
@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
async def test_kill_9_while_it_ends(late: Stage, asked: str, after_work: bool) -> None:
    screen = await up_to_confirm(late)
    strike = StripeStrike(late, asked, SUBSCRIPTION, after_work=after_work)
    await late.mia.click(screen, "Confirm cancel")
    assert "You will not be charged again for Pro." in screen.text
    assert "Then Pro ends." in screen.text
    assert "is cancelled" not in screen.text

    await strike.restart()

    await screen.changed(containing="**Ended:**", timeout=RECOVERY_SECONDS)
    await late.mia.wait_for_message("dm", containing="is cancelled")
    await jobs_done(late, seconds=RECOVERY_SECONDS)
    assert late.subscription["status"] == "canceled"
    assert len(receipts(late)) == 1
    assert "renewed once more" not in screen.text
    ended = late.rows("SELECT action FROM audit_log WHERE action LIKE 'cancellation.%'")
    assert [row["action"] for row in ended] == ["cancellation.requested", "cancellation.ended"]


async def test_a_payment_that_goes_through_after_the_request_keeps_its_period(late: Stage) -> None:
    """The provider collects while it does not answer: what is paid is had, and owned up to."""
    screen = await up_to_confirm(late)
    outage = late.scene.stripe.faults.add(path=SUBSCRIPTION, status=503)
    await late.mia.click(screen, "Confirm cancel")
    await let_the_payment_through(late)
    outage.remove()

    await screen.changed(containing="is cancelled", timeout=30)

    ends = late.subscription["items"]["data"][0]["current_period_end"]
    assert (late.subscription["status"], late.subscription["cancel_at"]) == ("active", ends)
    assert f"**Stays on until:** <t:{ends}:f>" in screen.text
    assert "renewed once more after your request" in screen.text
    assert "Resume" in labels(screen)
    log = await late.sam.wait_for_message(late.scene.log, containing="Subscription cancelled")
    assert "Please refund that payment as our error" in log.text


async def test_a_payment_that_goes_through_while_it_ends_is_owned_up_to(late: Stage) -> None:
    screen = await up_to_confirm(late)
    slow = late.scene.stripe.faults.add(method="DELETE", path=SUBSCRIPTION, hold=True)
    await late.mia.click(screen, "Confirm cancel")
    await until(lambda: slow.struck)
    await let_the_payment_through(late)
    slow.remove()

    await screen.changed(containing="**Ended:**", timeout=15)

    assert late.subscription["status"] == "canceled"
    assert "renewed once more after your request" in screen.text
    log = await late.sam.wait_for_message(late.scene.log, containing="Subscription cancelled")
    assert "Please refund that payment as our error" in log.text


async def test_who_resumes_while_it_ends_is_told_that_it_has_ended(late: Stage) -> None:
    screen = await up_to_confirm(late)
    slow = late.scene.stripe.faults.add(method="DELETE", path=SUBSCRIPTION, hold=True)
    await late.mia.click(screen, "Confirm cancel")
    await until(lambda: slow.struck)

    answer = await late.mia.slash("resume", channel=late.here)
    slow.remove()

    assert answer.message is not None
    await answer.message.changed(containing="Not resumed", timeout=15)
    await screen.changed(containing="**Ended:**")
    await late.mia.wait_for_message("dm", containing="is cancelled")
    [attempt] = late.rows("SELECT state FROM cancel_attempts")
    assert attempt["state"] == "cancelled"


async def test_kill_9_then_a_resume_that_is_too_late_still_gives_the_receipts(late: Stage) -> None:
    """Stripe has ended it and its answer is lost; who changes their mind then is told so.

    Stripe is away for the new process until Mia has asked: it would find the end out at once.
    """
    screen = await up_to_confirm(late)
    strike = StripeStrike(late, "DELETE", SUBSCRIPTION, after_work=True)
    await late.mia.click(screen, "Confirm cancel")
    await strike.kill()
    away = late.scene.stripe.faults.add(path=r"/v1/", status=503)
    await late.bot.start()

    answer = await late.mia.slash("resume", channel=late.here)
    away.remove()

    assert answer.message is not None
    await answer.message.changed(containing="Not resumed", timeout=RECOVERY_SECONDS)
    await screen.changed(containing="**Ended:**")
    await jobs_done(late, seconds=RECOVERY_SECONDS)
    assert len(receipts(late)) == 1
    [attempt] = late.rows("SELECT state FROM cancel_attempts")
    assert attempt["state"] == "cancelled"


async def test_what_was_paid_before_the_request_is_no_error(late: Stage) -> None:
    """The payment has gone through, its events are late, and then Mia confirms."""
    screen = await up_to_confirm(late)
    outage = late.scene.stripe.faults.add(method="GET", path=r"/v1/", status=503)
    late.scene.stripe.hold_webhooks()
    await let_the_payment_through(late)
    await late.mia.click(screen, "Confirm cancel")
    await asked_by_the_providers_clock(late)
    outage.remove()
    late.scene.stripe.release_webhooks()

    await screen.changed(containing="is cancelled", timeout=30)

    ends = late.subscription["items"]["data"][0]["current_period_end"]
    assert f"**Stays on until:** <t:{ends}:f>" in screen.text
    assert "our error" not in screen.text
    log = await late.sam.wait_for_message(late.scene.log, containing="Subscription cancelled")
    assert f"**Ends:** <t:{ends}:D>" in log.text
    assert "refund" not in log.text


async def test_a_change_of_mind_while_the_provider_is_away_keeps_it_going(late: Stage) -> None:
    screen = await up_to_confirm(late)
    outage = late.scene.stripe.faults.add(path=SUBSCRIPTION, status=503)
    await late.mia.click(screen, "Confirm cancel")
    await until(lambda: outage.struck)

    answer = await late.mia.slash("resume", channel=late.here)
    outage.remove()

    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on", timeout=30)
    assert "Your last payment of $20.00 did not go through" in answer.message.text
    assert (late.subscription["status"], late.subscription["cancel_at"]) == ("past_due", None)


async def test_what_was_promised_for_a_later_date_is_never_ended_earlier(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    ends = stage.subscription["items"]["data"][0]["current_period_end"]
    assert f"<t:{ends}:f>" in screen.text
    outage = stage.scene.stripe.faults.add(path=SUBSCRIPTION, status=503)
    await stage.mia.click(screen, "Confirm cancel")
    # An extra invoice of the vendor's within the period has the same effect.
    stage.scene.stripe._world.store.get("subscription", stage.scene.mia_subscription)["status"] = (
        "past_due"
    )
    outage.remove()

    await screen.changed(containing="is cancelled", timeout=30)

    assert (stage.subscription["status"], stage.subscription["cancel_at"]) == ("past_due", ends)
    assert f"**Stays on until:** <t:{ends}:f>" in screen.text
    assert "run `/cancel` to end the plan now, so that nothing more is charged" in screen.text
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="is cancelled")
    assert "run /cancel to end the plan now, so that nothing more is charged" in mail.text


async def test_a_screen_that_shows_a_later_end_is_shown_again(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    await fail_the_renewal(stage)
    await stage.scene.stripe.drain()
    await stage.balance_saying(stage.mia, "Payment failed")

    await stage.mia.click(screen, "Confirm cancel")

    assert "**Pro ends at once**" in screen.text
    assert stage.subscription["status"] == "past_due"
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="**Ended:**")
    assert stage.subscription["status"] == "canceled"


async def test_s3_one_cancelled_in_the_portal_can_still_be_ended_at_once(late: Stage) -> None:
    """The portal lets it end with a period that is not paid, and goes on collecting for that."""
    late.scene.stripe.portal_cancel(late.scene.mia_subscription)
    balance = await late.balance_saying(late.mia, "**Status:** Cancelled. Ends on")
    assert "Nothing more is charged." not in balance.text
    assert "Run `/cancel` to end it now, so that nothing more is charged." in balance.text

    screen = await up_to_confirm(late)
    await late.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="**Ended:**")

    assert late.subscription["status"] == "canceled"
    assert open_invoice(late)["next_payment_attempt"] is None


async def test_a_customer_whom_the_vendor_deletes_meanwhile_has_left_all_the_same(
    late: Stage,
) -> None:
    screen = await up_to_confirm(late)
    late.scene.stripe.faults.add(method="GET", path=r"/v1/customers/", status=404)

    await late.mia.click(screen, "Confirm cancel")

    await screen.changed(containing="**Ended:**")


async def test_s28_balance_says_until_when_access_stays(late: Stage) -> None:
    """Grace: seven days from the start of the period that is not paid."""
    start = late.subscription["items"]["data"][0]["current_period_start"]
    until_when = f"<t:{start + 7 * 86_400}:D>"

    balance = await late.balance_of(late.mia)

    assert f"**Stays on until:** {until_when} (" in balance.text
    assert "Please check your card details, or ask your bank" in balance.text
    assert "1,000 of 1,000 credits left of the last period" in balance.text
    assert "New credits come as soon as the payment" in balance.text
    change_store(late, "UPDATE subscriptions SET period_start = period_start - ?", 60 * DAY_MS)
    over = await late.balance_of(late.mia)
    assert f"Pro is off since <t:{start - 53 * 86_400}:D>, until the payment" in over.text
    assert "Balance" not in over.text
    change_store(late, "UPDATE subscriptions SET status = 'unpaid'")
    unpaid = await late.balance_of(late.mia)
    assert "Pro is off until the open invoice is paid." in unpaid.text
    assert "tries again" not in unpaid.text
