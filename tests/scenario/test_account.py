"""/account shows everything on one screen; /unlink parts the accounts and cancels nothing."""

import pytest

from bot.sandbox.discord import Interaction, Message
from bot.sandbox.scene import MIA_ADDRESS, PRO_MONTHLY
from tests.scenario.bad_luck import until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import close, open_ticket

NOOR_ADDRESS = "noor@example.com"


def shown(answer: Interaction) -> Message:
    """What the command answered with."""
    assert answer.message is not None
    return answer.message


async def account(stage: Stage) -> Message:
    """Mia runs /account."""
    screen = shown(await stage.mia.slash("account", channel=stage.here))
    assert screen.ephemeral
    return screen


def period_end(stage: Stage) -> int:
    """When Mia's period ends, by Stripe's subscription item."""
    return int(stage.subscription["items"]["data"][0]["current_period_end"])


async def test_one_card_holds_everything(stage: Stage) -> None:
    await stage.link_mia()
    ticket = await open_ticket(stage)

    screen = await account(stage)

    assert "Pro · $20.00 monthly" in screen.text
    assert "**Status:** Active" in screen.text
    assert f"**Renews:** <t:{period_end(stage)}:D>" in screen.text
    assert "1,000 of 1,000 credits left" in screen.text
    assert "**Card:** ends in 4242, valid until " in screen.text
    assert "**Billing address:** `m•••@example.com`" in screen.text
    assert f"**Open tickets:** <#{ticket.channel.id}>" in screen.text
    [invoice] = stage.scene.stripe.objects("invoice")
    assert f"[View]({invoice['hosted_invoice_url']})" in screen.text
    labels = [button.label for button in screen.buttons]
    assert {"Refresh", "Cancel subscription"} < set(labels)
    assert labels[-4:] == ["All invoices", "Billing portal", "Unlink", "My data"]
    await close(stage.mia, ticket)
    await jobs_done(stage)
    assert "**Open tickets:** none" in (await account(stage)).text


async def test_s17_refresh_shows_the_whole_account_anew(stage: Stage) -> None:
    await stage.link_mia()
    screen = await account(stage)
    stage.scene.stripe.hold_webhooks()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)

    await (await stage.mia.click(screen, "Refresh")).settled(timeout=30)

    assert f"Stays on until <t:{period_end(stage)}:D>" in screen.text
    assert "**Billing address:**" in screen.text
    assert "Resume" in [button.label for button in screen.buttons]


async def test_while_the_provider_is_down_the_last_known_state_stays(stage: Stage) -> None:
    await stage.link_mia()
    screen = await account(stage)
    stage.scene.stripe.faults.add(path="/v1/", status=503)

    await (await stage.mia.click(screen, "Refresh")).settled(timeout=30)

    assert "What you see is the last known state" in screen.text
    assert "Pro · $20.00 monthly" in screen.text


async def test_each_button_of_the_card_leads_on(stage: Stage) -> None:
    await stage.link_mia()
    screen = await account(stage)

    for label, words in (
        ("All invoices", "## Invoices"),
        ("Billing portal", "## Cards and invoices"),
        ("Unlink", "## Unlink your billing account?"),
        ("My data", "## Your data"),
    ):
        answer = await stage.mia.click(screen, label)
        assert words in (await answer.settled(timeout=30)).text


async def test_unlinking_says_first_that_the_subscription_goes_on(stage: Stage) -> None:
    await stage.link_mia()

    screen = shown(await stage.mia.slash("unlink", channel=stage.here))

    assert "This does not cancel Pro" in screen.text
    assert f"It renews on <t:{period_end(stage)}:D> for $20.00" in screen.text
    assert [button.label for button in screen.buttons] == [
        "Unlink",
        "Keep it linked",
        "Cancel subscription",
    ]
    await stage.mia.click(screen, "Keep it linked")
    assert "Nothing was changed" in screen.text
    assert "Pro" in (await stage.balance_of(stage.mia)).text


