"""/plans: the catalogue, and the button that fits whoever looks at it (S19)."""

import pytest

from tests.scenario.buying import CONTINUE, MAX, PAY, pay, run, sessions, settled_text
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.stage import Stage


async def test_s19_every_plan_with_what_it_gives_and_what_a_year_saves(stage: Stage) -> None:
    screen = await run(stage, stage.noor, "plans")

    assert "### Pro\n1,000 credits a month. For everyday work." in screen.text
    assert "Monthly: **$20.00**" in screen.text
    assert "Yearly: **$200.00** (saves $40.00, 16 %)" in screen.text
    assert "Your plan" not in screen.text
    labels = [button.label for button in screen.buttons]
    assert labels == ["Choose Lite", "Choose Pro", "Choose Max"]


async def test_s19_the_own_plan_is_marked_with_its_interval(stage: Stage) -> None:
    await stage.link_mia()

    screen = await run(stage, stage.mia, "plans")

    assert "### Pro · Your plan" in screen.text
    assert "-# You pay $20.00 monthly." in screen.text
    assert screen.text.count("Your plan") == 1
    labels = [button.label for button in screen.buttons]
    assert labels == ["Change to Lite", "Change interval", "Change to Max"]
    opened = await stage.mia.click(screen, "Change interval")
    assert opened.message is not None
    # The interval that she has is not offered again.
    assert [each.label for each in opened.message.buttons] == ["Yearly · $200.00", "Keep my plan"]


async def test_from_the_plans_to_the_checkout_page(stage: Stage) -> None:
    screen = await run(stage, stage.noor, "plans")
    opened = await stage.noor.click(screen, "Choose Max")
    assert opened.message is not None
    assert [each.label for each in opened.message.buttons] == [
        "Monthly · $60.00",
        "Yearly · $600.00",
        "Not now",
    ]

    consequence = await stage.noor.click(opened.message, "Monthly · $60.00")
    assert "**Charged today:** $60.00" in await settled_text(consequence)
    paying = await stage.noor.click(opened.message, CONTINUE)
    [button] = [each for each in (await paying.settled()).buttons if each.label == PAY]

    assert button.url is not None
    await pay(stage, button.url)
    await stage.balance_saying(stage.noor, MAX)
    assert len(sessions(stage)) == 1


@pytest.mark.parametrize("command", ["plans", "subscribe"])
async def test_after_the_end_everything_can_be_chosen_again(stage: Stage, command: str) -> None:
    await stage.link_mia()
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)

    screen = await run(stage, stage.mia, command)

    assert "Your plan" not in screen.text
    assert "Change" not in screen.text


async def test_a_plan_that_is_not_sold_any_more_is_refused_in_words(stage: Stage) -> None:
    screen = await run(stage, stage.noor, "plans")
    # As if the button were from before a change of the catalogue.
    for part in screen.components[0]["components"]:
        accessory = part.get("accessory", {})
        if accessory.get("label") == "Choose Max":
            accessory["custom_id"] = "m1:plans.choose:gone"

    answer = await stage.noor.click(screen, "Choose Max")

    assert answer.message is not None
    assert "This plan does not exist any more" in answer.message.text
