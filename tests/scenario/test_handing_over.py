"""Many open tickets, or none, when another role answers them or a role is deleted."""

from pathlib import Path

from bot.sandbox.discord import Channel, Persona
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.desk import with_policy
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_team_changes import choose, second_team, sees
from tests.scenario.test_ticket_overflow import in_thread
from tests.scenario.ticketing import close, open_ticket

AN_HOUR_PASSES = "UPDATE jobs SET run_at = 0 WHERE kind = 'handover.again' AND done_at IS NULL"
DELETED = "A role that answers tickets was deleted"
LEFT = "SELECT 1 FROM jobs WHERE kind = 'handover.ticket' AND done_at IS NULL"


def said(person: Persona, channel: Channel, words: str) -> list[str]:
    """Everything there that contains the words."""
    return [each.text for each in person.messages(channel) if words in each.text]


def may_manage_roles(stage: Stage, *, allowed: bool) -> None:
    """In every channel of the server."""
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions &= ~may.MANAGE_ROLES
    role.permissions |= may.MANAGE_ROLES if allowed else 0
    stage.scene.guild.announce_role_update(role)


async def test_a_ticket_is_closed_before_all_others_are_handed_over(
    stage: Stage, tmp_path: Path
) -> None:
    """Discord does not get round to changing who sees a channel."""
    await with_policy(stage, tmp_path, ('id = "billing"', 'max_open = 10\nid = "billing"'))
    people = (stage.mia, stage.noor, stage.max, stage.ada, stage.scene.people.lea)
    opened = [await open_ticket(stage, by=each) for _ in range(4) for each in people]
    slow = rf"^/channels/({'|'.join(each.channel.id for each in opened)})/permissions/"
    stage.scene.discord.faults.add(method="PUT", path=slow, hold=True)

    await choose(stage, second_team(stage))
    await until(lambda: len(stage.rows(LEFT)) == len(opened))
    await close(stage.ada, opened[-2])

    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE state = 'closed'"))
    assert len(stage.rows(LEFT)) > len(opened) / 2


async def test_a_handover_that_was_refused_goes_on_once_it_is_allowed(stage: Stage) -> None:
    """Until then nothing else in the ticket waits for it."""
    ticket = await open_ticket(stage)
    may_manage_roles(stage, allowed=False)
    await choose(stage, second_team(stage))
    told = await stage.max.wait_for_message(stage.scene.log, containing="not handed over")
    assert "by itself" in told.text
    await until(lambda: stage.rows("SELECT 1 FROM jobs WHERE kind = 'handover.again'"))
    change_store(stage, AN_HOUR_PASSES)
    await until(lambda: len(stage.rows("SELECT 1 FROM jobs WHERE kind = 'handover.again'")) == 2)
    await jobs_done(stage)

    may_manage_roles(stage, allowed=True)
    change_store(stage, AN_HOUR_PASSES)

    await until(lambda: sees(stage.scene.people.lea, ticket.channel))
    await until(lambda: not sees(stage.sam, ticket.channel))
    assert len(said(stage.max, stage.scene.log, "not handed over")) == 1


async def test_a_role_that_is_deleted_while_no_ticket_is_open_is_told_then_and_once(
    stage: Stage,
) -> None:
    stage.scene.guild.delete_role(stage.scene.support)
    await stage.max.wait_for_message(stage.scene.log, containing=f"{DELETED}\nModerators see new")
    ticket = await in_thread(stage)

    await stage.kill_and_restart()

    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert said(stage.max, ticket.channel, "answers this ticket now") == []
    assert len(said(stage.max, stage.scene.log, DELETED)) == 1


async def test_the_one_role_of_support_and_moderators_is_deleted(stage: Stage) -> None:
    both = stage.scene.support
    await stage.ada.slash("setup", channel=stage.here, moderator_role=both)
    await open_ticket(stage)

    stage.scene.guild.delete_role(both)

    told = await stage.ada.wait_for_message(stage.scene.log, containing=DELETED)
    assert "Nobody of the team sees 1 open ticket" in told.text


async def test_both_roles_are_deleted_one_after_the_other(stage: Stage) -> None:
    await open_ticket(stage)

    stage.scene.guild.delete_role(stage.scene.moderators)

    await stage.ada.wait_for_message(stage.scene.log, containing="nobody can refund")
    assert said(stage.ada, stage.scene.log, DELETED) == []
    stage.scene.guild.delete_role(stage.scene.support)
    await stage.ada.wait_for_message(stage.scene.log, containing="Nobody of the team sees 1 open")


async def test_other_moderators_change_nothing_in_a_ticket_that_they_are_not_in(
    stage: Stage,
) -> None:
    await open_ticket(stage)
    boss = stage.scene.guild.add_role("Boss")

    answer = await stage.ada.slash("setup", channel=stage.here, moderator_role=boss)

    assert answer.message is not None
    assert "Who sees" not in answer.message.text
    await jobs_done(stage)
    assert stage.rows("SELECT 1 FROM jobs WHERE kind = 'handover.ticket'") == []


async def test_other_moderators_see_the_tickets_of_a_deleted_role(stage: Stage) -> None:
    lea, boss = stage.scene.people.lea, stage.scene.guild.add_role("Boss")
    stage.scene.guild.give_role(lea.user, boss)
    ticket = await open_ticket(stage)
    stage.scene.guild.delete_role(stage.scene.support)
    await until(lambda: sees(stage.max, ticket.channel))

    answer = await stage.ada.slash("setup", channel=stage.here, moderator_role=boss)

    assert answer.message is not None
    assert "Who sees the 1 open ticket is changed" in answer.message.text
    await until(lambda: sees(lea, ticket.channel))
    await until(lambda: not sees(stage.max, ticket.channel))


async def test_a_topics_own_team_in_the_file_takes_over_its_open_tickets(
    stage: Stage, tmp_path: Path
) -> None:
    """At the start with that file, and only those of the topic."""
    billing, leaving = await open_ticket(stage), await in_thread(stage)
    role, lea = second_team(stage), stage.scene.people.lea

    await with_policy(
        stage, tmp_path, ('id = "billing"', f'staff_role = {role.id}\nid = "billing"')
    )

    await until(lambda: sees(lea, billing.channel), seconds=RECOVERY_SECONDS)
    await until(lambda: not sees(stage.sam, billing.channel))
    await jobs_done(stage)
    assert not sees(lea, leaving.channel)
    assert sees(stage.sam, leaving.channel)
