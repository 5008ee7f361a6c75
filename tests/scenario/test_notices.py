"""What members are told without asking, each once (S4, S16, S18, S28)."""

import json
import re
import time
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import API_SECRET, CONFIGURATION, MIA_ADDRESS
from bot.web.signing import digest_of
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike
from tests.scenario.buying import LITE, NOOR_ADDRESS, checkout_page, press, run
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel
from tests.scenario.ticketing import in_dm

DAY = 86_400
RECEIVED = "Payment received"


def labels(message: Message) -> list[str | None]:
    return [button.label for button in message.buttons]


async def renew(stage: Stage) -> None:
    """Mia's month is over, and Stripe charges the next one."""
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)


def period(stage: Stage) -> tuple[int, int]:
    """When Mia's present period began, and when it ends."""
    item = stage.subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


async def bring_forward(stage: Stage, key: str) -> None:
    """The time of a reminder has come."""
    assert stage.rows("SELECT id FROM jobs WHERE key LIKE ? AND done_at IS NULL", f"{key}%")
    now = int(time.time() * 1000)
    change_store(stage, "UPDATE jobs SET run_at = ? WHERE key LIKE ?", now, f"{key}%")
    await jobs_done(stage)


async def switch(stage: Stage, screen: Message, label: str) -> Message:
    answer = await stage.mia.click(screen, label)
    return await answer.settled()


# --- payments ---


async def test_s16_s18_a_renewal_is_told_with_balance_date_and_invoice(stage: Stage) -> None:
    await stage.link_mia()
    await renew(stage)
    for event in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(event["id"])
    await jobs_done(stage)

    [message] = in_dm(stage.mia, RECEIVED)

    assert "## Payment received: $20.00" in message.text
    assert "**Balance:** 1,000 of 1,000 credits left" in message.text
    assert f"**Renews:** <t:{period(stage)[1]}:D>" in message.text
    assert "You can switch this off with `/notices`" in message.text
    assert labels(message) == ["Invoice", "Balance", "Cancel subscription"]
    newest = stage.scene.stripe.objects("invoice")[-1]
    assert message.buttons[0].url == newest["hosted_invoice_url"]
    opened = await stage.mia.click(message, "Cancel subscription")
    assert opened.message is not None
    assert "Cancel Pro" in opened.message.text


async def test_nothing_is_told_of_what_was_paid_before_somebody_linked(stage: Stage) -> None:
    for _ in range(2):
        await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)

    await stage.link_mia()
    await jobs_done(stage)

    assert in_dm(stage.mia, RECEIVED) == []
    mails = [mail for mail in stage.scene.mail.messages if RECEIVED in mail.subject]
    assert mails == []


async def test_s16_whoever_takes_no_direct_messages_is_told_by_mail(stage: Stage) -> None:
    await stage.link_mia()
    stage.mia.accepts_dms = False

    await renew(stage)

    mails = [mail for mail in stage.scene.mail.messages if RECEIVED in mail.subject]
    [mail] = mails
    assert mail.recipients == (MIA_ADDRESS,)
    newest = stage.scene.stripe.objects("invoice")[-1]
    for part in ("1,000 of 1,000 credits left", newest["hosted_invoice_url"], "/notices"):
        assert part in mail.text
    for markup in ("**", "<t:", "`"):
        assert markup not in mail.text
    assert in_dm(stage.mia, RECEIVED) == []


@pytest.mark.parametrize("after_work", [False, True])
async def test_kill_9_around_the_message_and_it_is_told_once(
    stage: Stage, after_work: bool
) -> None:
    await stage.link_mia()
    strike = DiscordStrike(stage, "POST", r"/channels/\d+/messages$", after_work=after_work)

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await strike.restart()

    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert len(in_dm(stage.mia, RECEIVED)) == 1


async def test_s16_a_first_purchase_is_told_once_in_whatever_order_events_come(
    stage: Stage,
) -> None:
    """Noor is linked by her purchase: its payment may be seen before that."""
    stage.scene.stripe.hold_webhooks()
    url = await checkout_page(stage.noor, await run(stage, stage.noor, "subscribe"))
    await press(stage, url, "pay")
    stage.scene.stripe.release_webhooks(shuffle=True)
    await jobs_done(stage)
    for event in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(event["id"])
    await jobs_done(stage)

    [message] = in_dm(stage.noor, RECEIVED)

    assert f"**Plan:** {LITE}" in message.text
    assert "300 of 300 credits left" in message.text
    assert "/notices" not in message.text  # it confirms a contract, so it has no switch


# --- the switches ---


