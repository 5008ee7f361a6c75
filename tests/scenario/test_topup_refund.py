"""A refunded top-up: what is left of it is taken back, and the plan goes on (S26)."""

from bot.sandbox.discord import Message
from tests.scenario.bad_luck import RECOVERY_SECONDS, StripeStrike
from tests.scenario.buying import link_on, pay, run
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.refunding import GROUND, confirm, pick
from tests.scenario.stage import Stage
from tests.scenario.vendor import account, report


async def used_up_and_topped_up(stage: Stage) -> str:
    """Mia has used 1,000 and 150 of the 500 that she bought; the payment of these."""
    await stage.link_mia()
    mia = stage.scene.mia_customer
    await report(stage, {"key": "month", "customer_id": mia, "amount": 1000})
    offer = await run(stage, stage.mia, "topup")
    chosen = await stage.mia.choose(offer, "500 credits · $10.00")
    await pay(stage, link_on(await chosen.settled(timeout=30)))
    await jobs_done(stage)
    await report(stage, {"key": "more", "customer_id": mia, "amount": 150})
    assert "350 of 1,500 credits left" in (await stage.balance_of(stage.mia)).text
    [row] = stage.rows("SELECT id FROM payments WHERE purpose = 'top_up'")
    return str(row["id"])


def top_ups(stage: Stage) -> list[int]:
    """What was added to the cycle, and what was taken back."""
    rows = stage.rows("SELECT amount FROM ledger WHERE kind = 'top_up' ORDER BY id")
    return [row["amount"] for row in rows]


async def refund(stage: Stage, payment: str) -> Message:
    """Max refunds it at the desk."""
    screen = await pick(stage, stage.max, payment=payment)
    assert (
        "Nothing ends: this payment was a top-up. What is left of it is taken back" in screen.text
    )
    await stage.max.choose(screen, GROUND)
    await confirm(stage, screen)
    return screen


async def test_s26_what_is_left_of_it_is_gone_and_the_plan_goes_on(stage: Stage) -> None:
    payment = await used_up_and_topped_up(stage)

    await refund(stage, payment)
    await jobs_done(stage)

    found = await account(stage, stage.scene.mia_customer)
    assert (found["has_access"], found["status"]) == (True, "active")
    assert (found["balance"]["topped_up"], found["balance"]["remaining"]) == (150, 0)
    assert "0 of 1,150 credits left" in (await stage.balance_of(stage.mia)).text


async def test_it_makes_no_difference_who_refunds_and_how_often_it_is_told(stage: Stage) -> None:
    """In two parts, in the provider's own dashboard, with every event delivered again."""
    payment = await used_up_and_topped_up(stage)

    for part in (400, 600):
        order = {"payment_intent": payment, "amount": str(part)}
        await call_stripe(stage, "POST", "/v1/refunds", order)
        await jobs_done(stage)
    for event in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(event["id"])
    await jobs_done(stage, seconds=30)

    assert top_ups(stage) == [500, -200, -150]
    assert (await account(stage, stage.scene.mia_customer))["balance"]["remaining"] == 0


async def test_a_refund_that_comes_back_brings_the_credits_back(stage: Stage) -> None:
    """The bank returns the money days later: Mia has paid for them after all."""
    payment = await used_up_and_topped_up(stage)
    await refund(stage, payment)
    await jobs_done(stage)
    [made] = stage.scene.stripe.objects("refund")

    stage.scene.stripe.fail_refund(made["id"])

    told = await stage.mia.wait_for_message("dm", containing="came back")
    assert "The credits that it took are yours again" in told.text
    await stage.sam.wait_for_message(stage.scene.refunds, containing="the top-up is there again")
    await jobs_done(stage)
    assert top_ups(stage) == [500, -350, 350]
    assert "350 of 1,500 credits left" in (await stage.balance_of(stage.mia)).text


async def test_kill_9_while_it_is_refunded(stage: Stage) -> None:
    payment = await used_up_and_topped_up(stage)
    strike = StripeStrike(stage, "POST", "/v1/refunds", after_work=True)

    await refund(stage, payment)
    await strike.restart()
    await jobs_done(stage, seconds=RECOVERY_SECONDS)

    assert top_ups(stage) == [500, -350]
