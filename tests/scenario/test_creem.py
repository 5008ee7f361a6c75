"""Lea pays through Creem: what she and the team see is what Mia's side sees of Stripe."""

import pytest

from bot.sandbox.scene import LEA_ADDRESS
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.lea import (
    ANSWERS,
    balance,
    confirm_cancel,
    draft_refund,
    link,
    open_cancel,
    settled,
    subscription,
    transactions,
)
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.refunding import SAGA, audited, draft
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm

HOUR = 3600 * 1000


async def test_s18_lea_links_and_sees_her_balance(stage: Stage) -> None:
    await link(stage)

    shown = await balance(stage, "Pro · $20.00 monthly")

    assert "**Status:** Active" in shown.text
    assert "1,000 of 1,000 credits left" in shown.text
    assert "$20.00 · in the billing portal" in shown.text
    assert "Billing portal" in [button.label for button in shown.buttons]


async def test_s1_s5_s6_lea_cancels_and_resumes(stage: Stage) -> None:
    """R1, R2, R4-R7: with the same screens as everybody."""
    await link(stage)
    shown = await balance(stage, "Pro · $20.00 monthly")
    assert "Cancel subscription" in [button.label for button in shown.buttons]  # R2
    screen, modal = await open_cancel(stage)
    assert "Open a ticket" in [button.label for button in screen.buttons]  # R1
    await stage.scene.people.lea.submit(modal, ANSWERS)
    await stage.scene.people.lea.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")
    assert subscription(stage)["status"] == "scheduled_cancel"
    await balance(stage, "Cancelled. Stays on until")  # S2
    await stage.scene.mail.wait_for(to=LEA_ADDRESS, containing="Reference")

    answer = await stage.scene.people.lea.slash("resume", channel=stage.here)
    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on")

    assert subscription(stage)["status"] == "active"
    await stage.scene.creem.advance_to_period_end(stage.scene.lea_subscription)
    await settled(stage)
    assert len(transactions(stage)) == 2
    await balance(stage, "1,000 of 1,000 credits left")


async def test_s3_s4_at_the_end_nothing_is_charged_and_the_plan_is_free(stage: Stage) -> None:
    await link(stage)
    screen = await confirm_cancel(stage)
    await screen.changed(containing="is cancelled")

    await stage.scene.creem.advance_to_period_end(stage.scene.lea_subscription)
    await stage.scene.creem.advance(days=40)
    await settled(stage)

    await balance(stage, "Free plan")
    assert len(transactions(stage)) == 1


async def test_cancelled_in_creems_own_portal_it_is_over_at_once(stage: Stage) -> None:
    await link(stage)

    stage.scene.creem.portal_cancel(stage.scene.lea_subscription)

    shown = await balance(stage, "Free plan")
    assert "credits left" not in shown.text


async def test_s16_a_renewal_is_shown_as_soon_as_it_is_paid(stage: Stage) -> None:
    await link(stage)
    await stage.scene.creem.advance_to_period_end(stage.scene.lea_subscription)
    await settled(stage)

    assert "1,000 of 1,000 credits left" in (await balance(stage, "Pro · $20.00")).text
    for told in stage.scene.creem.events:
        stage.scene.creem.resend(told)
    await settled(stage)

    grants = stage.rows(
        "SELECT amount FROM ledger WHERE kind = 'grant' AND subscription_id = ?",
        stage.scene.lea_subscription,
    )
    assert [row["amount"] for row in grants] == [1000, 1000]


async def test_s28_a_failed_renewal_keeps_access_for_the_grace_period(stage: Stage) -> None:
    """Creem leaves the old period where it was; that must not end access early."""
    await link(stage)
    stage.scene.creem.decline_payments(stage.scene.lea_customer)
    await stage.scene.creem.advance_to_period_end(stage.scene.lea_subscription)
    await settled(stage)

    shown = await balance(stage, "Payment failed")

    assert "Stays on until" in shown.text
    stage.scene.creem.accept_payments(stage.scene.lea_customer)
    await stage.scene.creem.advance(days=4)
    await settled(stage)
    await balance(stage, "**Status:** Active")


async def test_s11_max_refunds_all_that_is_left_and_the_plan_ends(stage: Stage) -> None:
    await link(stage)
    screen = await draft_refund(stage)
    assert [button.label for button in screen.buttons] == ["Confirm: refund $20.00"]
    assert "gives back all that is left, or nothing" in screen.text

    await stage.max.click(screen, "Confirm: refund $20.00")

    await screen.changed(containing="Refunded $20.00", timeout=RECOVERY_SECONDS)
    assert "Pro has ended" in screen.text
    [paid] = transactions(stage)
    assert (paid["status"], paid["refunded_amount"]) == ("refunded", 2000)
    assert subscription(stage)["status"] == "canceled"
    await settled(stage)
    await balance(stage, "Free plan")
    assert len(stage.scene.creem.objects("refund")) == 1
    assert len(in_dm(stage.scene.people.lea, "Refund of $20.00")) == 1


