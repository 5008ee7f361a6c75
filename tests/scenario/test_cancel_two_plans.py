"""Leaving one of two plans: the other one stays in view, on every receipt (S1, S3, S5)."""

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel, open_cancel, up_to_confirm
from tests.scenario.test_cancel_in_arrears import fail_the_renewal


async def buy_lite(stage: Stage) -> str:
    """A day after Pro: /cancel is about the newer plan first."""
    await stage.scene.stripe.advance(days=1)
    bought = stage.scene.stripe.add_subscription(stage.scene.mia_customer, "price_lite_month")
    return str(bought["id"])


@pytest.fixture
async def lite(stage: Stage) -> str:
    """Mia, who pays for Pro, pays for Lite too."""
    bought = await buy_lite(stage)
    await stage.link_mia()
    await jobs_done(stage)
    return bought


@pytest.fixture
async def late(stage: Stage) -> Stage:
    """Mia has linked her account, and her last payment for Pro did not go through."""
    await stage.link_mia()
    await fail_the_renewal(stage)
    await stage.balance_saying(stage.mia, "Payment failed")
    return stage


def renewal(stage: Stage, subscription_id: str) -> int:
    """When Stripe renews it."""
    item = stage.scene.stripe.get(subscription_id)["items"]["data"][0]
    return int(item["current_period_end"])


def labels(message: Message) -> list[str | None]:
    return [button.label for button in message.buttons]


async def test_the_plan_that_still_charges_is_the_next_to_be_cancelled(
    stage: Stage, lite: str
) -> None:
    screen = await cancel(stage)
    assert screen.text.startswith("## Lite is cancelled")

    again = await open_cancel(stage)

    assert again.text.startswith("## Cancel Pro")
    assert "Continue to cancel" in labels(again)
    assert stage.scene.stripe.get(lite)["cancel_at_period_end"] is True
    assert stage.subscription["cancel_at_period_end"] is False


async def test_every_receipt_names_the_other_plan_with_its_date_and_price(
    stage: Stage, lite: str
) -> None:
    """S3: nothing more is charged for the one; the other one is named until it is cancelled too."""
    renews = renewal(stage, stage.scene.mia_subscription)
    other = f"Your other plan, Pro, renews on <t:{renews}:D> for $20.00 monthly."
    screen = await up_to_confirm(stage)
    assert "nothing more is charged for Lite.\n\n**What ends then:**" in screen.text
    assert "becomes Free" not in screen.text
    assert f"{other} `/cancel` ends it too." in screen.text
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")

    receipt = await stage.mia.wait_for_message("dm", containing="Lite is cancelled")
    for shown in (screen, receipt):
        assert f"Nothing more is charged for Lite. {other} `/cancel` ends it too." in shown.text
        assert "Free plan" not in shown.text
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="Lite is cancelled")
    assert "Your other plan, Pro, renews on " in mail.text
    assert "for $20.00 monthly. /cancel ends it too." in mail.text
    assert "Free plan" not in mail.text

    last = await cancel(stage)

    until = f"Your other plan, Lite, stays on until <t:{renewal(stage, lite)}:D>."
    said = f"**After that:** Nothing more is charged. {until} After that your plan becomes Free."
    assert said in last.text
    assert "too." not in last.text
    assert stage.scene.stripe.get(lite)["cancel_at_period_end"] is True
    assert stage.subscription["cancel_at_period_end"] is True


async def test_s3_one_in_arrears_that_is_to_end_stays_in_view_and_can_be_ended(
    late: Stage,
) -> None:
    """Pro is past due and ends with its period by the portal: until then it is collected for."""
    late.scene.stripe.portal_cancel(late.scene.mia_subscription)
    await late.balance_saying(late.mia, "Cancelled. Ends on")
    late.scene.stripe.accept_payments(late.scene.mia_customer)
    late.scene.stripe.add_subscription(late.scene.mia_customer, "price_lite_month")
    await jobs_done(late)
    await late.balance_saying(late.mia, "Lite")

    screen = await cancel(late)

    assert screen.text.startswith("## Lite is cancelled")
    ends = renewal(late, late.scene.mia_subscription)
    other = f"Your other plan, Pro, ends on <t:{ends}:D>. Its last payment did not go through"
    assert f"Nothing more is charged for Lite. {other}" in screen.text
    await late.balance_saying(late.mia, "Your last payment did not go through and is still open.")
    again = await up_to_confirm(late)
    assert "**Pro ends at once**" in again.text
    await late.mia.click(again, "Confirm cancel")
    await again.changed(containing="**Ended:**")
    assert late.subscription["status"] == "canceled"
    assert "**Now:** Nothing more is charged, and a payment that was still open" in again.text
    assert "Your other plan, Lite, stays on until <t:" in again.text
    assert "Free plan" not in again.text


async def test_while_the_provider_is_away_the_promise_is_for_the_one_plan(
    stage: Stage, lite: str
) -> None:
    screen = await up_to_confirm(stage)
    outage = stage.scene.stripe.faults.add(path=rf"/v1/subscriptions/{lite}", status=503)

    await stage.mia.click(screen, "Confirm cancel")

    assert "You will not be charged again for Lite." in screen.text
    assert "Your other plan, Pro, renews on" in screen.text
    outage.remove()
    await screen.changed(containing="Lite is cancelled", timeout=15)


async def test_s5_a_receipts_resume_button_resumes_its_own_plan(stage: Stage, lite: str) -> None:
    await cancel(stage)
    pro = await cancel(stage)
    assert pro.text.startswith("## Pro is cancelled")

    answer = await stage.mia.click(pro, "Resume")

    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on")
    assert stage.subscription["cancel_at_period_end"] is False
    assert stage.scene.stripe.get(lite)["cancel_at_period_end"] is True


async def test_s5_the_resume_command_finds_the_plan_that_is_to_end(stage: Stage, lite: str) -> None:
    await cancel(stage)

    answer = await stage.mia.slash("resume", channel=stage.here)

    assert answer.message is not None
    await answer.message.changed(containing="Lite goes on")
    assert stage.scene.stripe.get(lite)["cancel_at_period_end"] is False


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("past_due", "Your other plan, Pro, goes on for $20.00 monthly. Its last payment did not"),
        ("paused", "Your other plan, Pro, is paused. Nothing is charged for it while"),
    ],
)
async def test_of_another_plan_only_what_is_true_is_said(
    stage: Stage, status: str, said: str
) -> None:
    stage.scene.stripe._world.store.get("subscription", stage.scene.mia_subscription)["status"] = (
        status
    )
    await buy_lite(stage)
    await stage.link_mia()

    screen = await cancel(stage)

    assert screen.text.startswith("## Lite is cancelled")
    assert said in screen.text
    assert "renews on" not in screen.text


async def test_s4_the_end_of_one_plan_is_told_with_the_other(stage: Stage) -> None:
    """Lite ends at the provider while Pro, which gives no access, can charge again."""
    stage.scene.stripe._world.store.get("subscription", stage.scene.mia_subscription)["status"] = (
        "paused"
    )
    lite = await buy_lite(stage)
    await stage.link_mia()

    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{lite}")

    told = await stage.mia.wait_for_message("dm", containing="Lite has ended", timeout=15)
    assert "nothing more is charged for it. Your other plan, Pro, is paused." in told.text
    assert "Free" not in told.text
