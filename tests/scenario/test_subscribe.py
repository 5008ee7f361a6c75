"""/subscribe: Noor buys through the provider's own page, and Mia comes back (S7, S19, S20, R3)."""

import re
from urllib.parse import urlsplit

import pytest

from bot.sandbox.discord import Message, Persona
from bot.sandbox.scene import CODE
from bot.sandbox.stripe.shapes import checkout
from tests.scenario.bad_luck import RECOVERY_SECONDS
from tests.scenario.buying import (
    CONTINUE,
    LITE,
    MAX,
    NOOR_ADDRESS,
    checkout_page,
    go_on,
    look,
    pay,
    press,
    run,
    sessions,
    settled_text,
)
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import Stage


async def catalogue(stage: Stage, person: Persona) -> Message:
    """Run /subscribe."""
    return await run(stage, person, "subscribe")


async def test_s19_the_whole_catalogue_is_offered_in_words(stage: Stage) -> None:
    screen = await catalogue(stage, stage.noor)

    assert [option.label for option in screen.selects[0].options] == [
        "Lite · $9.00 monthly",
        "Lite · $90.00 yearly",
        "Pro · $20.00 monthly",
        "Pro · $200.00 yearly",
        MAX,
        "Max · $600.00 yearly",
    ]
    assert "never ask for a card number" in screen.text


async def test_what_it_costs_is_told_before_the_page_is_made(stage: Stage) -> None:
    screen = await look(stage.noor, await catalogue(stage, stage.noor), LITE)

    assert "**Charged today:** $9.00" in screen.text
    assert "**Lite starts** when the payment is complete." in screen.text  # S7
    assert "**After that:** $9.00 every month, until you cancel." in screen.text  # S10
    buttons = [(button.label, button.style) for button in screen.buttons]
    assert buttons == [(CONTINUE, 2), ("Not now", 2)]
    assert sessions(stage) == []
    left = await stage.noor.click(screen, "Not now")
    assert "Nothing was charged" in await settled_text(left)
    assert sessions(stage) == []


async def test_s7_s20_noor_buys_and_is_linked_without_a_code(stage: Stage) -> None:
    screen = await catalogue(stage, stage.noor)
    url = await checkout_page(stage.noor, screen)
    assert urlsplit(url).scheme == "https"
    assert urlsplit(url).hostname == "checkout.stripe.com"
    assert (
        "not linked" in (await stage.balance_of(stage.noor)).text
    )  # S7: nothing before it is paid

    status, page = await press(stage, url, "pay")

    assert status == 200
    assert "you have paid" in page
    [session] = sessions(stage)
    here = f"https://discord.com/channels/{stage.scene.guild.id}/{stage.here.id}"
    assert session["success_url"] == session["cancel_url"] == here
    await screen.changed(containing="Your plan is on")
    assert "300 of 300 credits left" in screen.text
    assert "**Renews:** <t:" in screen.text
    await jobs_done(stage)
    balance = await stage.balance_of(stage.noor)
    assert "**Status:** Active" in balance.text
    assert "300 of 300 credits left" in balance.text
    assert "[View](https://invoice.stripe.com/" in balance.text
    assert "Cancel subscription" in [button.label for button in balance.buttons]
    assert not [mail for mail in stage.scene.mail.messages if CODE.search(mail.text)]
    [customer] = stage.rows(
        "SELECT email FROM customers WHERE user_id = ?", int(stage.noor.user.id)
    )
    assert customer["email"] == NOOR_ADDRESS


async def test_s28_a_declined_card_changes_nothing_and_another_one_works(stage: Stage) -> None:
    url = await checkout_page(stage.noor, await catalogue(stage, stage.noor))

    status, _ = await press(stage, url, "decline")
    await jobs_done(stage)

    assert status == 402
    assert "not linked" in (await stage.balance_of(stage.noor)).text
    assert len(stage.scene.stripe.objects("subscription")) == 1  # Mia's
    assert "you have paid" in (await press(stage, url, "pay"))[1]
    await stage.balance_saying(stage.noor, "Lite · $9.00 monthly")


