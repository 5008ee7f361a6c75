"""A plan has ended while its last invoice is open: nobody is led to pay it, and whoever pays it all
the same is told the truth, as the team is (S4, S14, S28)."""

import pytest

from bot.sandbox.discord import Message
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_invoices import invoices, listed
from tests.scenario.test_self_help import decline_renewal, look
from tests.scenario.ticketing import in_dm

LATE = "A payment was made for a plan that had ended"


async def end_unpaid(stage: Stage, how: str) -> str:
    """Mia's renewal fails, and the plan ends; the invoice that Stripe leaves open."""
    await stage.link_mia()
    await decline_renewal(stage)
    if how == "dunning":
        await stage.scene.stripe.advance(days=30)
    else:
        await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)
    assert stage.subscription["status"] == "canceled"
    [unpaid] = [each for each in stage.scene.stripe.objects("invoice") if each["status"] == "open"]
    return str(unpaid["id"])


async def pay_late(stage: Stage, invoice: str) -> str:
    """A day later she pays it with the provider, from an old mail for example; the payment."""
    stage.scene.stripe.accept_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance(days=1)
    await call_stripe(stage, "POST", f"/v1/invoices/{invoice}/pay")
    for event in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(event["id"])
    await jobs_done(stage)
    return str(stage.scene.stripe.objects("payment_intent")[-1]["id"])


def logged(stage: Stage) -> list[Message]:
    """What the team is told."""
    return [each for each in stage.sam.messages(stage.scene.log) if LATE in each.text]


@pytest.mark.parametrize("how", ["dunning", "delete"])
async def test_s28_nothing_leads_to_paying_for_a_plan_that_is_over(stage: Stage, how: str) -> None:
    unpaid = stage.scene.stripe.get(await end_unpaid(stage, how))

    help_text = (await look(stage)).text
    newest = listed(await invoices(stage))[0]
    balance = (await stage.balance_of(stage.mia)).text

    assert "Not paid, and its plan has ended" in newest
    assert f"[PDF]({unpaid['invoice_pdf']})" in newest
    assert "not paid, and its plan has ended" in balance
    for text in (help_text, newest, balance):
        assert unpaid["hosted_invoice_url"] not in text
    assert "declined" not in help_text
    assert "Pro ended on" in help_text
    assert "Nothing more is charged for it." in help_text


async def test_s4_whoever_pays_all_the_same_hears_that_it_brings_nothing(stage: Stage) -> None:
    payment = await pay_late(stage, await end_unpaid(stage, "dunning"))

    [told] = in_dm(stage.mia, "Payment received")
    assert "Pro had ended" in told.text
    assert "does not bring it back" in told.text
    assert "Our team has been told" in told.text
    assert payment in told.text
    for untrue in ("credits left", "**Plan:**", "**Renews:**", "/notices", "Thank you"):
        assert untrue not in told.text
    labels = [each.label for each in told.buttons]
    assert labels == ["Invoice", "Balance", "Subscribe (cancel anytime)"]
    [card] = logged(stage)
    assert payment in card.text
    assert "$20.00" in card.text
    assert "Free plan" in (await stage.balance_of(stage.mia)).text


async def test_s14_a_moderator_can_refund_it_from_there(stage: Stage) -> None:
    await pay_late(stage, await end_unpaid(stage, "delete"))
    [card] = logged(stage)

    answer = await stage.max.click(card, "Look at a refund")

    assert "$20.00" in (await answer.settled()).text


async def test_without_a_log_channel_and_without_a_link_the_team_has_a_mail(stage: Stage) -> None:
    """Nobody in Discord is told: the account is nobody's any more."""
    unpaid = await end_unpaid(stage, "delete")
    answer = await stage.mia.slash("unlink", channel=stage.here)
    await stage.mia.click(await answer.settled(), "Unlink")
    await jobs_done(stage)
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")

    payment = await pay_late(stage, unpaid)

    [mail] = [each for each in stage.scene.mail.messages if LATE in each.subject]
    assert payment in mail.text
    assert stage.scene.mia_customer in mail.text
    assert in_dm(stage.mia, "Payment received") == []
