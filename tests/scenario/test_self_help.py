"""The bot looks before a person has to: declined, not activated, charged twice (S28-S30)."""

import re

import pytest

from bot.sandbox.discord import Message, Persona
from bot.sandbox.scene import PRO_MONTHLY
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.refunding import payment_of, refunds
from tests.scenario.stage import Stage
from tests.scenario.ticketing import open_ticket

NOOR_ADDRESS = "noor@example.com"
SEEN = "What I see about the payments"


async def look(stage: Stage, person: Persona | None = None) -> Message:
    """Run /help for a payment."""
    answer = await (person or stage.mia).slash(
        "help", channel=stage.here, topic="A payment failed, or looks wrong"
    )
    screen = await answer.settled(timeout=30)
    assert screen.ephemeral
    return screen


async def decline_renewal(stage: Stage, decline_code: str = "insufficient_funds") -> None:
    """Mia's renewal fails."""
    stage.scene.stripe.decline_payments(stage.scene.mia_customer, decline_code=decline_code)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)


def charge_twice(stage: Stage) -> tuple[str, str]:
    """The same invoice is paid a second time; the two payments."""
    first = payment_of(stage)
    invoice = stage.subscription["latest_invoice"]
    return first, str(stage.scene.stripe.add_duplicate_payment(invoice)["payment_intent"])


def told_to_team(stage: Stage) -> list[Message]:
    """What the log channel says about double charges."""
    return [each for each in stage.sam.messages(stage.scene.log) if "Charged twice?" in each.text]


async def test_s28_why_it_was_declined_and_what_helps(stage: Stage) -> None:
    await stage.link_mia()
    await decline_renewal(stage)

    screen = await look(stage)

    unpaid = stage.scene.stripe.objects("invoice")[-1]
    assert "A payment of $20.00 was declined" in screen.text
    assert "There was not enough money for it" in screen.text
    assert "use another card" in screen.text
    assert f"[Pay it now]({unpaid['hosted_invoice_url']})" in screen.text
    assert not screen.button("Update card").disabled


async def test_s28_a_stolen_cards_holder_learns_nothing(stage: Stage) -> None:
    await stage.link_mia()
    await decline_renewal(stage, "stolen_card")

    text = (await look(stage)).text

    assert "stolen" not in text
    assert "The bank did not say why" in text
    assert "international payments" in text


async def test_s28_once_it_is_paid_the_failure_is_history(stage: Stage) -> None:
    await stage.link_mia()
    await decline_renewal(stage)
    stage.scene.stripe.accept_payments(stage.scene.mia_customer)
    unpaid = stage.scene.stripe.objects("invoice")[-1]["id"]
    await stage.scene.stripe.advance(days=1)
    await call_stripe(stage, "POST", f"/v1/invoices/{unpaid}/pay")
    await jobs_done(stage)

    text = (await look(stage)).text

    assert "declined**" not in text
    assert "no declined and no double payment" in text
    assert "Pro is on" in text


async def test_s29_a_paid_plan_whose_event_was_lost_is_on_after_looking(stage: Stage) -> None:
    """Mia's new plan is in the provider, and no event has told of it."""
    stage.scene.stripe.add_customer(NOOR_ADDRESS)
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    customer = stage.scene.stripe.objects("customer")[-1]["id"]
    stage.scene.stripe.add_subscription(customer, PRO_MONTHLY)
    stage.scene.stripe.discard_webhooks()
    assert "no subscription" in (await stage.balance_of(stage.noor)).text

    screen = await look(stage, stage.noor)

    assert "Your payment has arrived just now.** Pro is on" in screen.text
    assert "Pro" in (await stage.balance_of(stage.noor)).text


async def test_s29_a_checkout_that_was_paid_unheard_links_and_activates(stage: Stage) -> None:
    """Noor has no account yet: only the page that the bot opened leads to her payment."""
    asked = await stage.noor.slash("subscribe", channel=stage.here)
    page = await _open_page(stage, asked.message)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    stage.scene.stripe.pay_checkout(page, email=NOOR_ADDRESS)
    stage.scene.stripe.discard_webhooks()
    assert "not linked" in (await stage.balance_of(stage.noor)).text

    screen = await look(stage, stage.noor)

    assert "Your payment has arrived" in screen.text
    await jobs_done(stage)
    balance = await stage.balance_saying(stage.noor, "credits left")
    assert "not linked" not in balance.text


async def _open_page(stage: Stage, screen: Message | None) -> str:
    """Go on to the provider's page; the id of its session."""
    assert screen is not None
    option = screen.selects[0].options[0].label
    chosen = await stage.noor.choose(screen, option)
    shown = await chosen.settled(timeout=30)
    if not [button for button in shown.buttons if button.url]:
        going_on = await stage.noor.click(shown, "Continue to checkout")
        shown = await going_on.settled(timeout=30)
    return str(stage.scene.stripe.objects("checkout.session")[-1]["id"])


async def test_s29_when_nothing_is_found_it_says_how_to_go_on(stage: Stage) -> None:
    await stage.link_mia()

    screen = await look(stage)

    assert "no declined and no double payment" in screen.text
    assert "wait a few minutes" in screen.text
    assert "send the confirmation of the payment" in screen.text
    asked = await stage.mia.click(screen, "Open a ticket")
    assert asked.modal is not None
    assert "Payment confirmation" in str([field.label for field in asked.modal.fields])


async def test_s29_who_is_not_linked_is_told_that_this_comes_first(stage: Stage) -> None:
    text = (await look(stage, stage.noor)).text

    assert "I do not know your billing account yet" in text
    assert "`/link`" in text


