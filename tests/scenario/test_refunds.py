"""Max refunds a payment of Mia: /refund from the first look to the end of the plan (S11-S14)."""

import asyncio
import json

import pytest

from bot.sandbox.discord import SandboxRefusal
from bot.sandbox.scene import MIA_ADDRESS, PRO_MONTHLY
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.refunding import (
    GROUND,
    SAGA,
    audit_log_holds,
    audited,
    confirm,
    draft,
    look_up,
    nothing_happened,
    payment_of,
    pick,
    refunds,
)
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm


async def test_s11_a_refund_gives_all_back_once_and_ends_the_subscription(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)

    await confirm(stage, screen)

    await screen.changed(containing="Refunded $20.00", timeout=15)
    assert "Pro has ended" in screen.text
    [refund] = refunds(stage)
    assert (refund["amount"], refund["payment_intent"]) == (2000, payment_of(stage))
    assert refund["reason"] == "requested_by_customer"
    assert stage.subscription["status"] == "canceled"
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Refunded $20.00")
    assert stage.max.user.id in log.text
    assert GROUND in log.text
    await jobs_done(stage)
    assert len(refunds(stage)) == 1


async def test_s11_afterwards_the_plan_is_free_and_the_allowance_is_gone(stage: Stage) -> None:
    await stage.link_mia()
    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    screen = await draft(stage)
    await confirm(stage, screen)
    await screen.changed(containing="Refunded", timeout=15)

    balance = await stage.balance_saying(stage.mia, "Free plan")

    assert "credits left" not in balance.text
    labels = [button.label for button in balance.buttons]
    assert "Subscribe (cancel anytime)" in labels
    assert "Cancel subscription" not in labels


async def test_s12_the_member_is_told_twice_and_promised_neither_time_nor_way(
    stage: Stage,
) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await confirm(stage, screen)

    told = await stage.mia.wait_for_message("dm", containing="Refund of $20.00", timeout=15)
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="refund")
    await screen.changed(containing="Refunded")

    reference = screen.text.split("Reference: ")[1].split()[0]
    for text in (told.text, mail.text):
        assert "We have refunded $20.00 of your payment of $20.00" in text
        assert "The payment provider decides when the money arrives, and how." in text
        assert "your plan is Free" in text
        assert reference in text
        for promise in ("business day", "days", "week", "original payment method"):
            assert promise not in text
    await jobs_done(stage)
    assert len(in_dm(stage.mia, "Refund of")) == 1


async def test_the_moderator_sees_the_consequence_and_must_choose_a_ground(stage: Stage) -> None:
    await stage.link_mia()
    screen = await look_up(stage, stage.max, stage.mia)
    [choice] = screen.selects[0].options
    assert "$20.00" in choice.label
    assert choice.value == payment_of(stage)

    await stage.max.choose(screen, choice.value)

    assert "ends at once" in screen.text
    assert "The payment provider decides" in screen.text
    assert screen.button("Confirm: refund $20.00").disabled
    with pytest.raises(SandboxRefusal):
        await confirm(stage, screen)
    assert [option.label for option in screen.selects[0].options] == [
        "The service failed",
        "Charged twice",
        "Our error",
    ]
    await stage.max.choose(screen, "Charged twice")
    assert not screen.button("Confirm: refund $20.00").disabled
    await confirm(stage, screen)
    await screen.changed(containing="Refunded", timeout=15)
    [refund] = refunds(stage)
    assert refund["reason"] == "duplicate"
    assert refund["metadata"]["mooring_ground"] == "duplicate_charge"


