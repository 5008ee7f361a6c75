"""A payment provider was taken out of the configuration while members pay through it."""

from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage


async def test_the_team_is_told_once_and_members_see_what_is_known(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    change_store(stage, "UPDATE customers SET provider = 'paddle'")
    change_store(stage, "UPDATE subscriptions SET provider = 'paddle'")

    for _ in range(2):
        await stage.kill_and_restart()
        await stage.sam.wait_for_message(stage.scene.log, containing="provider is missing")
        await jobs_done(stage)
    balance = await stage.balance_of(stage.mia)
    await stage.mia.click(balance, "Refresh")

    await balance.changed(containing="⚠️")
    assert "credits left" in balance.text
    told = [each.text for each in stage.sam.messages(stage.scene.log)]
    assert len([each for each in told if "Members pay through `paddle`" in each]) == 1