async def test_s30_a_double_charge_is_put_before_the_team_with_its_numbers(stage: Stage) -> None:
    await stage.link_mia()
    first, second = charge_twice(stage)

    screen = await look(stage)

    assert "paid more than once for the same time" in screen.text
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Charged twice?")
    for payment in (first, second):
        assert payment in screen.text
        assert payment in log.text
    assert f"<@{stage.mia.user.id}>" in log.text
    for promised in ("will be refunded", "you get it back", "we refund"):
        assert promised not in screen.text.lower()
    await look(stage)
    await jobs_done(stage)
    assert len(told_to_team(stage)) == 1
    assert refunds(stage) == []


async def test_s30_without_a_log_channel_the_team_gets_a_mail(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")
    first, second = charge_twice(stage)
    await jobs_done(stage)

    assert "The team has been asked" in (await look(stage)).text

    mail = await stage.scene.mail.wait_for(to="team@lumen.example", containing="same period")
    assert first in mail.text
    assert second in mail.text


async def test_s30_top_ups_and_plan_switches_are_no_duplicates(stage: Stage) -> None:
    stripe = stage.scene.stripe
    stripe.add_charge(stage.scene.mia_customer, 1000)
    stripe.add_charge(stage.scene.mia_customer, 1000)
    await stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.link_mia()
    await jobs_done(stage)

    assert "no declined and no double payment" in (await look(stage)).text
    assert told_to_team(stage) == []


async def test_s30_what_was_refunded_already_is_not_asked_for_again(stage: Stage) -> None:
    await stage.link_mia()
    _, second = charge_twice(stage)
    await call_stripe(stage, "POST", "/v1/refunds", {"payment_intent": second})
    await jobs_done(stage)

    assert "more than once" not in (await look(stage)).text


async def test_two_plans_that_renew_are_pointed_out(stage: Stage) -> None:
    stage.scene.stripe.add_subscription(stage.scene.mia_customer, "price_lite_month")
    await stage.link_mia()

    text = (await look(stage)).text

    assert "more than one plan, and each of them renews" in text
    for plan, price in (("Lite", "9.00"), ("Pro", "20.00")):
        assert re.search(rf"- {plan} renews on <t:\d+:D> for \${price} monthly", text)


async def test_while_the_provider_is_down_it_says_so_and_shows_what_it_knows(
    stage: Stage,
) -> None:
    await stage.link_mia()
    charge_twice(stage)
    await jobs_done(stage)
    stage.scene.stripe.faults.add(path="/v1/", status=503)

    text = (await look(stage)).text

    assert "does not answer right now" in text
    assert "paid more than once" in text


async def test_s28_in_a_billing_ticket_the_bot_says_what_it_sees(stage: Stage) -> None:
    """After the ticket is open, so that it waits for nothing."""
    await stage.link_mia()
    await decline_renewal(stage)

    ticket = await open_ticket(stage)

    seen = await stage.sam.wait_for_message(ticket.channel, containing=SEEN)
    assert "A payment of $20.00 was declined" in seen.text
    assert "There was not enough money" in seen.text


async def test_a_ticket_without_a_payment_problem_stays_quiet(stage: Stage) -> None:
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await jobs_done(stage)

    assert not [each for each in stage.sam.messages(ticket.channel) if SEEN in each.text]


async def test_s30_a_ticket_shows_what_is_known_where_the_provider_refuses(stage: Stage) -> None:
    """The customer was deleted there: asking again brings the same answer."""
    await stage.link_mia()
    first, second = charge_twice(stage)
    await jobs_done(stage)
    stage.scene.stripe.faults.add(path=r"^/v1/customers/cus_\w+$", status=404)

    ticket = await open_ticket(stage)

    seen = await stage.sam.wait_for_message(ticket.channel, containing=SEEN)
    assert "does not show me your account" in seen.text
    assert first in seen.text
    assert second in seen.text
    await jobs_done(stage)


async def test_a_ticket_opens_while_the_provider_is_down_and_is_looked_into_later(
    stage: Stage,
) -> None:
    await stage.link_mia()
    await decline_renewal(stage)
    outage = stage.scene.stripe.faults.add(path="/v1/", status=503)

    ticket = await open_ticket(stage)

    assert not [each for each in stage.sam.messages(ticket.channel) if SEEN in each.text]
    outage.remove()
    await stage.sam.wait_for_message(ticket.channel, containing=SEEN, timeout=RECOVERY_SECONDS)


@pytest.mark.parametrize("after_work", [False, True])
async def test_killed_while_it_tells_the_team_it_tells_once(stage: Stage, after_work: bool) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    strike = DiscordStrike(stage, "POST", r"/channels/\d+/messages", after_work=after_work)

    charge_twice(stage)
    await strike.restart()

    await stage.sam.wait_for_message(
        stage.scene.log, containing="Charged twice?", timeout=RECOVERY_SECONDS
    )
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert len(told_to_team(stage)) == 1


async def test_help_names_what_fits_and_leads_on(stage: Stage) -> None:
    answer = await stage.noor.slash("help", channel=stage.here)
    assert answer.message is not None
    assert "`/link`: **start here**" in answer.message.text
    assert "`/subscribe`" in answer.message.text
    assert "`/cancel`" not in answer.message.text
    await stage.link_mia()

    answer = await stage.mia.slash("help", channel=stage.here)

    assert answer.message is not None
    assert "`/cancel`: end your plan. It takes three clicks." in answer.message.text
    assert "start here" not in answer.message.text
    looked = await stage.mia.click(answer.message, "A payment failed, or looks wrong")
    assert "A look at your payments" in (await looked.settled(timeout=30)).text
