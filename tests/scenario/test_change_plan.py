"""/change-plan: Mia is told what it costs her, and then has one plan: the new one (S7-S10, S27)."""

import pytest

from bot.sandbox.discord import Message
from tests.scenario.buying import (
    CONTINUE,
    MAX,
    PRO_YEARLY,
    checkout_page,
    go_on,
    link_on,
    look,
    pay,
    plans_of,
    press,
    run,
    sessions,
    settled_text,
    use,
)
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm


async def change(stage: Stage) -> Message:
    """Run /change-plan."""
    return await run(stage, stage.mia, "change-plan")


def period_end(stage: Stage) -> int:
    """When Mia's period ends, by Stripe."""
    return int(stage.subscription["items"]["data"][0]["current_period_end"])


async def test_the_consequence_comes_before_anything_else(stage: Stage) -> None:
    """S7-S10, R10: what is charged, what starts and ends when, what is left, what comes then."""
    await stage.link_mia()
    use(stage, 360)

    screen = await look(stage.mia, await change(stage), MAX)

    end, text = period_end(stage), screen.text
    assert "Change Pro to Max · $60.00 monthly" in text
    assert "**Charged today:** $60.00, the full price" in text
    assert "**Max starts** when the payment is complete. Until then nothing changes." in text
    assert f"**Pro ends at that moment.** It is paid until <t:{end}:D> (<t:{end}:R>)." in text
    assert "not used and not refunded" in text
    assert "**Your credits start again:** 5,000 a month, 0 used." in text
    assert "What is left now ends: 640 of 1,000 credits of this month." in text
    assert "top-up" not in text
    assert "**After that:** $60.00 every month, until you cancel." in text
    buttons = [(button.label, button.style) for button in screen.buttons]
    assert buttons == [(CONTINUE, 2), ("Keep my plan", 2)]
    assert sessions(stage) == []