async def test_an_abandoned_checkout_leaves_nothing_behind(stage: Stage) -> None:
    await checkout_page(stage.noor, await catalogue(stage, stage.noor))

    await stage.scene.stripe.advance(days=2)
    await jobs_done(stage)

    assert [each["status"] for each in sessions(stage)] == ["expired"]
    assert "not linked" in (await stage.balance_of(stage.noor)).text
    assert LITE in [
        option.label for option in (await catalogue(stage, stage.noor)).selects[0].options
    ]


async def test_a_second_subscription_is_refused(stage: Stage) -> None:
    await stage.link_mia()

    answer = await catalogue(stage, stage.mia)

    assert "You already have a plan" in answer.text
    assert answer.selects == []
    assert [button.label for button in answer.buttons] == [
        "Change plan",
        "Balance",
        "Cancel subscription",
    ]


async def test_screens_from_before_the_purchase_sell_nothing_twice(stage: Stage) -> None:
    """Whoever buys and goes on with an older screen is told again what it would do by now."""
    older, oldest = await catalogue(stage, stage.noor), await catalogue(stage, stage.noor)
    older = await look(stage.noor, older, MAX)
    await pay(stage, await checkout_page(stage.noor, await catalogue(stage, stage.noor)))

    again = await go_on(stage.noor, older)
    assert "Something has changed since you looked" in again.text
    assert "Change Lite to Max" in again.text
    refused = await stage.noor.choose(oldest, LITE)

    assert refused.message is not None
    assert "already have this plan" in refused.message.text
    assert len(sessions(stage)) == 1


async def test_r3_a_cancelled_plan_is_resumed_instead_of_bought_again(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await jobs_done(stage)
    balance = await stage.balance_of(stage.mia)

    answer = await stage.mia.click(balance, "Subscribe (cancel anytime)")

    assert answer.message is not None
    assert "Your plan is still on" in answer.message.text
    assert [button.label for button in answer.message.buttons] == ["Resume", "Change plan"]


async def test_r3_who_has_left_comes_back_as_the_same_customer(stage: Stage) -> None:
    await stage.link_mia()
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)
    balance = await stage.balance_of(stage.mia)
    [ended] = [
        each
        for each in stage.scene.stripe.events
        if each["type"] == "customer.subscription.deleted"
    ]

    opened = await stage.mia.click(balance, "Subscribe (cancel anytime)")
    assert opened.message is not None
    url = await checkout_page(stage.mia, opened.message, MAX)
    assert [each["customer"] for each in sessions(stage)] == [stage.scene.mia_customer]
    await press(stage, url, "pay")

    await stage.balance_saying(stage.mia, MAX)
    stage.scene.stripe.deliver_again(ended["id"])  # S8
    await jobs_done(stage)
    after = await stage.balance_of(stage.mia)
    assert "5,000 of 5,000 credits left" in after.text
    assert "Cancel subscription" in [button.label for button in after.buttons]


async def test_a_declined_renewal_of_the_card_on_file_is_told_by_the_page(stage: Stage) -> None:
    await stage.link_mia()
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)
    url = await checkout_page(stage.mia, await catalogue(stage, stage.mia))

    status, _ = await press(stage, url, "pay")
    await jobs_done(stage)

    assert status == 402
    assert "Free plan" in (await stage.balance_of(stage.mia)).text


async def test_a_purchase_is_not_lost_while_the_bot_is_down(stage: Stage) -> None:
    url = await checkout_page(stage.noor, await catalogue(stage, stage.noor))
    await stage.bot.kill()

    assert "you have paid" in (await press(stage, url, "pay"))[1]
    await stage.scene.stripe.drain()
    # What nobody has taken is sent again once somebody is there, however long the start takes.
    stage.scene.stripe.hold_webhooks()
    await stage.bot.start()
    stage.scene.stripe.release_webhooks()

    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    await stage.balance_saying(stage.noor, LITE)


async def test_events_of_a_purchase_in_any_order_and_twice_grant_once(stage: Stage) -> None:
    stage.scene.stripe.hold_webhooks()
    url = await checkout_page(stage.noor, await catalogue(stage, stage.noor))
    await press(stage, url, "pay")

    stage.scene.stripe.release_webhooks(shuffle=True)
    await stage.scene.stripe.drain()
    for each in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(each["id"])
    await jobs_done(stage)

    assert "300 of 300 credits left" in (await stage.balance_of(stage.noor)).text