async def test_the_audit_log_has_every_step_in_order_and_its_chain_holds(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await confirm(stage, screen)
    await screen.changed(containing="Refunded", timeout=15)

    rows = stage.rows("SELECT * FROM audit_log WHERE action LIKE 'refund.%' ORDER BY id")

    assert [row["action"] for row in rows] == SAGA
    assert [row["actor_id"] for row in rows] == [int(stage.max.user.id), None, None]
    assert {row["subject"] for row in rows} == {payment_of(stage)}
    details = json.loads(rows[-1]["details"])
    assert (details["amount"], details["currency"]) == (2000, "usd")
    assert details["provider_refund"] == refunds(stage)[0]["id"]
    assert await audit_log_holds(stage)


async def test_a_proven_duplicate_ends_nothing(stage: Stage) -> None:
    invoice = stage.subscription["latest_invoice"]
    first = payment_of(stage)
    twice = stage.scene.stripe.add_duplicate_payment(invoice)["payment_intent"]
    assert twice != first
    await stage.link_mia()
    screen = await draft(stage, payment=twice)
    assert "goes on" in screen.text

    await confirm(stage, screen)

    await screen.changed(containing="Refunded $20.00", timeout=15)
    [refund] = refunds(stage)
    assert refund["payment_intent"] == twice
    assert stage.subscription["status"] == "active"
    told = await stage.mia.wait_for_message("dm", containing="Refund of $20.00")
    assert "Pro goes on" in told.text
    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text


async def test_once_the_duplicate_is_refunded_the_other_payment_is_none_any_more(
    stage: Stage,
) -> None:
    invoice, first = stage.subscription["latest_invoice"], payment_of(stage)
    twice = stage.scene.stripe.add_duplicate_payment(invoice)["payment_intent"]
    await stage.link_mia()
    stale = await draft(stage, payment=first)
    assert "goes on" in stale.text
    screen = await draft(stage, payment=twice)
    await confirm(stage, screen)
    await screen.changed(containing="Refunded", timeout=15)

    answer = await confirm(stage, stale)

    assert answer.message is not None
    assert "Something changed" in answer.message.text
    assert len(refunds(stage)) == 1
    assert "ends at once" in (await pick(stage, stage.max, payment=first)).text


async def test_a_duplicate_that_bought_a_second_subscription_ends_that_one(stage: Stage) -> None:
    stripe = stage.scene.stripe
    second = stripe.add_subscription(stage.scene.mia_customer, PRO_MONTHLY)
    await stage.link_mia()
    screen = await draft(stage, payment=payment_of(stage, second["latest_invoice"]))

    await confirm(stage, screen)

    await screen.changed(containing="Refunded", timeout=15)
    assert stripe.get(second["id"])["status"] == "canceled"
    assert stage.subscription["status"] == "active"
    assert "Pro" in (await stage.balance_of(stage.mia)).text


async def test_a_payment_that_bought_no_subscription_ends_none(stage: Stage) -> None:
    charge = stage.scene.stripe.add_charge(stage.scene.mia_customer, 500)
    await stage.link_mia()
    screen = await draft(stage, payment=charge["payment_intent"])
    assert "did not buy a subscription" in screen.text

    await confirm(stage, screen)

    await screen.changed(containing="Refunded $5.00", timeout=15)
    assert stage.subscription["status"] == "active"


async def test_what_is_left_of_a_partly_refunded_payment_is_refunded(stage: Stage) -> None:
    partly = {"payment_intent": payment_of(stage), "amount": "500"}
    await call_stripe(stage, "POST", "/v1/refunds", partly)
    await stage.link_mia()
    screen = await draft(stage)
    assert "Refunded before:** $5.00" in screen.text

    await confirm(stage, screen)

    await screen.changed(containing="Refunded $15.00", timeout=15)
    assert sorted(refund["amount"] for refund in refunds(stage)) == [500, 1500]


async def test_a_part_ends_the_subscription_too_unless_the_vendor_says_otherwise(
    stage: Stage,
) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    asked = await stage.max.click(screen, "Change amount")
    assert asked.modal is not None
    await stage.max.submit(asked.modal, {"Amount": "5.00"})
    assert "Refund $5.00" in screen.text
    assert "ends at once" in screen.text

    await confirm(stage, screen)

    await screen.changed(containing="Refunded $5.00", timeout=15)
    assert [refund["amount"] for refund in refunds(stage)] == [500]
    assert stage.subscription["status"] == "canceled"


@pytest.mark.parametrize("typed", ["20.01", "0", "-5", "five", "1e9", "NaN", "0.001", "5,00,0"])
async def test_an_amount_that_cannot_be_refunded_is_refused(stage: Stage, typed: str) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    asked = await stage.max.click(screen, "Change amount")
    assert asked.modal is not None

    answer = await stage.max.submit(asked.modal, {"Amount": typed})

    assert answer.message is not None
    assert "$20.00" in answer.message.text
    assert not screen.button("Confirm: refund $20.00").disabled


async def test_a_double_click_refunds_once(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)

    await asyncio.gather(confirm(stage, screen), confirm(stage, screen))

    await stage.mia.wait_for_message("dm", containing="Refund of", timeout=15)
    await jobs_done(stage)
    assert len(refunds(stage)) == 1
    assert audited(stage) == SAGA
    assert len(in_dm(stage.mia, "Refund of")) == 1


async def test_two_moderators_at_once_refund_once(stage: Stage) -> None:
    stage.scene.guild.give_role(stage.sam.user, stage.scene.moderators)
    await stage.link_mia()
    by_max, by_sam = await draft(stage), await draft(stage, stage.sam)

    answers = await asyncio.gather(confirm(stage, by_max), confirm(stage, by_sam, stage.sam))

    said = [answer.message.text for answer in answers if answer.message is not None]
    assert sum("already being refunded" in text for text in said) == 1, said
    await stage.mia.wait_for_message("dm", containing="Refund of", timeout=15)
    await jobs_done(stage)
    assert len(refunds(stage)) == 1
    assert audited(stage) == SAGA


async def test_nothing_is_refunded_by_looking(stage: Stage) -> None:
    await stage.link_mia()

    await draft(stage)
    await jobs_done(stage)

    assert nothing_happened(stage)
    assert audited(stage) == []
