"""Lea's stories: the rules that every provider keeps, through Creem."""

from pathlib import Path

import pytest

from bot.sandbox.creem import shapes
from bot.sandbox.creem.records import Checkout
from bot.sandbox.scene import CONFIGURATION, LEA_ADDRESS
from tests.scenario.buying import (
    CONTINUE,
    MAX,
    PRO_YEARLY,
    checkout_page,
    link_on,
    look,
    use,
)
from tests.scenario.lea import (
    balance,
    confirm_cancel,
    link,
    open_command,
    pay,
    settled,
    subscription,
    transactions,
)
from tests.scenario.outside import everything_stored, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import EMAIL, REFERENCE, STORY, opened

SMALL, LARGE = "500 credits · $10.00", "2,500 credits · $40.00"
YEARLY = (
    '{ id = "prod_pro_year", provider = "creem", interval = "year", amount = 20000, '
    'currency = "usd" }'
)
CARD = "4242 4242 4242 4242"


async def top_up(stage: Stage, choice: str) -> None:
    """Buy one."""
    lea = stage.scene.people.lea
    answer = await lea.choose(await open_command(stage, "topup"), choice)
    await pay(stage, link_on(await answer.settled(timeout=30)))


async def test_s2_a_cancelled_plan_and_its_allowance_stay_until_the_end(stage: Stage) -> None:
    """S2, R3, R7, R8: what is paid for is kept, and nothing is given back."""
    await link(stage)
    use(stage, 300, stage.scene.lea_subscription)
    screen = await confirm_cancel(stage)
    await screen.changed(containing="is cancelled")

    await stage.scene.creem.advance(days=20)
    await settled(stage)

    shown = await balance(stage, "Cancelled. Stays on until")
    assert "700 of 1,000 credits left" in shown.text
    labels = [button.label for button in shown.buttons]
    assert "Subscribe (cancel anytime)" in labels
    assert "Cancel subscription" not in labels
    assert subscription(stage)["status"] == "scheduled_cancel"
    assert stage.scene.creem.objects("refund") == []


async def test_s17_s24_s25_s26_s27_top_ups_until_the_renewal(stage: Stage) -> None:
    """As many as she likes, for this period; a change of plan says that it would end them."""
    await link(stage)
    lea = stage.scene.people.lea
    refused = await open_command(stage, "topup")
    assert "You can top up once it is used up" in refused.text  # S24
    use(stage, 1000, stage.scene.lea_subscription)
    for choice in (SMALL, SMALL, LARGE):  # S25
        await top_up(stage, choice)
    shown = await balance(stage, "3,500 of 4,500 credits left")
    warned = await look(lea, await open_command(stage, "change-plan"), MAX)
    assert "**Your top-ups end too:** 3,500 credits of them are left" in warned.text  # S27
    stage.scene.creem.hold_webhooks()
    await stage.scene.creem.advance_to_period_end(stage.scene.lea_subscription)

    refreshed = await lea.click(shown, "Refresh")  # S17: no event has told of the renewal

    assert "1,000 of 1,000 credits left" in (await refreshed.settled(timeout=30)).text  # S26
    stage.scene.creem.release_webhooks()
    await settled(stage)
    await balance(stage, "1,000 of 1,000 credits left")


async def test_s9_s10_s15_s19_r10_a_year_at_a_price_that_is_sold_no_more(
    stage: Stage, tmp_path: Path
) -> None:
    """Lea goes over to a year and pays all of it. The vendor's next prices change nothing of it."""
    await link(stage)
    use(stage, 700, stage.scene.lea_subscription)
    plans = await open_command(stage, "plans")
    assert "### Pro · Your plan" in plans.text  # S19
    assert "Yearly: **$200.00** (saves $40.00, 16 %)" in plans.text
    lea = stage.scene.people.lea
    await pay(stage, await checkout_page(lea, await open_command(stage, "change-plan"), PRO_YEARLY))
    shown = await balance(stage, PRO_YEARLY)
    assert "1,000 of 1,000 credits left" in shown.text  # S9
    assert transactions(stage)[-1]["amount_paid"] == 20000  # R10
    [yearly] = [
        each for each in stage.scene.creem.objects("subscription") if each["status"] == "active"
    ]
    given = CONFIGURATION.read_text()
    assert YEARLY in given
    changed = tmp_path / "mooring.toml"
    changed.write_text(given.replace(YEARLY, YEARLY.replace("_year", "_2027")))
    stage.bot.environment["MOORING_CONFIG"] = str(changed)
    await stage.kill_and_restart()

    await stage.scene.creem.advance(days=40)
    assert len(transactions(stage)) == 2  # S10
    await stage.scene.creem.advance_to_period_end(yearly["id"])
    await settled(stage)

    assert transactions(stage)[-1]["amount_paid"] == 20000
    assert "1,000 of 1,000 credits left" in (await balance(stage, "Pro")).text  # S15
    told = await stage.sam.wait_for_message(stage.scene.log, containing="A price is missing")
    assert "`prod_pro_year`" in told.text


async def test_s22_links_lead_to_creem_or_nowhere(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when Creem's own answer holds another address."""
    await link(stage)
    lea = stage.scene.people.lea

    def elsewhere(record: Checkout) -> str:
        return f"https://checkout.creem.io.evil.example/{record.id}"

    with monkeypatch.context() as patched:
        patched.setattr(shapes, "checkout_url", elsewhere)
        screen = await look(lea, await open_command(stage, "change-plan"), MAX)
        refused = await (await lea.click(screen, CONTINUE)).followup()
    assert "The link was not shown" in refused.text
    opened_portal = await (await lea.slash("billing", channel=stage.here)).settled(timeout=30)

    [button] = [each for each in opened_portal.buttons if each.url]
    assert str(button.url).startswith("https://creem.io/")
    for message in lea.messages(stage.here):
        assert "evil" not in message.text
        assert not [each for each in message.buttons if each.url and "evil" in each.url]


async def test_s21_s29_s31_paid_unheard_and_a_ticket_about_it(stage: Stage) -> None:
    """No event tells of her payment: /help finds it. Her ticket asks for what is needed, and keeps
    no card number."""
    await link(stage)
    lea = stage.scene.people.lea
    stage.scene.creem.portal_cancel(stage.scene.lea_subscription)
    await balance(stage, "Free plan")
    await settled(stage)
    await checkout_page(lea, await open_command(stage, "subscribe"), MAX)
    stage.scene.creem.hold_webhooks()
    stage.scene.creem.pay_checkout(stage.scene.creem.objects("checkout")[-1]["id"])
    stage.scene.creem.discard_webhooks()
    stage.scene.creem.release_webhooks()
    assert "Free plan" in (await stage.balance_of(lea)).text

    answer = await lea.slash("help", channel=stage.here, topic="A payment failed, or looks wrong")
    found = await answer.settled(timeout=30)

    assert "Your payment has arrived" in found.text  # S29
    await jobs_done(stage)
    await balance(stage, MAX)
    asked = (await lea.click(found, "Open a ticket")).modal
    assert asked is not None
    assert [field.label for field in asked.fields] == [EMAIL, STORY, REFERENCE]  # S31
    payment = transactions(stage)[-1]["id"]
    answers = {EMAIL: LEA_ADDRESS, STORY: f"I paid with {CARD}", REFERENCE: payment}
    sent = await lea.submit(asked, answers)
    assert sent.message is not None
    ticket = await opened(stage, sent.message, by=lea)
    assert "was removed from your answers" in ticket.welcome.text  # S21
    assert payment in ticket.welcome.text.replace("\\", "")
    assert "4242 4242" not in everything_stored(stage)
