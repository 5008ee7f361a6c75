"""Topics whose role and category are in one of several servers."""

from tests.scenario.stage import Stage
from tests.scenario.test_foundation_discord import file_ticket, second_server, set_up
from tests.scenario.ticketing import change_configuration, open_ticket


async def test_a_topic_with_a_team_and_a_category_in_one_server_works_in_the_other(
    stage: Stage,
) -> None:
    """Its role and its category are the first server's; here it is the support role's."""
    engineers, bugs = stage.scene.guild.add_role("Engineer"), stage.scene.guild.add_category("Bugs")
    stage.scene.guild.give_role(stage.max.user, engineers)
    before = 'id = "billing"\n'
    own = f"{before}staff_role = {engineers.id}\ncategory = {bugs.id}\n"
    change_configuration(stage, {before: own})
    await stage.kill_and_restart()
    server = second_server(stage)

    told = await set_up(stage, server)
    assert "“Billing and payments” is answered by the support role here" in told.text
    opened = await file_ticket(stage, stage.mia, server.here)
    await opened.changed(containing="Your ticket is open")
    [there] = [each for each in server.guild.channels if each.name.startswith("ticket-")]
    assert there.parent is server.tickets
    welcome = await stage.noor.wait_for_message(there, containing="Billing and payments")
    assert welcome.mention_roles == [server.support.id]
    claimed = await stage.noor.click(welcome, "Claim")
    assert claimed.message is not None
    assert "This ticket is yours" in claimed.message.text
    logged = await stage.noor.wait_for_message(server.log, containing="opened")
    assert "was deleted" not in logged.text

    in_first = await open_ticket(stage)
    assert in_first.channel.parent is bugs
    assert in_first.welcome.mention_roles == [engineers.id]
    assert in_first.channel not in stage.sam.channels(stage.scene.guild)
