"""Purchases while Stripe fails or the bot is killed: one page, one payment, one plan (S7, S8)."""

import asyncio

import pytest

from bot.sandbox.discord import DidNotRespond, Interaction, Message
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, StripeStrike, until
from tests.scenario.buying import (
    CONTINUE,
    LITE,
    MAX,
    checkout_page,
    go_on,
    link_on,
    look,
    pay,
    plans_of,
    press,
    run,
    sessions,
    use,
)
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm

PAGE = ("POST", r"/v1/checkout/sessions$")
LOOK_AT_PAGE = ("GET", r"/v1/checkout/sessions/cs_")
ACCOUNT = ("GET", r"/v1/customers/cus_")
END = ("DELETE", r"/v1/subscriptions/sub_")
CHANGED = {"price_pro_month": "canceled", "price_max_month": "active"}


async def consequence(stage: Stage) -> Message:
    """Mia has chosen Max in place of Pro, and reads what it does."""
    return await look(stage.mia, await run(stage, stage.mia, "change-plan"), MAX)


async def max_page(stage: Stage) -> str:
    """Where Mia pays for Max."""
    return link_on(await go_on(stage.mia, await consequence(stage)))


async def told_again(stage: Stage) -> None:
    """Stripe tells everything once more, in disorder, also what a killed process has not heard.

    Until nothing is left to do.
    """
    stripe = stage.scene.stripe
    stripe.hold_webhooks()
    for event in stripe.events:
        stripe.deliver_again(event["id"])
    stripe.release_webhooks(shuffle=True)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)


async def changed_once(stage: Stage) -> None:
    """One plan is on, it is the new one, it was paid once, and nothing is left to do."""
    await told_again(stage)
    assert plans_of(stage, stage.scene.mia_customer) == CHANGED
    charges = [each["amount"] for each in stage.scene.stripe.objects("charge")]
    assert charges == [2000, 6000]
    balance = await stage.balance_of(stage.mia)
    assert MAX in balance.text
    assert "5,000 of 5,000 credits left" in balance.text


@pytest.mark.parametrize("after_work", [False, True], ids=["not_made", "made"])
async def test_kill_9_while_the_page_is_asked_for(stage: Stage, after_work: bool) -> None:
    """Whoever presses again gets the page of the same purchase, whether it was made or not."""
    await stage.link_mia()
    screen = await consequence(stage)
    strike = StripeStrike(stage, *PAGE, after_work=after_work)
    await stage.mia.click(screen, CONTINUE)
    await strike.restart()

    again = await go_on(stage.mia, screen)

    assert len(sessions(stage)) == 1
    assert len(stage.rows("SELECT id FROM checkouts")) == 1
    await pay(stage, link_on(again))
    await changed_once(stage)


async def test_kill_9_before_the_page_is_written_down(stage: Stage) -> None:
    """The answer to the click is lost with the process, after the page was made."""
    await stage.link_mia()
    screen = await consequence(stage)
    strike = DiscordStrike(stage, "PATCH", r"^/webhooks/", after_work=False)
    await stage.mia.click(screen, CONTINUE)
    await strike.restart()

    await pay(stage, link_on(await go_on(stage.mia, screen)))

    assert len(sessions(stage)) == 1
    await changed_once(stage)


@pytest.mark.parametrize(
    ("asked", "after_work"),
    [
        (LOOK_AT_PAGE, False),
        (ACCOUNT, False),
        (END, False),
        (END, True),
    ],
    ids=["payment_not_seen", "not_brought_up_to_date", "old_plan_not_ended", "old_plan_ended"],
)
async def test_kill_9_after_the_payment(
    stage: Stage, asked: tuple[str, str], after_work: bool
) -> None:
    await stage.link_mia()
    screen = await consequence(stage)
    url = link_on(await go_on(stage.mia, screen))
    strike = StripeStrike(stage, *asked, after_work=after_work)

    await press(stage, url, "pay")
    await strike.restart()

    await changed_once(stage)
    await screen.changed(containing="Your plan is on")


async def test_kill_9_while_the_screen_is_filled_in(stage: Stage) -> None:
    await stage.link_mia()
    screen = await consequence(stage)
    url = link_on(await go_on(stage.mia, screen))
    strike = DiscordStrike(stage, "PATCH", r"^/webhooks/", after_work=True)

    await press(stage, url, "pay")
    await strike.restart()

    await changed_once(stage)
    assert "Your plan is on" in screen.text


