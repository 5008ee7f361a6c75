"""/balance: plan, status, allowance, renewal and invoices, and the step that fits (item 2)."""

from collections.abc import Awaitable, Callable

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import PRO_MONTHLY
from tests.scenario.outside import (
    call_stripe,
    change_store,
    jobs_done,
)
from tests.scenario.stage import Stage

NOOR_ADDRESS = "noor@example.com"
DAY = 86_400


def labels(message: Message) -> list[str | None]:
    """What the buttons say."""
    return [button.label for button in message.buttons]


def period_end(stage: Stage) -> int:
    """When Mia's period ends, by Stripe's subscription item."""
    return int(stage.subscription["items"]["data"][0]["current_period_end"])


async def refresh(stage: Stage, balance: Message) -> Message:
    """Mia presses Refresh."""
    answer = await stage.mia.click(balance, "Refresh")
    return await answer.settled(timeout=30)


async def test_one_screen_shows_plan_status_allowance_renewal_and_invoices(stage: Stage) -> None:
    await stage.link_mia()

    answer = await stage.mia.slash("balance", channel=stage.here)

    balance = answer.message
    assert answer.response_kind == "message"
    assert balance is not None
    assert balance.ephemeral
    assert "Pro · $20.00 monthly" in balance.text
    assert "**Status:** Active" in balance.text
    assert f"**Renews:** <t:{period_end(stage)}:D> (<t:{period_end(stage)}:R>)" in balance.text
    assert "1,000 of 1,000 credits left" in balance.text
    assert labels(balance) == ["Refresh", "Cancel subscription", "Change plan"]


async def test_what_was_used_is_taken_off_the_allowance(stage: Stage) -> None:
    await stage.link_mia()
    _use(stage, 250)

    text = (await stage.balance_of(stage.mia)).text

    assert "750 of 1,000 credits left" in text
    assert "250 used in this billing period" in text


def _use(stage: Stage, amount: int) -> None:
    """The vendor's backend reports usage in the running period."""
    change_store(
        stage,
        "INSERT INTO ledger (key, customer_id, subscription_id, period_start, month_start, kind,"
        " amount, recorded_at) SELECT 'usage:1', customer_id, id, period_start, period_start,"
        " 'usage', ?, period_start FROM subscriptions WHERE id = ?",
        amount,
        stage.scene.mia_subscription,
    )


async def test_s18_the_last_three_invoices_can_be_reached(stage: Stage) -> None:
    for _ in range(3):
        await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.link_mia()

    text = (await stage.balance_of(stage.mia)).text

    newest_first = list(reversed(stage.scene.stripe.objects("invoice")))
    assert len(newest_first) == 4
    lines = [line for line in text.splitlines() if "[View]" in line]
    assert len(lines) == 3
    for line, invoice in zip(lines, newest_first, strict=False):
        assert f"<t:{invoice['status_transitions']['finalized_at']}:D> · $20.00" in line
        assert f"[View]({invoice['hosted_invoice_url']})" in line
        assert f"[PDF]({invoice['invoice_pdf']})" in line
        assert invoice["hosted_invoice_url"].startswith("https://invoice.stripe.com/")


@pytest.mark.parametrize(
    "page",
    [
        "https://invoice.stripe.com.evil.example/i/1",
        "http://invoice.stripe.com/i/1",
        "https://evil.example/stripe.com",
        "https://stripe.com@evil.example/i/1",
        "https://invoice.stripe.com/i/1)[evil](https://evil.example",
        "javascript:alert(1)",
    ],
)
async def test_s22_links_lead_to_allowed_hosts_only(stage: Stage, page: str) -> None:
    """Even when the provider's own answer holds others."""
    [invoice] = stage.scene.stripe._world.store.oldest_first("invoice")
    invoice["hosted_invoice_url"] = page
    await stage.link_mia()

    text = (await refresh(stage, await stage.balance_of(stage.mia))).text

    assert "[View]" not in text
    assert "evil" not in text
    assert f"[PDF]({invoice['invoice_pdf']})" in text