async def test_what_may_be_switched_off_is_off_until_it_is_switched_on(stage: Stage) -> None:
    await stage.link_mia()
    screen = await run(stage, stage.mia, "notices")
    assert "**Payments** · on" in screen.text

    off = await switch(stage, screen, "Payments: switch off")
    assert "**Payments** · off" in off.text
    await renew(stage)
    assert in_dm(stage.mia, RECEIVED) == []

    fresh = await run(stage, stage.mia, "notices")
    assert "**Payments** · off" in fresh.text
    assert "**Card** · on" in fresh.text
    on = await switch(stage, fresh, "Payments: switch on")
    assert "**Payments** · on" in on.text
    await renew(stage)
    assert len(in_dm(stage.mia, RECEIVED)) == 1


async def test_what_could_cost_money_has_no_switch(stage: Stage) -> None:
    screen = await run(stage, stage.noor, "notices")

    assert labels(screen) == [
        "Payments: switch off",
        "Card: switch off",
        "End of plan: switch off",
        "Allowance: switch off",
    ]
    for word in ("failed", "trial", "renews", "refunds"):
        assert word in screen.text


# --- what goes wrong ---


async def test_s28_a_declined_renewal_says_why_what_helps_and_until_when(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)

    await renew(stage)

    [message] = in_dm(stage.mia, "did not go through")
    assert "There was not enough money for it." in message.text
    assert "use another card" in message.text
    grace_end = period(stage)[0] + 7 * DAY
    assert f"**Pro stays on until <t:{grace_end}:D>.**" in message.text
    assert labels(message) == ["Update card", "Balance", "Cancel subscription"]
    assert "/notices" not in message.text
    assert in_dm(stage.mia, RECEIVED) == []

    stage.scene.stripe.accept_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance(days=8)
    await jobs_done(stage)
    assert len(in_dm(stage.mia, "did not go through")) == 1


async def test_s28_a_declined_renewal_is_told_by_mail_where_messages_are_closed(
    stage: Stage,
) -> None:
    await stage.link_mia()
    stage.mia.accepts_dms = False
    stage.scene.stripe.decline_payments(stage.scene.mia_customer, decline_code="stolen_card")

    await renew(stage)

    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="did not go through")
    assert "The bank did not say why." in mail.text
    assert "stolen" not in mail.text
    assert "https://account.lumen.example/subscription" in mail.text


async def test_s4_the_end_of_a_plan_is_told_with_the_way_back(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    await jobs_done(stage)
    assert in_dm(stage.mia, "Pro has ended") == []

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.scene.stripe.advance(days=1)
    await jobs_done(stage)

    [message] = in_dm(stage.mia, "Pro has ended")
    assert "Your plan is Free now" in message.text
    assert "nothing more is charged" in message.text
    opened = await stage.mia.click(message, "Subscribe (cancel anytime)")
    assert opened.message is not None
    assert opened.message.selects


async def test_s4_the_end_comes_by_the_clock_when_stripe_tells_nothing(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    stage.scene.stripe.discard_webhooks()
    mia = stage.scene.mia_subscription
    [known] = stage.rows("SELECT cancel_at FROM subscriptions WHERE id = ?", mia)
    assert known["cancel_at"] > time.time() * 1000

    # The store's end of the period is moved instead of the bot's clock.
    ended = int(time.time()) * 1000
    change_store(stage, "UPDATE subscriptions SET cancel_at = ? WHERE id = ?", ended, mia)
    change_store(
        stage,
        "UPDATE jobs SET run_at = ?, payload = json_set(payload, '$.ends_at', ?) "
        "WHERE kind = 'subscription.period_over'",
        ended,
        ended // 1000,
    )

    await stage.mia.wait_for_message("dm", containing="Pro has ended")
    assert "Free plan" in (await stage.balance_of(stage.mia)).text


# --- the allowance ---


async def report_usage(stage: Stage, key: str, amount: int) -> None:
    """The vendor's backend counts what Mia has used."""
    entry = {"key": key, "customer_id": stage.scene.mia_customer, "amount": amount}
    body, sent_at = json.dumps({"entries": [entry]}).encode(), f"{time.time():.6f}"
    digest = digest_of(API_SECRET, time=sent_at, method="POST", target="/v1/usage", body=body)
    headers = {"Mooring-Signature": f"t={sent_at},v1={digest.hex()}"}
    url = f"http://127.0.0.1:{stage.bot.environment['WEB_PORT']}/v1/usage"
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            url, data=body, headers={**headers, "Content-Type": "application/json"}
        ) as response,
    ):
        assert response.status == 200, await response.text()


async def test_a_used_up_allowance_is_told_once_with_a_way_to_get_more(stage: Stage) -> None:
    await stage.link_mia()
    await report_usage(stage, "a", 999)
    await jobs_done(stage)
    assert in_dm(stage.mia, "used up") == []

    await report_usage(stage, "b", 1)
    await report_usage(stage, "c", 5)
    await jobs_done(stage)

    [message] = in_dm(stage.mia, "Your credits are used up")
    assert "all 1,000 credits of this month" in message.text
    assert f"New credits come on <t:{period(stage)[1]}:D>" in message.text
    assert labels(message) == ["Top up", "Balance"]
    opened = await stage.mia.click(message, "Top up")
    assert (await opened.settled()).selects


