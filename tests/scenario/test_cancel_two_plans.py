"""Leaving one of two plans: the other one stays in view, on every receipt (S1, S3, S5)."""

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel, open_cancel, up_to_confirm


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
    return bought


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

    assert "**After that:** Free plan. Nothing more is charged.\n" in last.text
    assert "other plan" not in last.text
    assert stage.scene.stripe.get(lite)["cancel_at_period_end"] is True
    assert stage.subscription["cancel_at_period_end"] is True


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