async def test_unlinked_the_bot_shows_nothing_and_the_subscription_goes_on(stage: Stage) -> None:
    await stage.link_mia()
    screen = shown(await stage.mia.slash("unlink", channel=stage.here))

    await stage.mia.click(screen, "Unlink")

    assert "## Unlinked" in screen.text
    assert "`/link`" in screen.text
    assert "not linked" in (await stage.balance_of(stage.mia)).text
    await jobs_done(stage)
    assert (stage.subscription["status"], stage.subscription["cancel_at_period_end"]) == (
        "active",
        False,
    )
    [row] = stage.rows("SELECT * FROM audit_log WHERE action = 'account.unlinked'")
    assert (row["actor_id"], row["subject"]) == (int(stage.mia.user.id), stage.scene.mia_customer)


async def test_afterwards_the_same_account_can_be_linked_again(stage: Stage) -> None:
    await stage.link_mia()
    screen = shown(await stage.mia.slash("unlink", channel=stage.here))
    await stage.mia.click(screen, "Unlink")
    stage.scene.mail.messages.clear()

    await stage.scene.link(stage.mia, MIA_ADDRESS)

    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text


async def test_a_second_click_on_an_old_screen_parts_nothing_else(stage: Stage) -> None:
    """The account on the screen counts, not the one that is linked by then."""
    await stage.link_mia()
    old = shown(await stage.mia.slash("unlink", channel=stage.here))
    again = shown(await stage.mia.slash("unlink", channel=stage.here))
    await stage.mia.click(again, "Unlink")
    other = stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"]
    stage.scene.stripe.add_subscription(other, PRO_MONTHLY)
    await stage.scene.link(stage.mia, NOOR_ADDRESS)

    refused = await stage.mia.click(old, "Unlink")

    assert "not linked" in shown(refused).text
    [row] = stage.rows("SELECT id FROM customers WHERE user_id = ?", int(stage.mia.user.id))
    assert row["id"] == other


async def test_a_code_that_was_mailed_before_opens_nothing_after_unlinking(stage: Stage) -> None:
    """An address with two accounts: one is chosen, and the list of them stays on the screen."""
    stripe = stage.scene.stripe
    second = stripe.add_customer(MIA_ADDRESS)["id"]
    stripe.add_subscription(second, "price_lite_month")
    await stage.link_mia()
    chooser = stage.mia.messages(stage.here)[-1]
    await stage.mia.choose(chooser, chooser.selects[0].options[0].label)
    screen = shown(await stage.mia.slash("unlink", channel=stage.here))
    await stage.mia.click(screen, "Unlink")

    late = await stage.mia.choose(chooser, chooser.selects[0].options[1].label)

    assert "cannot be used any more" in shown(late).text
    assert stage.rows("SELECT id FROM customers WHERE user_id IS NOT NULL") == []


@pytest.mark.parametrize("plan", ["none", "cancelled"])
async def test_without_a_renewal_there_is_nothing_to_warn_of(stage: Stage, plan: str) -> None:
    customer = stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"]
    if plan == "cancelled":
        made = stage.scene.stripe.add_subscription(customer, PRO_MONTHLY)
        stage.scene.stripe.portal_cancel(made["id"])
    await stage.scene.link(stage.noor, NOOR_ADDRESS)

    screen = shown(await stage.noor.slash("unlink", channel=stage.here))

    assert "does not cancel" not in screen.text
    assert {"none": "nothing is charged", "cancelled": "ends as planned"}[plan] in screen.text
    assert [button.label for button in screen.buttons] == ["Unlink", "Keep it linked"]


async def test_s1_what_was_asked_for_before_unlinking_is_carried_out(stage: Stage) -> None:
    """A confirmed cancellation does not depend on the link."""
    await stage.link_mia()
    outage = stage.scene.stripe.faults.add(path="/v1/", status=503)
    asked = shown(await stage.mia.slash("cancel", channel=stage.here))
    modal = (await stage.mia.click(asked, "Continue to cancel")).modal
    assert modal is not None
    [reason] = [field.label for field in modal.fields if field.options]
    await stage.mia.submit(modal, {reason: "Prefer not to say"})
    confirm = stage.mia.messages(stage.here)[-1]
    await stage.mia.click(confirm, "Confirm cancel")
    screen = shown(await stage.mia.slash("unlink", channel=stage.here))
    await stage.mia.click(screen, "Unlink")

    outage.remove()

    await until(
        lambda: stage.subscription["cancel_at_period_end"] or stage.subscription["cancel_at"],
        seconds=40,
    )