async def test_a_part_is_refused_with_a_reason_where_it_cannot_be_given_back(stage: Stage) -> None:
    """The screen offers no other amount; the desk does not rely on that."""
    await stage.link_mia()
    screen = await draft(stage)
    opened = await stage.max.click(screen, "Change amount")
    assert opened.modal is not None
    await jobs_done(stage)
    change_store(stage, "UPDATE payments SET provider = 'creem'")

    answer = await stage.max.submit(opened.modal, {"Amount": "5.00"})

    assert answer.message is not None
    assert "cannot give back a part of it" in answer.message.text
    assert "$20.00" in answer.message.text
    [kept] = stage.rows("SELECT amount, state FROM refunds")
    assert tuple(kept) == (2000, "draft")


async def test_a_disputed_payment_is_told_and_not_refunded(stage: Stage) -> None:
    """Creem's API has no disputes of its own to be looked at: the payment shows it."""
    await link(stage)
    payment = transactions(stage)[0]["id"]

    stage.scene.creem.open_dispute(payment)

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Payment disputed")
    assert payment in log.text
    member = stage.scene.people.lea.user
    screen = (await stage.max.slash("refund", channel=stage.here, member=member)).message
    assert screen is not None
    refused = (await stage.max.choose(screen, payment)).message
    assert refused is not None
    assert "This payment is disputed, so it cannot be refunded" in refused.text
    assert stage.scene.creem.objects("refund") == []


@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
@pytest.mark.parametrize("asked", ["/v1/refunds$", "/cancel$"], ids=["refund", "end"])
async def test_kill_9_in_a_refund_moves_money_once(
    stage: Stage, asked: str, after_work: bool
) -> None:
    """Creem has no idempotency keys: what was done is read before anything is asked again."""
    await link(stage)
    screen = await draft_refund(stage)
    fault = stage.scene.creem.faults.add(
        method="POST", path=asked, hold=True, drop=True, times=1, after_work=after_work
    )

    await stage.max.click(screen, "Confirm: refund $20.00")
    await until(lambda: fault.struck)
    await stage.bot.kill()
    fault.remove()
    await stage.bot.start()

    await screen.changed(containing="Refunded $20.00", timeout=RECOVERY_SECONDS)
    await settled(stage, seconds=RECOVERY_SECONDS)
    [made] = stage.scene.creem.objects("refund")
    assert made["refund_amount"] == 2000
    assert subscription(stage)["status"] == "canceled"
    assert audited(stage) == SAGA
    assert len(in_dm(stage.scene.people.lea, "Refund of $20.00")) == 1


@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
async def test_kill_9_in_a_cancellation_cancels_once(stage: Stage, after_work: bool) -> None:
    await link(stage)
    fault = stage.scene.creem.faults.add(
        method="POST", path="/cancel$", hold=True, drop=True, times=1, after_work=after_work
    )

    screen = await confirm_cancel(stage)
    await until(lambda: fault.struck)
    await stage.bot.kill()
    fault.remove()
    change_store(stage, f"UPDATE jobs SET lease_until = lease_until + {HOUR}")  # noqa: S608
    await stage.bot.start()

    await screen.changed(containing="is cancelled", timeout=RECOVERY_SECONDS)
    # The next process is alone on the file, and waits for no lease to run out.
    assert "jobs_taken_over" in stage.bot.log.read_text()
    assert subscription(stage)["status"] == "scheduled_cancel"
    scheduled = [
        each["eventType"]
        for each in stage.scene.creem.events
        if each["eventType"] == "subscription.scheduled_cancel"
    ]
    assert len(scheduled) == 1


async def test_while_creem_is_down_it_never_says_cancelled(stage: Stage) -> None:
    """Fairness 5. Stripe's members notice nothing of it."""
    await link(stage)
    await stage.link_mia()
    outage = stage.scene.creem.faults.add(path="/v1/", status=503)

    screen = await confirm_cancel(stage)

    assert "Cancellation requested" in screen.text
    refreshed = await stage.mia.click(await stage.balance_of(stage.mia), "Refresh")
    assert "does not answer" not in (await refreshed.settled()).text
    outage.remove()
    await screen.changed(containing="is cancelled", timeout=RECOVERY_SECONDS)
    assert subscription(stage)["status"] == "scheduled_cancel"