async def test_where_no_top_up_is_sold_none_is_offered(stage: Stage, tmp_path: Path) -> None:
    await stage.link_mia()
    given = CONFIGURATION.read_text()
    changed = tmp_path / "mooring.toml"
    changed.write_text(re.sub(r"\[\[catalogue\.top_ups\]\]\n(?:.+\n)+", "", given))
    assert changed.read_text() != given
    stage.bot.environment["MOORING_CONFIG"] = str(changed)
    await stage.kill_and_restart()

    await report_usage(stage, "a", 1000)
    await jobs_done(stage)

    [message] = in_dm(stage.mia, "Your credits are used up")
    assert "New credits come on" in message.text
    assert "top" not in message.text.casefold()
    assert labels(message) == ["Balance"]


# --- what is coming ---


async def test_a_yearly_renewal_is_told_before_it_comes(stage: Stage) -> None:
    noor = stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"]
    made = stage.scene.stripe.add_subscription(noor, "price_pro_year")
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    await jobs_done(stage)
    end = made["items"]["data"][0]["current_period_end"]
    [job] = stage.rows("SELECT run_at FROM jobs WHERE key LIKE 'notice:renewal_coming:%'")
    assert job["run_at"] == (end - 30 * DAY) * 1000

    await bring_forward(stage, "notice:renewal_coming:")

    [message] = in_dm(stage.noor, "Pro renews on")
    assert "$200.00 is charged, yearly" in message.text
    assert f"<t:{end}:D>" in message.text
    assert "/cancel" in message.text
    assert "Cancel subscription" in labels(message)
    assert "/notices" not in message.text


async def test_a_yearly_renewal_that_was_called_off_is_not_told(stage: Stage) -> None:
    noor = stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"]
    made = stage.scene.stripe.add_subscription(noor, "price_pro_year")
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    stage.scene.stripe.portal_cancel(made["id"])
    await jobs_done(stage)

    await bring_forward(stage, "notice:renewal_coming:")

    assert in_dm(stage.noor, "renews on") == []


async def test_a_yearly_renewal_that_was_called_off_is_told_once_when_it_is_resumed(
    stage: Stage,
) -> None:
    noor = stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"]
    made = stage.scene.stripe.add_subscription(noor, "price_pro_year")
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    stage.scene.stripe.portal_cancel(made["id"])
    await stage.scene.stripe.advance(days=340)
    await jobs_done(stage)
    await the_reminder_is_due(stage)
    assert in_dm(stage.noor, "renews on") == []

    for _ in range(2):
        await stage.noor.slash("resume", channel=stage.here)
        await jobs_done(stage)
        await the_reminder_is_due(stage)
        stage.scene.stripe.portal_cancel(made["id"])
        await jobs_done(stage)

    assert len(in_dm(stage.noor, "Pro renews on")) == 1


async def the_reminder_is_due(stage: Stage) -> None:
    """The bot's clock has come as far as Stripe's."""
    now = int(time.time() * 1000)
    change_store(
        stage,
        "UPDATE jobs SET run_at = ? WHERE key LIKE 'notice:renewal_coming:%' AND done_at IS NULL",
        now,
    )
    await jobs_done(stage)


async def test_the_end_of_a_trial_is_told_before_the_first_charge(stage: Stage) -> None:
    noor = stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"]
    made = stage.scene.stripe.add_subscription(noor, "price_pro_month", trial_days=5)
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    await jobs_done(stage)

    [message] = in_dm(stage.noor, "Your trial of Pro ends on")

    end = made["items"]["data"][0]["current_period_end"]
    assert f"<t:{end}:D>" in message.text
    assert "$20.00" in message.text
    assert "Cancel subscription" in labels(message)


async def test_a_card_that_will_be_over_is_told_before_the_renewal(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    mia = stage.scene.stripe.get(stage.scene.mia_customer)
    method = mia["invoice_settings"]["default_payment_method"]
    soon = time.gmtime(period(stage)[1])
    form = {"card[exp_month]": str(soon.tm_mon), "card[exp_year]": str(soon.tm_year)}
    await call_stripe(stage, "POST", f"/v1/payment_methods/{method}", form)
    await renew(stage)

    await bring_forward(stage, "notice:card_expiring:")

    [message] = in_dm(stage.mia, "Your card")
    assert "ending in 4242" in message.text
    assert "Never send card details here" in message.text
    assert labels(message) == ["Update card", "Balance", "Cancel subscription"]
