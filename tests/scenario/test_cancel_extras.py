"""What Mia may do on the way out and need not: a question, credits, another plan (R5, fairness)."""

from pathlib import Path

from bot.sandbox.scene import CONFIGURATION, MIA_ADDRESS
from tests.scenario.buying import go_on, link_on, press
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_offers import attempt, labels, up_to_offer

MISSING, EXPENSIVE = "Something I need is missing", "It costs too much"
QUESTION, CREDITS = "Answer one question", "Take 500 credits"
LITE = "Change to Lite for $9.00 monthly"


async def test_r5_a_question_that_nobody_has_to_answer_and_credits_at_once(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_offer(stage, MISSING)
    assert labels(screen) == [
        "Confirm cancel",
        CREDITS,
        QUESTION,
        "Change reason",
        "Keep my plan",
    ]
    asked = await stage.mia.click(screen, QUESTION)
    assert asked.modal is not None
    await stage.mia.submit(asked.modal, {"Your answer": "Dark mode"})
    await screen.changed(containing="Confirm: cancel Pro")
    assert QUESTION not in labels(screen)
    assert attempt(stage)["follow_up"] == "Dark mode"

    await stage.mia.click(screen, CREDITS)

    await screen.changed(containing="You keep Pro")
    assert "You have 500 more credits" in screen.text
    await stage.balance_saying(stage.mia, "1,500")
    steps = stage.rows("SELECT step FROM cancel_steps ORDER BY id")
    assert [row["step"] for row in steps] == [
        "started",
        "reason_given",
        "offer_shown",
        "follow_up_given",
        "offer_accepted",
        "saved",
    ]


async def test_s7_s8_a_smaller_plan_is_bought_beside_the_way_out(
    stage: Stage, tmp_path: Path
) -> None:
    """What it changes is shown first; the save is one when it is paid, and counts later."""
    shipped, both = CONFIGURATION.read_text(), '["too_expensive", "switched"]'
    assert both in shipped
    alone = tmp_path / "mooring.toml"
    alone.write_text(shipped.replace(both, '["switched"]'))
    stage.bot.environment["MOORING_CONFIG"] = str(alone)
    await stage.kill_and_restart()
    await stage.link_mia()
    screen = await up_to_offer(stage, EXPENSIVE)
    assert labels(screen) == ["Confirm cancel", LITE, "Change reason", "Keep my plan"]

    shown = await stage.mia.click(screen, LITE)
    assert shown.message is not None
    change = shown.message
    assert labels(change) == ["Confirm cancel", "Continue to checkout", "Keep my plan"]
    assert "Pro ends at that moment" in change.text
    assert "If you cancel instead" in change.text
    assert "Confirm cancel" in labels(screen)  # still there
    page = link_on(await go_on(stage.mia, change))
    await press(stage, page, "pay", MIA_ADDRESS)
    await change.changed(containing="Lite")
    await jobs_done(stage)

    assert attempt(stage)["state"] == "saved"
    assert attempt(stage)["kept_at"] is None
    [bought] = stage.rows("SELECT id FROM subscriptions WHERE plan_id = 'lite'")
    await stage.scene.stripe.advance_to_period_end(bought["id"])
    await stage.scene.stripe.advance(days=1)
    await jobs_done(stage)
    assert attempt(stage)["kept_at"] is not None