async def test_s16_a_renewal_is_shown_everywhere_as_soon_as_it_is_paid(stage: Stage) -> None:
    """The period and the allowance start anew, once, although Stripe tells it twice."""
    await stage.link_mia()
    _use(stage, 400)
    first_end = period_end(stage)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)
    assert period_end(stage) > first_end

    balance = await stage.balance_saying(stage.mia, f"**Renews:** <t:{period_end(stage)}:D>")
    assert "1,000 of 1,000 credits left" in balance.text
    for told in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(told["id"])
    await jobs_done(stage)

    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    grants = stage.rows(
        "SELECT period_start, amount FROM ledger WHERE kind = 'grant' AND subscription_id = ?"
        " ORDER BY 1",
        stage.scene.mia_subscription,
    )
    assert [row["amount"] for row in grants] == [1000, 1000]
    assert grants[1]["period_start"] == first_end * 1000


async def test_s17_refresh_asks_the_provider(stage: Stage) -> None:
    await stage.link_mia()
    balance = await stage.balance_of(stage.mia)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    assert "**Status:** Active" in (await stage.balance_of(stage.mia)).text

    refreshed = await refresh(stage, balance)

    assert refreshed is balance
    assert f"Stays on until <t:{period_end(stage)}:D>" in balance.text
    assert "Resume" in labels(balance)
    assert "Resume" in labels(await stage.balance_of(stage.mia))


@pytest.mark.parametrize(("status", "drop"), [(503, False), (429, False), (None, True)])
async def test_while_the_provider_is_down_the_last_known_state_stays(
    stage: Stage, status: int | None, drop: bool
) -> None:
    await stage.link_mia()
    before = await stage.balance_of(stage.mia)
    outage = stage.scene.stripe.faults.add(path="/v1/", status=status, drop=drop)

    text = (await refresh(stage, before)).text

    assert "does not answer right now. What you see is the last known state" in text
    assert "Pro · $20.00 monthly" in text
    assert "1,000 of 1,000 credits left" in text
    assert "Pro · $20.00 monthly" in (await stage.balance_of(stage.mia)).text
    outage.remove()
    assert "does not answer" not in (await refresh(stage, before)).text


async def test_who_has_not_linked_is_told_how(stage: Stage) -> None:
    text = (await stage.balance_of(stage.noor)).text

    assert "not linked to a billing account yet" in text
    assert "`/link`" in text


async def test_nobody_sees_another_members_balance(stage: Stage) -> None:
    """Noor's client sends Mia's button; it shows what is Noor's."""
    await stage.link_mia()
    balance = await stage.balance_of(stage.mia)
    assert balance not in stage.noor.messages(stage.here)
    stage.scene.stripe.add_customer(NOOR_ADDRESS)
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    own = await stage.balance_of(stage.noor)

    forged = await stage.noor.click(own, custom_id=balance.buttons[0].custom_id)

    text = (await forged.settled()).text
    assert "Pro" not in text
    assert "[View]" not in text


