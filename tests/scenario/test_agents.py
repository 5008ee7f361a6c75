"""Somebody of the team loses the role: their tickets are there for others at once."""

from bot.sandbox.discord.users import MEMBERS_LIMITED
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import OpenedTicket, open_ticket

NOBODYS = "SELECT 1 FROM tickets WHERE assignee_id IS NULL"


async def sams_ticket(stage: Stage) -> OpenedTicket:
    """Sam takes tickets, and has Mia's."""
    await stage.sam.slash("agent on", channel=stage.here)
    ticket = await open_ticket(stage)
    await ticket.welcome.changed(containing=f"<@{stage.sam.user.id}> looks after")
    await jobs_done(stage)
    stage.scene.discord.requests.clear()
    return ticket


async def it_is_nobodys(stage: Stage, ticket: OpenedTicket) -> None:
    """The ticket shows it, and the log tells it."""
    await until(lambda: stage.rows(NOBODYS))
    told = await stage.max.wait_for_message(stage.scene.log, containing="answers no tickets any")
    assert f"<#{ticket.channel.id}>" in told.text
    assert told.mentions == []
    await until(lambda: "looks after" not in ticket.welcome.text)
    assert stage.rows("SELECT 1 FROM agents") == []


def nobody_was_asked_about(stage: Stage) -> bool:
    return not [each for each in stage.scene.discord.requests.entries if "/members" in each.path]


async def test_who_loses_the_role_has_no_ticket_at_once(stage: Stage) -> None:
    """Another role that comes or goes changes nothing."""
    ticket = await sams_ticket(stage)
    guild = stage.scene.guild
    guild.give_role(stage.sam.user, guild.add_role("Birthday"))
    guild.take_role(stage.noor.user, stage.scene.plan_roles["Pro"])

    guild.take_role(stage.sam.user, stage.scene.support)

    await it_is_nobodys(stage, ticket)
    assert nobody_was_asked_about(stage)
    await open_ticket(stage, by=stage.noor)
    assert len(stage.rows(NOBODYS)) == 2


async def test_who_leaves_the_server_has_no_ticket_at_once(stage: Stage) -> None:
    ticket = await sams_ticket(stage)

    stage.scene.guild.remove_member(stage.sam.user)

    await it_is_nobodys(stage, ticket)
    assert nobody_was_asked_about(stage)


async def test_a_deleted_role_leaves_its_tickets_to_nobody_at_once(stage: Stage) -> None:
    ticket = await sams_ticket(stage)

    stage.scene.guild.delete_role(stage.scene.support)

    await it_is_nobodys(stage, ticket)


async def test_without_the_members_intent_the_daily_look_finds_it(stage: Stage) -> None:
    stage.scene.discord.application.flags &= ~MEMBERS_LIMITED
    await stage.kill_and_restart()
    ticket = await sams_ticket(stage)
    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)
    await stage.balance_of(stage.noor)
    await jobs_done(stage)
    assert not stage.rows(NOBODYS)

    change_store(
        stage,
        "UPDATE jobs SET run_at = 0, key = 'yesterday' "
        "WHERE kind = 'agents.check' AND done_at IS NULL",
    )

    await until(lambda: stage.rows(NOBODYS))
    await until(lambda: "looks after" not in ticket.welcome.text)