@pytest.mark.parametrize("asked", [LOOK_AT_PAGE, ACCOUNT, END], ids=["page", "account", "end"])
@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
async def test_stripe_fails_after_the_payment_and_the_change_is_carried_out(
    stage: Stage, asked: tuple[str, str], after_work: bool
) -> None:
    await stage.link_mia()
    url = await max_page(stage)
    method, path = asked
    fault = stage.scene.stripe.faults.add(
        method=method, path=path, after_work=after_work, status=500, times=4
    )

    await press(stage, url, "pay")

    await until(lambda: fault.struck >= 1)
    await changed_once(stage)


async def test_s8_while_the_old_plan_cannot_be_ended_the_new_one_is_on_and_people_are_called(
    stage: Stage,
) -> None:
    await stage.link_mia()
    screen = await consequence(stage)
    url = link_on(await go_on(stage.mia, screen))
    refusal = stage.scene.stripe.faults.add(method="DELETE", path=END[1], status=402)

    await press(stage, url, "pay")

    await screen.changed(containing="Your plan is on")
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="the old one goes on")
    assert stage.scene.mia_subscription in logged.text
    await until(lambda: refusal.struck >= 2, seconds=30)
    refusal.remove()
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert plans_of(stage, stage.scene.mia_customer) == CHANGED
    told = [m for m in stage.sam.messages(stage.scene.log) if "the old one goes on" in m.text]
    assert len(told) == 1


async def test_two_clicks_at_once_make_one_page(stage: Stage) -> None:
    await stage.link_mia()
    first, second = await consequence(stage), await consequence(stage)

    pages = await asyncio.gather(go_on(stage.mia, first), go_on(stage.mia, second))

    assert len({link_on(page) for page in pages}) == 1
    assert len(sessions(stage)) == 1


async def answered(click: Interaction) -> None:
    """It says where to pay, or why not."""
    await click.until(lambda: click.edited or click.followups or None, seconds=30)


async def test_two_purchases_at_once_leave_one_page_to_pay_on(stage: Stage) -> None:
    """On her phone Mia takes Lite, on her computer Max."""
    await stage.link_mia()
    first = await consequence(stage)
    second = await look(stage.mia, await run(stage, stage.mia, "change-plan"), LITE)

    for click in await asyncio.gather(
        stage.mia.click(first, CONTINUE), stage.mia.click(second, CONTINUE)
    ):
        await answered(click)

    await jobs_done(stage)
    rows = stage.rows("SELECT id, state FROM checkouts WHERE state IN ('opening', 'open')")
    assert len(rows) == 1
    assert len([each for each in sessions(stage) if each["status"] == "open"]) == 1


async def test_s30_two_plans_that_renew_are_told_once_with_both_payments(stage: Stage) -> None:
    """While the page lay open, Mia bought Lite on the vendor's own site. Nothing is guessed."""
    await stage.link_mia()
    url = await max_page(stage)
    stage.scene.stripe.add_subscription(stage.scene.mia_customer, "price_lite_month")

    await pay(stage, url)

    assert plans_of(stage, stage.scene.mia_customer) == {**CHANGED, "price_lite_month": "active"}
    [told] = in_dm(stage.mia, "Two plans renew")
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="Two plans renew")
    intents = [each["id"] for each in stage.scene.stripe.objects("payment_intent")][-2:]
    for payment in intents:
        assert payment in told.text
        assert payment in logged.text
    assert "Lite, $9.00 monthly" in told.text
    assert "Max, $60.00 monthly" in told.text


async def test_s30_who_takes_no_direct_messages_gets_mail_and_so_does_the_team(
    stage: Stage,
) -> None:
    await stage.link_mia()
    stage.mia.accepts_dms = False
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")
    url = await max_page(stage)
    stage.scene.stripe.add_subscription(stage.scene.mia_customer, "price_lite_month")

    await pay(stage, url)

    mails = {
        mail.recipients[0]: mail.text
        for mail in stage.scene.mail.messages
        if "Two plans renew" in mail.subject
    }
    assert set(mails) == {"mia@example.com", "team@lumen.example"}
    assert "end the other one with /cancel" in mails["mia@example.com"]
    assert "Refunding the payment of the other one" in mails["team@lumen.example"]


