"""Who goes out of ticket threads when somebody's roles change, and who stays in them."""

import pytest

from bot.sandbox.discord.rest import threads
from tests.scenario.bad_luck import until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_moving import PARTED, in_it, with_notes
from tests.scenario.test_team_changes import answer, choose, given_to_max, may_write, taken_out
from tests.scenario.test_ticket_overflow import in_thread
from tests.scenario.ticketing import OpenedTicket

LEFT = "SELECT 1 FROM jobs WHERE kind = 'agents.leave' AND done_at IS NOT NULL"


async def test_who_was_only_given_a_ticket_leaves_its_thread(stage: Stage) -> None:
    guild, lea = stage.scene.guild, stage.scene.people.lea
    ticket = await in_thread(stage)
    guild.give_role(lea.user, stage.scene.support)
    await stage.sam.slash("transfer", channel=ticket.channel, to=lea.user)
    await until(lambda: in_it(stage, ticket.channel) == {"Noor", "Sam", "Lea"})

    guild.take_role(lea.user, stage.scene.support)

    await until(lambda: in_it(stage, ticket.channel) == {"Noor", "Sam"})


async def test_who_loses_the_role_again_leaves_again(stage: Stage) -> None:
    guild, sam = stage.scene.guild, stage.sam.user
    ticket = await in_thread(stage)
    await answer(stage, stage.sam, ticket.channel)
    guild.take_role(sam, stage.scene.support)
    await until(lambda: in_it(stage, ticket.channel) == {"Noor"})
    await jobs_done(stage)
    guild.give_role(sam, stage.scene.support)
    await until(lambda: not stage.rows("SELECT 1 FROM jobs WHERE kind = 'agents.leave'"))
    guild.add_to_thread(ticket.channel, sam)

    guild.take_role(sam, stage.scene.support)

    await until(lambda: in_it(stage, ticket.channel) == {"Noor"})


async def let_in_by_hand(stage: Stage, ticket: OpenedTicket) -> None:
    """Lea, who was never of the team, and Ada, who owns the server."""
    for person in (stage.scene.people.lea, stage.ada):
        stage.scene.guild.add_to_thread(ticket.channel, person.user)
    assert in_it(stage, ticket.channel) == {"Noor", "Sam", "Lea", "Ada"}


async def test_who_was_let_in_by_hand_has_lost_no_role(stage: Stage) -> None:
    guild = stage.scene.guild
    ticket = await in_thread(stage)
    await let_in_by_hand(stage, ticket)
    birthday = guild.add_role("Birthday")

    guild.give_role(stage.scene.people.lea.user, birthday)
    guild.give_role(stage.ada.user, birthday)

    # The bot hears of Sam after them.
    await answer(stage, stage.sam, ticket.channel)
    guild.take_role(stage.sam.user, stage.scene.support)
    await until(lambda: "Sam" not in in_it(stage, ticket.channel))
    await jobs_done(stage)
    assert in_it(stage, ticket.channel) == {"Noor", "Lea", "Ada"}


async def test_the_owner_stays_who_once_had_the_role(stage: Stage) -> None:
    guild = stage.scene.guild
    ticket = await in_thread(stage)
    guild.give_role(stage.ada.user, stage.scene.support)
    guild.add_to_thread(ticket.channel, stage.ada.user)
    await answer(stage, stage.ada, ticket.channel)

    guild.take_role(stage.ada.user, stage.scene.support)

    await until(lambda: stage.rows("SELECT 1 FROM jobs WHERE kind = 'agents.leave'"))
    await jobs_done(stage)
    assert in_it(stage, ticket.channel) == {"Noor", "Sam", "Ada"}


async def test_a_thread_that_sleeps_is_woken_for_nobody_who_is_not_in_it(stage: Stage) -> None:
    guild = stage.scene.guild
    ticket = await in_thread(stage)
    await answer(stage, stage.sam, ticket.channel)
    guild.remove_from_thread(ticket.channel, stage.sam.user.id)
    guild.archive_thread(ticket.channel)

    guild.take_role(stage.sam.user, stage.scene.support)

    await until(lambda: stage.rows(LEFT))
    assert taken_out(stage) == []
    assert ticket.channel.thread is not None
    assert ticket.channel.thread.archived


async def test_where_no_more_threads_may_be_awake_it_is_left_at_that(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord would refuse it again and again."""
    guild = stage.scene.guild
    ticket = await in_thread(stage)
    await answer(stage, stage.sam, ticket.channel)
    guild.archive_thread(ticket.channel)
    monkeypatch.setattr(threads, "MAX_ACTIVE_THREADS", 0)

    guild.take_role(stage.sam.user, stage.scene.support)

    await until(lambda: stage.rows(LEFT))
    assert "Sam" in in_it(stage, ticket.channel)


async def test_who_was_let_in_by_hand_stays_when_another_role_answers(stage: Stage) -> None:
    ticket = await in_thread(stage)
    await let_in_by_hand(stage, ticket)
    stage.scene.guild.give_role(stage.ada.user, stage.scene.support)

    await choose(stage, stage.scene.guild.add_role("Support 2"))

    await until(lambda: in_it(stage, ticket.channel) == {"Noor", "Lea", "Ada"})
    await jobs_done(stage)
    assert in_it(stage, ticket.channel) == {"Noor", "Lea", "Ada"}


async def test_notes_that_sleep_do_not_keep_the_former_team_in_the_thread(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many threads as Discord allows are awake."""
    ticket = await in_thread(stage)
    notes = await with_notes(stage, ticket)
    await jobs_done(stage)
    stage.scene.guild.archive_thread(notes)
    monkeypatch.setattr(threads, "MAX_ACTIVE_THREADS", 0)

    await choose(stage, stage.scene.guild.add_role("Support 2"))

    await until(lambda: in_it(stage, ticket.channel) == {"Noor"})
    await until(lambda: stage.rows(PARTED))
    assert in_it(stage, notes) == {"Sam"}


async def test_a_moderator_keeps_their_ticket_when_the_answering_role_is_deleted(
    stage: Stage,
) -> None:
    ticket = await given_to_max(stage)

    stage.scene.guild.delete_role(stage.scene.support)

    await stage.max.wait_for_message(stage.scene.log, containing="was deleted")
    await jobs_done(stage)
    assert not stage.rows("SELECT 1 FROM tickets WHERE assignee_id IS NULL")
    assert await may_write(stage.max, ticket.channel)
