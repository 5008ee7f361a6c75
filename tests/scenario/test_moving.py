"""A ticket goes to another team, or on after its end: who sees it then, and who does not."""

from pathlib import Path

from bot.sandbox.discord import Channel, Persona, Role
from bot.sandbox.discord.users import MEMBERS_LIMITED
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.desk import with_policy
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_desk_work import next_step
from tests.scenario.test_ticket_ends import reopened
from tests.scenario.test_ticket_overflow import in_thread
from tests.scenario.ticketing import OpenedTicket, close, open_ticket, settled

PARTED = "SELECT 1 FROM jobs WHERE kind = 'desk.former_team' AND done_at IS NOT NULL"


async def with_engineers(stage: Stage, tmp_path: Path) -> Role:
    """Lea, an engineer, answers questions about the product."""
    engineers = stage.scene.guild.add_role("Engineer")
    stage.scene.guild.give_role(stage.scene.people.lea.user, engineers)
    role = f'id = "help"\nstaff_role = {engineers.id}'
    await with_policy(stage, tmp_path, ('id = "help"', role))
    return engineers


def in_it(stage: Stage, thread: Channel) -> set[str]:
    """The names of the people in a thread."""
    assert thread.thread is not None
    members = stage.scene.guild.members
    return {
        each.user.display_name
        for each in members
        if each.id in thread.thread.members and not each.user.bot
    }


async def with_notes(stage: Stage, ticket: OpenedTicket) -> Channel:
    """Sam writes a note; the thread hangs on the log channel."""
    note = await stage.sam.slash("note", channel=ticket.channel, text="She may get a discount")
    assert note.message is not None
    await note.message.changed(containing="Note written")
    [notes] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    return notes


async def add(stage: Stage, ticket: OpenedTicket, person: Persona) -> None:
    await stage.sam.slash("ticket add", channel=ticket.channel, member=person.user)
    await until(lambda: person.user.display_name in in_it(stage, ticket.channel))


async def move(stage: Stage, ticket: OpenedTicket) -> str:
    """Sam moves it to the engineers; what he has read before he chose."""
    choice = await next_step(stage, ticket.welcome, "move")
    shown = choice.text
    await stage.sam.choose(choice, "Help with the product")
    return shown


async def test_the_former_team_is_taken_out_and_nobody_else(stage: Stage, tmp_path: Path) -> None:
    """Out of the thread and out of its notes; whoever was added, and moderators, stay."""
    await with_engineers(stage, tmp_path)
    ticket = await in_thread(stage)
    notes = await with_notes(stage, ticket)
    await add(stage, ticket, stage.mia)
    stage.scene.guild.add_to_thread(ticket.channel, stage.max.user)
    assert in_it(stage, ticket.channel) == {"Noor", "Sam", "Mia", "Max"}

    shown = await move(stage, ticket)

    assert "your team is taken out of the thread" in shown
    await stage.noor.wait_for_message(ticket.channel, containing="Help with the product” now")
    await until(lambda: in_it(stage, ticket.channel) == {"Noor", "Mia", "Max", "Lea"})
    await until(lambda: in_it(stage, notes) == set())
    await jobs_done(stage)
    assert stage.sam.messages(ticket.channel) == []
    told = [each.text for each in stage.max.messages(stage.scene.log)]
    assert not [each for each in told if "former team" in each]


async def test_the_notes_of_a_thread_that_sleep_are_woken_for_it(
    stage: Stage, tmp_path: Path
) -> None:
    await with_engineers(stage, tmp_path)
    ticket = await in_thread(stage)
    notes = await with_notes(stage, ticket)
    stage.scene.guild.archive_thread(notes)

    await move(stage, ticket)

    await until(lambda: in_it(stage, notes) == set())


