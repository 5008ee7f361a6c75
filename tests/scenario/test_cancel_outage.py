"""The payment provider is away for hours: Mia is told the truth at every point (fairness 5)."""

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import open_cancel, up_to_confirm
from tests.scenario.test_stuck import CANCELLATION, ten_minutes_later, told

HOURS = 5 * 3600 * 1000


async def test_away_for_hours_the_request_keeps_its_time(stage: Stage) -> None:
    """Requested, never called cancelled; support is alerted; the receipt names the first time."""
    await stage.link_mia()
    await jobs_done(stage)
    screen = await up_to_confirm(stage)
    outage = stage.scene.stripe.faults.add(path=r"/v1/", status=503)

    await stage.mia.click(screen, "Confirm cancel")
    assert "Cancellation requested" in screen.text
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE failing_since IS NOT NULL"))
    await stage.bot.kill()
    # What was five hours ago: the click, the job and its first failure.
    change_store(stage, f"UPDATE cancel_attempts SET requested_at = requested_at - {HOURS}")  # noqa: S608
    change_store(stage, f"UPDATE jobs SET failing_since = failing_since - {HOURS}")  # noqa: S608
    await stage.bot.start()
    await ten_minutes_later(stage)

    [alert] = told(stage, CANCELLATION)
    assert stage.scene.mia_subscription in alert
    again = await open_cancel(stage)
    [row] = stage.rows("SELECT requested_at, state FROM cancel_attempts")
    asked = f"<t:{row['requested_at'] // 1000}:f>"
    assert row["state"] == "requested"
    assert "Cancellation requested" in again.text
    assert asked in again.text
    assert "is cancelled" not in again.text
    assert not [mail for mail in stage.scene.mail.messages if "is cancelled" in mail.subject]
    outage.remove()

    receipt = await stage.mia.wait_for_message("dm", containing="is cancelled", timeout=40)

    assert asked in receipt.text
    await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="Requested:")
    await jobs_done(stage)
    assert stage.subscription["cancel_at_period_end"] is True
    assert len(told(stage, CANCELLATION)) == 1