async def test_a_page_that_was_given_up_and_paid_all_the_same_counts(stage: Stage) -> None:
    """Not every provider can close its pages."""
    await stage.link_mia()
    url = await max_page(stage)
    change_store(stage, "UPDATE checkouts SET state = 'closed', screen = NULL")

    await pay(stage, url)

    await changed_once(stage)


async def test_whoever_links_another_account_meanwhile_keeps_it(stage: Stage) -> None:
    """Noor starts to buy as somebody new, then links the account that she had all along."""
    url = await checkout_page(stage.noor, await run(stage, stage.noor, "subscribe"), LITE)
    customer = stage.scene.stripe.add_customer("noor@example.com")["id"]
    await stage.scene.link(stage.noor, "noor@example.com")

    await pay(stage, url)

    assert "Free plan" in (await stage.balance_of(stage.noor)).text
    [row] = stage.rows("SELECT id FROM customers WHERE user_id = ?", int(stage.noor.user.id))
    assert row["id"] == customer
    assert len(in_dm(stage.noor, "Paid under another billing account")) == 1
    logged = await stage.sam.wait_for_message(
        stage.scene.log, containing="Paid under another billing account"
    )
    assert customer in logged.text
    assert sessions(stage)[0]["customer"] in logged.text


async def test_s30_two_purchases_of_somebody_new_are_two_accounts(stage: Stage) -> None:
    url = await checkout_page(stage.noor, await run(stage, stage.noor, "subscribe"), LITE)
    customer = stage.scene.stripe.add_customer("noor@example.com")["id"]
    stage.scene.stripe.add_subscription(customer, "price_pro_month")
    await stage.scene.link(stage.noor, "noor@example.com")

    await pay(stage, url)

    [told] = in_dm(stage.noor, "Two plans renew")
    for each in stage.scene.stripe.objects("payment_intent")[-2:]:
        assert each["id"] in told.text
    assert in_dm(stage.noor, "Paid under another billing account") == []


async def test_a_plan_that_is_over_before_it_is_seen_ends_nothing(stage: Stage) -> None:
    """Paid and refunded at Stripe while the bot was away: Mia keeps what she had."""
    await stage.link_mia()
    url = await max_page(stage)
    await stage.bot.kill()
    stage.scene.stripe.hold_webhooks()
    await press(stage, url, "pay")
    bought = stage.scene.stripe.objects("subscription")[-1]["id"]
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{bought}")

    await stage.bot.start()
    stage.scene.stripe.release_webhooks()

    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert stage.subscription["status"] == "active"
    assert "Pro · $20.00 monthly" in (await stage.balance_of(stage.mia)).text
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="is over already")
    assert stage.scene.mia_subscription in logged.text


async def test_kill_9_before_mia_saw_an_answer(stage: Stage) -> None:
    """The click is lost; the second one goes on with the same purchase."""
    await stage.link_mia()
    screen = await consequence(stage)
    callback = r"^/interactions/\d+/[^/]+/callback$"
    strike = DiscordStrike(stage, "POST", callback, after_work=False)
    patience, stage.scene.discord.response_seconds = stage.scene.discord.response_seconds, 1.0
    clicking = asyncio.create_task(stage.mia.click(screen, CONTINUE))
    await strike.restart()
    with pytest.raises(DidNotRespond):
        await clicking
    stage.scene.discord.response_seconds = patience

    await pay(stage, link_on(await go_on(stage.mia, screen)))

    await changed_once(stage)


async def test_kill_9_while_a_top_up_is_credited(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    screen = await run(stage, stage.mia, "topup")
    answer = await stage.mia.choose(screen, "500 credits · $10.00")
    url = link_on(await answer.settled())
    strike = StripeStrike(stage, *ACCOUNT, after_work=True)

    await press(stage, url, "pay")
    await strike.restart()

    await told_again(stage)
    assert "500 of 1,500 credits left" in (await stage.balance_of(stage.mia)).text
    await screen.changed(containing="500 credits were added")
    entries = stage.rows("SELECT amount FROM ledger WHERE kind = 'top_up'")
    assert [row["amount"] for row in entries] == [500]