async def test_s4_the_end_counts_even_when_the_providers_event_is_late(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await jobs_done(stage)
    change_store(stage, "UPDATE subscriptions SET cancel_at = 1700000000000")

    balance = await stage.balance_of(stage.mia)

    assert "Free plan" in balance.text
    assert "Your Pro subscription ended on <t:1700000000:D>" in balance.text
    assert "credits left" not in balance.text
    assert labels(balance) == ["Refresh", SUBSCRIBE]


async def never_subscribed(stage: Stage) -> str:
    return str(stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"])


async def active(stage: Stage) -> str:
    customer = await never_subscribed(stage)
    stage.scene.stripe.add_subscription(customer, PRO_MONTHLY)
    return customer


def _subscription_of(stage: Stage, customer: str) -> str:
    found = [
        each["id"]
        for each in stage.scene.stripe.objects("subscription")
        if each["customer"] == customer
    ]
    return str(found[-1])


async def scheduled_by_api(stage: Stage) -> str:
    customer = await active(stage)
    path = f"/v1/subscriptions/{_subscription_of(stage, customer)}"
    changed = await call_stripe(stage, "POST", path, {"cancel_at_period_end": "true"})
    assert changed["cancel_at_period_end"] is True
    return customer


async def scheduled_by_portal(stage: Stage) -> str:
    customer = await active(stage)
    changed = stage.scene.stripe.portal_cancel(_subscription_of(stage, customer))
    assert (changed["cancel_at_period_end"], changed["cancel_at"] is None) == (False, False)
    return customer


async def ended(stage: Stage) -> str:
    customer = await scheduled_by_api(stage)
    await stage.scene.stripe.advance_to_period_end(_subscription_of(stage, customer))
    return customer


async def ended_at_once(stage: Stage) -> str:
    customer = await active(stage)
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{_subscription_of(stage, customer)}")
    return customer


async def past_due(stage: Stage) -> str:
    customer = await active(stage)
    stage.scene.stripe.decline_payments(customer)
    await stage.scene.stripe.advance_to_period_end(_subscription_of(stage, customer))
    return customer


async def trialing(stage: Stage) -> str:
    customer = await never_subscribed(stage)
    stage.scene.stripe.add_subscription(customer, PRO_MONTHLY, trial_days=14)
    return customer


async def first_payment_failed(stage: Stage) -> str:
    customer = await never_subscribed(stage)
    stage.scene.stripe.decline_payments(customer)
    stage.scene.stripe.add_subscription(customer, PRO_MONTHLY)
    return customer


async def paused(stage: Stage) -> str:
    customer = await active(stage)
    # Stripe pauses by itself a trial that ends without a card.
    stage.scene.stripe._world.store.get("subscription", _subscription_of(stage, customer))[
        "status"
    ] = "paused"
    return customer


async def of_tomorrow(stage: Stage) -> str:
    customer = await active(stage)
    stage.scene.stripe._world.store.get("subscription", _subscription_of(stage, customer))[
        "status"
    ] = "half_price_heaven"
    return customer


CANCEL, CHANGE = "Cancel subscription", "Change plan"
SUBSCRIBE, RESUME = "Subscribe (cancel anytime)", "Resume"


@pytest.mark.parametrize(
    ("state", "steps", "words"),
    [
        (active, [CANCEL, CHANGE], "**Status:** Active"),
        (scheduled_by_api, [RESUME, SUBSCRIBE], "**Status:** Cancelled. Stays on until"),
        (scheduled_by_portal, [RESUME, SUBSCRIBE], "**Status:** Cancelled. Stays on until"),
        (ended, [SUBSCRIBE], "Your Pro subscription ended on"),
        (ended_at_once, [SUBSCRIBE], "Your Pro subscription ended on"),
        (never_subscribed, [SUBSCRIBE], "You have no subscription"),
        (past_due, [CANCEL, CHANGE], "**Status:** Payment failed. Please check your card details"),
        (trialing, [CANCEL, CHANGE], "**Status:** Trial"),
        (first_payment_failed, [SUBSCRIBE], "first payment is complete"),
        (paused, [CANCEL, CHANGE], "**Status:** Paused"),
        (of_tomorrow, [CANCEL, CHANGE], "**Status:** Unknown"),
    ],
    ids=lambda given: getattr(given, "__name__", None),
)
async def test_r2_r3_every_state_has_the_step_that_fits(
    stage: Stage, state: Callable[[Stage], Awaitable[str]], steps: list[str], words: str
) -> None:
    await state(stage)
    await stage.scene.link(stage.noor, NOOR_ADDRESS)

    balance = await stage.balance_of(stage.noor)

    assert words in balance.text
    assert labels(balance) == ["Refresh", *steps]
    assert not any(button.disabled for button in balance.buttons)
    if steps == [SUBSCRIBE]:
        assert "credits left" not in balance.text
    if words.startswith("Your Pro"):
        assert "Free plan" in balance.text


async def test_a_subscription_that_the_catalogue_does_not_know_is_no_obstacle(
    stage: Stage,
) -> None:
    """A vendor sells other things in the same Stripe account, by the week for example."""
    product = stage.scene.stripe.add_product("Lumen Notes Classic")
    weekly = stage.scene.stripe.add_price(product["id"], unit_amount=300, interval="week")
    customer = stage.scene.stripe.add_customer(NOOR_ADDRESS)["id"]
    stage.scene.stripe.add_subscription(customer, weekly["id"])

    await stage.scene.link(stage.noor, NOOR_ADDRESS)

    balance = await stage.balance_of(stage.noor)
    assert "Your plan · $3.00 weekly" in balance.text
    assert labels(balance) == ["Refresh", CANCEL, CHANGE]
    await jobs_done(stage)