async def test_a_kill_between_two_of_the_former_team_leaves_none_of_them(
    stage: Stage, tmp_path: Path
) -> None:
    await with_engineers(stage, tmp_path)
    stage.scene.guild.give_role(stage.mia.user, stage.scene.support)
    ticket = await in_thread(stage)
    assert in_it(stage, ticket.channel) == {"Noor", "Sam", "Mia"}
    path = rf"^/channels/{ticket.channel.id}/thread-members/\d+$"
    strike = DiscordStrike(stage, "DELETE", path, after_work=True)

    await move(stage, ticket)
    await strike.restart()

    await until(lambda: stage.rows(PARTED), seconds=RECOVERY_SECONDS)
    assert in_it(stage, ticket.channel) == {"Noor", "Lea"}


async def test_without_the_members_intent_the_mover_and_the_log_are_told(
    stage: Stage, tmp_path: Path
) -> None:
    """Discord says to nobody without it who is in a thread."""
    stage.scene.discord.application.flags &= ~MEMBERS_LIMITED
    await with_engineers(stage, tmp_path)
    ticket = await in_thread(stage)

    shown = await move(stage, ticket)

    assert "stays in it until somebody takes them out by hand" in shown
    told = await stage.max.wait_for_message(stage.scene.log, containing="The former team still")
    assert "Server Members Intent" in told.text
    await jobs_done(stage)
    assert in_it(stage, ticket.channel) == {"Noor", "Sam", "Lea"}
    assert len([m for m in stage.max.messages(stage.scene.log) if "former team" in m.text]) == 1


async def escalate(stage: Stage, ticket: OpenedTicket) -> None:
    """Sam calls the moderators."""
    asked = await stage.sam.slash("escalate", channel=ticket.channel)
    assert asked.modal is not None
    await stage.sam.submit(asked.modal, {"Why?": "They threaten to sue"})
    await until(lambda: bool(stage.max.messages(ticket.channel)))


async def test_moderators_who_were_called_see_it_with_the_other_team_too(
    stage: Stage, tmp_path: Path
) -> None:
    await with_engineers(stage, tmp_path)
    ticket = await open_ticket(stage)
    await escalate(stage, ticket)

    await move(stage, ticket)

    await until(lambda: bool(stage.scene.people.lea.messages(ticket.channel)))
    assert stage.sam.messages(ticket.channel) == []
    assert stage.max.messages(ticket.channel)


async def test_moderators_who_were_called_see_it_when_it_is_opened_again(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await escalate(stage, ticket)
    await close(stage.sam, ticket)
    await settled(stage, "closed")

    again = await reopened(stage, await stage.mia.wait_for_message("dm", containing="is closed"))

    assert stage.max.messages(again.channel)


async def test_who_had_a_thread_and_left_the_team_is_not_called_when_it_is_opened_again(
    stage: Stage,
) -> None:
    """A mention would let them in."""
    ticket = await in_thread(stage)
    await stage.sam.click(ticket.welcome, "Claim")
    await close(stage.noor, ticket)
    await settled(stage, "closed")
    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)

    answer = await stage.noor.slash("ticket reopen", channel=stage.here)
    assert answer.message is not None
    await answer.message.changed(containing="Your ticket is open")
    await jobs_done(stage)

    [thread] = [each for each in stage.scene.guild.threads if each.name == "ticket-0001"]
    assert in_it(stage, thread) == {"Noor"}


async def test_a_colleague_who_came_to_the_team_later_is_let_into_the_thread(
    stage: Stage,
) -> None:
    """The mention of the role has let in those who had it then."""
    ticket = await in_thread(stage)
    stage.scene.guild.give_role(stage.mia.user, stage.scene.support)
    assert "Mia" not in in_it(stage, ticket.channel)

    await stage.sam.slash("transfer", channel=ticket.channel, to=stage.mia.user)

    told = await stage.mia.wait_for_message(stage.scene.log, containing="is yours now")
    assert told.mentions == [stage.mia.user]
    assert "Mia" in in_it(stage, ticket.channel)
