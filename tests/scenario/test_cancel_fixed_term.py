"""Ends that the vendor has set, and invoices beside the plan: what is paid is had (S2, S3)."""

from datetime import timedelta

import pytest

from tests.scenario.outside import call_stripe
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel, up_to_confirm

TERM = int(timedelta(days=100).total_seconds())


@pytest.fixture
async def fixed_term(stage: Stage) -> int:
    """Mia's Pro renews monthly, and ends after some months. When, by Stripe."""
    await stage.link_mia()
    ends = period_end(stage) + TERM
    path = f"/v1/subscriptions/{stage.scene.mia_subscription}"
    await call_stripe(stage, "POST", path, {"cancel_at": str(ends)})
    await stage.scene.stripe.drain()
    return ends


def period_end(stage: Stage) -> int:
    return int(stage.subscription["items"]["data"][0]["current_period_end"])


async def test_s3_what_renews_before_its_end_is_not_called_cancelled(
    stage: Stage, fixed_term: int
) -> None:
    balance = await stage.balance_saying(stage.mia, f"**Ends:** <t:{fixed_term}:D>")

    assert f"**Renews:** <t:{period_end(stage)}:D>" in balance.text
    assert "Cancelled" not in balance.text
    labels = [each.label for each in balance.buttons]
    assert "Cancel subscription" in labels
    assert "Resume" not in labels


async def test_s1_s3_it_can_be_cancelled_with_its_period(stage: Stage, fixed_term: int) -> None:
    await stage.balance_saying(stage.mia, f"**Ends:** <t:{fixed_term}:D>")
    ends = period_end(stage)

    screen = await cancel(stage)

    assert f"**Stays on until:** <t:{ends}:f>" in screen.text
    assert stage.subscription["cancel_at"] == ends
    payments = len(stage.scene.stripe.objects("charge"))
    await stage.scene.stripe.advance(days=60)
    assert stage.subscription["status"] == "canceled"
    assert len(stage.scene.stripe.objects("charge")) == payments


async def test_s2_an_extra_invoice_that_fails_takes_no_paid_period_away(stage: Stage) -> None:
    """Stripe calls it past due all the same: its status follows the newest invoice."""
    await stage.link_mia()
    ends = period_end(stage)
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)
    item = stage.subscription["items"]["data"][0]["id"]
    form = {
        "items[0][id]": item,
        "items[0][price]": "price_max_month",
        "proration_behavior": "always_invoice",
    }
    path = f"/v1/subscriptions/{stage.scene.mia_subscription}"
    await call_stripe(stage, "POST", path, form)
    await stage.scene.stripe.drain()
    assert stage.subscription["status"] == "past_due"

    balance = await stage.balance_saying(stage.mia, "Max")

    assert "**Status:** Active" in balance.text
    screen = await up_to_confirm(stage)
    assert f"stays on until **<t:{ends}:f>**" in screen.text
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")
    assert stage.subscription["status"] == "past_due"
    assert f"**Stays on until:** <t:{ends}:f>" in screen.text