async def test_nobody_is_linked_to_a_customer_that_somebody_else_has(stage: Stage) -> None:
    """Noor pays on a page that was made for Mia: the plan is Mia's, and Noor is not linked."""
    await stage.link_mia()
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)
    url = await checkout_page(stage.mia, await catalogue(stage, stage.mia))

    await press(stage, url, "pay", email=NOOR_ADDRESS)

    await stage.balance_saying(stage.mia, LITE)
    assert "not linked" in (await stage.balance_of(stage.noor)).text


async def test_while_the_provider_is_silent_nothing_is_promised(stage: Stage) -> None:
    screen = await look(stage.noor, await catalogue(stage, stage.noor), LITE)
    outage = stage.scene.stripe.faults.add(path="/v1/checkout", status=503)

    text = (await go_on(stage.noor, screen)).text

    assert "Nothing was charged" in text
    assert "does not answer right now" in text
    outage.remove()
    again = await stage.noor.click(screen, "Try again")
    assert "starts as soon as the payment is complete" in await settled_text(again)


@pytest.mark.parametrize("status", [400, 402])
async def test_what_the_provider_refuses_is_told_as_that_and_the_team_hears_of_it_once_a_day(
    stage: Stage, status: int
) -> None:
    screen = await look(stage.noor, await catalogue(stage, stage.noor), LITE)
    refusing = stage.scene.stripe.faults.add(path="/v1/checkout", status=status)

    refused = await go_on(stage.noor, screen)

    assert "The payment provider did not allow this purchase" in refused.text
    assert "Nothing was charged" in refused.text
    assert "Our team has been told" in refused.text
    assert "try again" not in refused.text
    assert "answer" not in refused.text
    assert refused.buttons == []
    [reference] = re.findall(r"`(P-\w+)`", refused.text)
    # Noor and Mia try once more: that is not another matter.
    for person in (stage.noor, stage.mia):
        again = await go_on(person, await look(person, await catalogue(stage, person), LITE))
        assert reference not in again.text
    await jobs_done(stage)
    [told] = [m for m in stage.sam.messages(stage.scene.log) if "refuses a purchase" in m.text]
    for part in (reference, "`price_lite_month`", f"<@{stage.noor.user.id}>", "Next:"):
        assert part in told.text
    log = stage.bot.log.read_text()
    [entry] = [line for line in log.splitlines() if reference.removeprefix("P-") in line]
    assert "checkout_refused" in entry
    [code] = re.findall(r'"code": "(\w+)"', entry)
    assert f"`{code}`" in told.text

    refusing.remove()
    opened = await look(stage.noor, await catalogue(stage, stage.noor), LITE)
    assert CONTINUE not in [each.label for each in refused.buttons]
    assert "starts as soon as the payment is complete" in (await go_on(stage.noor, opened)).text


async def test_without_a_log_channel_the_team_hears_by_mail_of_what_is_refused(
    stage: Stage,
) -> None:
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")
    screen = await look(stage.noor, await catalogue(stage, stage.noor), LITE)
    stage.scene.stripe.faults.add(path="/v1/checkout", status=400)

    refused = await go_on(stage.noor, screen)
    await jobs_done(stage)

    [reference] = re.findall(r"`(P-\w+)`", refused.text)
    [mail] = [m for m in stage.scene.mail.messages if "refuses a purchase" in m.subject]
    assert reference in mail.text
    assert "`" not in mail.text


async def test_s22_a_checkout_page_on_another_host_is_not_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe can serve Checkout on a domain of the vendor's: one that is not allowed here."""
    made = checkout.checkout_session

    def elsewhere(session_id: str, **given: object) -> dict[str, object]:
        session: dict[str, object] = made(session_id, **given)  # type: ignore[arg-type]
        return session | {"url": f"https://pay.evil.example/c/pay/{session_id}"}

    monkeypatch.setattr(checkout, "checkout_session", elsewhere)
    screen = await look(stage.noor, await catalogue(stage, stage.noor), LITE)

    answer = await stage.noor.click(screen, CONTINUE)
    text = (await answer.followup()).text

    assert "The link was not shown" in text
    for message in stage.noor.messages(stage.here):
        assert "evil" not in message.text
        assert not [button for button in message.buttons if button.url]
