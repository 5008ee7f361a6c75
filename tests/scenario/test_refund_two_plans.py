"""A refund ends one of two plans: nobody is told that the plan is Free (S11)."""

import pytest

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.outside import jobs_done
from tests.scenario.refunding import confirm, draft
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel
from tests.scenario.test_cancel_two_plans import buy_lite, renewal


@pytest.fixture
async def lite(stage: Stage) -> str:
    """Mia pays for Pro and for Lite."""
    bought = await buy_lite(stage)
    await stage.link_mia()
    return bought


async def test_s11_the_other_plan_is_named_to_both(stage: Stage, lite: str) -> None:
    renews = renewal(stage, lite)

    screen = await draft(stage)

    assert "Pro **ends at once**: its access and allowance stop. The member's other" in screen.text
    assert f"other plan, Lite, renews on <t:{renews}:D> for $9.00 monthly." in screen.text
    await confirm(stage, screen)
    await screen.changed(containing="Refunded $20.00", timeout=15)
    told = await stage.mia.wait_for_message("dm", containing="Refund of $20.00", timeout=15)
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="refund")
    for text in (told.text, " ".join(mail.text.split())):
        assert "nothing more is charged for it. Your other plan, Lite, renews on" in text
        assert "/cancel ends it too." in text
    await jobs_done(stage)
    assert stage.mia.dm is not None
    for each in (screen, *stage.mia.messages(stage.mia.dm)):
        assert "Free" not in each.text


async def test_s11_one_that_is_cancelled_and_still_on_is_named_too(stage: Stage, lite: str) -> None:
    await cancel(stage)

    screen = await draft(stage)
    await confirm(stage, screen)

    told = await stage.mia.wait_for_message("dm", containing="Refund of $20.00", timeout=15)
    assert "Your other plan, Lite, stays on until" in told.text
    assert "After that your plan becomes Free." in told.text
    assert "your plan is Free" not in told.text