async def test_s7_s8_s9_s10_the_new_plan_takes_the_place_of_the_old_one(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    screen = await change(stage)
    url = await checkout_page(stage.mia, screen, MAX)
    assert "0 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text  # S7
    assert stage.subscription["status"] == "active"

    await pay(stage, url)

    await screen.changed(containing="Your plan is on")
    assert "5,000 of 5,000 credits left" in screen.text  # S9
    assert plans_of(stage, stage.scene.mia_customer) == {
        "price_pro_month": "canceled",
        "price_max_month": "active",
    }
    [ended] = [
        each
        for each in stage.scene.stripe.events
        if each["type"] == "customer.subscription.deleted"
    ]
    stage.scene.stripe.deliver_again(ended["id"])  # S8: its late event takes nothing away
    await jobs_done(stage)
    balance = await stage.balance_of(stage.mia)
    assert MAX in balance.text
    assert "5,000 of 5,000 credits left" in balance.text
    assert "**Renews:**" in balance.text
    assert in_dm(stage.mia, "Free") == []
    audited = stage.rows("SELECT action FROM audit_log WHERE action LIKE 'purchase.%' ORDER BY id")
    assert [row["action"] for row in audited] == ["purchase.started", "purchase.completed"]


async def test_s9_s10_a_switch_to_yearly_starts_again_and_goes_on_by_the_year(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 700)
    await pay(stage, await checkout_page(stage.mia, await change(stage), PRO_YEARLY))
    balance = await stage.balance_saying(stage.mia, PRO_YEARLY)
    assert "1,000 of 1,000 credits left" in balance.text
    [yearly] = [
        each for each in stage.scene.stripe.objects("subscription") if each["status"] == "active"
    ]
    charges = len(stage.scene.stripe.objects("charge"))

    await stage.scene.stripe.advance(days=40)
    assert len(stage.scene.stripe.objects("charge")) == charges
    await stage.scene.stripe.advance_to_period_end(yearly["id"])

    assert stage.scene.stripe.objects("charge")[-1]["amount"] == 20000


async def test_s16_balance_and_invoice_are_there_though_other_events_are_lost(stage: Stage) -> None:
    await stage.link_mia()
    screen = await change(stage)
    url = await checkout_page(stage.mia, screen, MAX)
    stage.scene.stripe.hold_webhooks()
    await press(stage, url, "pay")
    [paid] = [
        each
        for each in stage.scene.stripe.discard_webhooks()
        if each["type"] == "checkout.session.completed"
    ]
    stage.scene.stripe.release_webhooks()

    stage.scene.stripe.deliver_again(paid["id"])

    await screen.changed(containing="Your plan is on")
    assert "5,000 of 5,000 credits left" in screen.text
    assert stage.scene.stripe.objects("invoice")[-1]["hosted_invoice_url"] in screen.text  # S18
    await jobs_done(stage)


async def test_the_same_plan_and_interval_are_refused_with_a_sentence(stage: Stage) -> None:
    await stage.link_mia()

    answer = await stage.mia.choose(await change(stage), "Pro · $20.00 monthly")

    assert answer.message is not None
    assert "You already have this plan at this interval" in answer.message.text


async def test_a_cancelled_plan_of_the_same_kind_is_resumed_instead(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await jobs_done(stage)

    answer = await stage.mia.choose(await change(stage), "Pro · $20.00 monthly")

    assert answer.message is not None
    assert f"You have this plan until <t:{period_end(stage)}:D>" in answer.message.text
    assert "`/resume`" in answer.message.text


async def test_the_new_plan_renews_where_the_old_one_was_cancelled(stage: Stage) -> None:
    await stage.link_mia()
    end = period_end(stage)
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await jobs_done(stage)

    screen = await look(stage.mia, await change(stage), MAX)

    assert f"You have cancelled it, and it would go on until <t:{end}:D>" in screen.text
    assert "Max is not cancelled: it renews." in screen.text
    await pay(stage, link_on(await go_on(stage.mia, screen)))
    balance = await stage.balance_saying(stage.mia, MAX)
    assert "**Status:** Active" in balance.text


async def test_a_cancellation_that_was_begun_is_moot(stage: Stage) -> None:
    """The confirmation that lies open ends nothing any more, least of all the new plan."""
    await stage.link_mia()
    asked = await stage.mia.slash("cancel", channel=stage.here)
    assert asked.message is not None
    await pay(stage, await checkout_page(stage.mia, await change(stage), MAX))

    [attempt] = stage.rows("SELECT state, failure FROM cancel_attempts")
    assert (attempt["state"], attempt["failure"]) == ("timed_out", "replaced")
    answer = await stage.mia.click(asked.message, "Continue to cancel")
    assert answer.message is not None
    assert "was ended before" in answer.message.text
    again = await stage.mia.slash("cancel", channel=stage.here)
    assert again.message is not None
    assert "Cancel Max" in again.message.text


async def test_with_a_failed_payment_a_change_says_what_becomes_of_it(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)
    assert stage.subscription["status"] == "past_due"
    stage.scene.stripe.accept_payments(stage.scene.mia_customer)

    screen = await look(stage.mia, await change(stage), MAX)
    assert "Its last payment did not go through. Nothing more is charged for it." in screen.text
    await pay(stage, link_on(await go_on(stage.mia, screen)))
    paid = len(stage.scene.stripe.objects("charge"))
    await stage.scene.stripe.advance(days=20)

    assert len(stage.scene.stripe.objects("charge")) == paid
    assert plans_of(stage, stage.scene.mia_customer)["price_pro_month"] == "canceled"


async def test_a_paused_plan_ends_with_the_change(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    change_store(stage, "UPDATE subscriptions SET status = 'paused'")

    screen = await look(stage.mia, await change(stage), MAX)

    assert "It is paused, and cannot be continued after that." in screen.text


async def test_keeping_the_plan_closes_the_page(stage: Stage) -> None:
    await stage.link_mia()
    page = await go_on(stage.mia, await look(stage.mia, await change(stage), MAX))
    url = link_on(page)

    kept = await stage.mia.click(page, "Keep my plan")

    assert "Nothing was changed" in await settled_text(kept)
    await jobs_done(stage)
    assert [each["status"] for each in sessions(stage)] == ["expired"]
    assert "you have paid" not in (await press(stage, url, "pay"))[1]
    assert stage.subscription["status"] == "active"


async def test_a_changed_mind_leaves_one_page_to_pay_on(stage: Stage) -> None:
    await stage.link_mia()
    first = await checkout_page(stage.mia, await change(stage), MAX)

    second = await checkout_page(stage.mia, await change(stage), PRO_YEARLY)

    await jobs_done(stage)
    assert [each["status"] for each in sessions(stage)] == ["expired", "open"]
    assert "you have paid" not in (await press(stage, first, "pay"))[1]
    await pay(stage, second)
    await stage.balance_saying(stage.mia, PRO_YEARLY)


async def test_what_was_paid_unnoticed_is_not_sold_again(stage: Stage) -> None:
    """Mia has paid, the event is on its way, and she starts another purchase."""
    await stage.link_mia()
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    first = await checkout_page(stage.mia, await change(stage), MAX)
    await press(stage, first, "pay")

    answer = await go_on(stage.mia, await look(stage.mia, await change(stage), PRO_YEARLY))

    assert "Your earlier payment is complete" in answer.text
    assert MAX in answer.text
    assert len(sessions(stage)) == 1
    stage.scene.stripe.release_webhooks(shuffle=True)
    await jobs_done(stage)
    assert plans_of(stage, stage.scene.mia_customer) == {
        "price_pro_month": "canceled",
        "price_max_month": "active",
    }


async def test_what_has_changed_since_is_agreed_to_again(stage: Stage) -> None:
    """S15, S27: the period has renewed while the screen lay open, so there is more to lose."""
    await stage.link_mia()
    screen = await look(stage.mia, await change(stage), MAX)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)

    again = await go_on(stage.mia, screen)

    assert "Something has changed since you looked" in again.text
    assert f"paid until <t:{period_end(stage)}:D>" in again.text
    assert sessions(stage) == []
    assert "starts as soon as" in (await go_on(stage.mia, again)).text


async def test_s27_top_ups_that_would_be_lost_are_named(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    offer = await run(stage, stage.mia, "topup")
    paying = await stage.mia.choose(offer, "500 credits · $10.00")
    await pay(stage, link_on(await paying.settled()))
    use(stage, 200)

    screen = await look(stage.mia, await change(stage), MAX)

    assert "**Your top-ups end too:** 300 credits of them are left" in screen.text
    await pay(stage, link_on(await go_on(stage.mia, screen)))
    balance = await stage.balance_saying(stage.mia, MAX)
    assert "5,000 of 5,000 credits left" in balance.text


async def test_another_plan_that_goes_on_is_named(stage: Stage) -> None:
    """The vendor has sold Mia a second plan by other means, later."""
    await stage.scene.stripe.advance(seconds=1)
    stage.scene.stripe.add_subscription(stage.scene.mia_customer, "price_lite_month")
    await stage.link_mia()

    screen = await look(stage.mia, await change(stage), MAX)

    assert "Change Lite to Max" in screen.text
    assert "**You also have Pro.** It goes on" in screen.text


async def test_a_plan_that_renewed_once_more_is_looked_at_by_a_person(stage: Stage) -> None:
    """The page lay open over the end of the period: the old plan was charged again (S30)."""
    await stage.link_mia()
    screen = await look(stage.mia, await change(stage), MAX)
    await stage.scene.stripe.advance(to=period_end(stage) - 7200)
    url = link_on(await go_on(stage.mia, screen))
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)

    await pay(stage, url)

    logged = await stage.sam.wait_for_message(stage.scene.log, containing="charged once more")
    renewal = stage.scene.stripe.objects("payment_intent")[-2]["id"]
    assert renewal in logged.text
    assert len(in_dm(stage.mia, "charged once more")) == 1


@pytest.mark.parametrize("paid_by", ["unlinked", "free"])
async def test_without_a_plan_there_is_nothing_to_change(stage: Stage, paid_by: str) -> None:
    if paid_by == "unlinked":
        answer = await run(stage, stage.noor, "change-plan")
        assert "not linked" in answer.text
        return
    await stage.link_mia()
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)
    assert "Choose a plan" in (await change(stage)).text
