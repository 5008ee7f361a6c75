"""Who is in open tickets when the team changes: its people, its roles, and who has a ticket."""

from pathlib import Path

from bot.sandbox.discord import Channel, Persona, Role, SandboxRefusal
from bot.sandbox.discord import permissions as may
from bot.sandbox.discord.users import MEMBERS_LIMITED
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.desk import with_policy
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_desk_work import next_step
from tests.scenario.test_moving import add, escalate, in_it, with_notes
from tests.scenario.test_ticket_ends import reopened
from tests.scenario.test_ticket_overflow import STORY, in_thread
from tests.scenario.ticketing import OpenedTicket, ask, close, open_ticket, settled

A_DAY_PASSES = "UPDATE jobs SET run_at = 0, key = ? WHERE kind = 'agents.check' AND done_at IS NULL"


async def may_write(person: Persona, channel: Channel) -> bool:
    try:
        await person.say(channel, "Hello")
    except SandboxRefusal:
        return False
    return True


async def answer(stage: Stage, person: Persona, channel: Channel) -> None:
    """Somebody of the team writes, and it is stored as theirs."""
    await person.say(channel, "Please try again")
    stored = "SELECT 1 FROM ticket_messages WHERE side = 'team' AND author_id = ?"
    await until(lambda: stage.rows(stored, int(person.user.id)))


def sees(person: Persona, channel: Channel) -> bool:
    return bool(person.messages(channel))


def without_the_intent(stage: Stage) -> None:
    stage.scene.discord.application.flags &= ~MEMBERS_LIMITED


def taken_out(stage: Stage) -> list[str]:
    """Every request that takes somebody out of a thread."""
    return [
        each.path
        for each in stage.scene.discord.requests.entries
        if each.method == "DELETE" and "/thread-members/" in each.path
    ]


# Somebody loses the role.


async def test_who_loses_the_role_leaves_threads_and_their_notes(stage: Stage) -> None:
    ticket = await in_thread(stage)
    await stage.sam.click(ticket.welcome, "Claim")
    notes = await with_notes(stage, ticket)
    assert in_it(stage, notes) == {"Sam"}

    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)

    await until(lambda: in_it(stage, ticket.channel) == {"Noor"})
    await until(lambda: in_it(stage, notes) == set())
    assert not await may_write(stage.sam, ticket.channel)


async def test_who_has_answered_and_never_claimed_leaves_after_a_restart_too(stage: Stage) -> None:
    ticket = await in_thread(stage)
    await answer(stage, stage.sam, ticket.channel)
    await stage.kill_and_restart()

    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)

    await until(lambda: in_it(stage, ticket.channel) == {"Noor"})


async def test_their_own_ticket_and_one_that_they_were_added_to_stay(stage: Stage) -> None:
    """Mia helps out for a while; she has a ticket herself, and is added to Noor's."""
    noors = await in_thread(stage)
    await add(stage, noors, stage.mia)
    sent = await stage.mia.submit(await ask(stage, stage.mia, "leaving"), STORY)
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    mias = stage.scene.guild.threads[-1]
    lea = stage.scene.people.lea
    sent = await lea.submit(await ask(stage, lea, "leaving"), STORY)
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    leas = stage.scene.guild.threads[-1]
    stage.scene.guild.give_role(stage.mia.user, stage.scene.support)
    stage.scene.guild.add_to_thread(leas, stage.mia.user)
    await answer(stage, stage.mia, leas)

    stage.scene.guild.take_role(stage.mia.user, stage.scene.support)

    await until(lambda: "Mia" not in in_it(stage, leas))
    await jobs_done(stage)
    assert "Mia" in in_it(stage, mias)
    assert "Mia" in in_it(stage, noors.channel)


async def test_moderators_stay_and_so_does_who_loses_another_role(stage: Stage) -> None:
    """Lea, who loses it after them, goes."""
    guild, lea = stage.scene.guild, stage.scene.people.lea
    guild.give_role(lea.user, stage.scene.support)
    ticket = await in_thread(stage)
    await answer(stage, stage.sam, ticket.channel)
    await answer(stage, lea, ticket.channel)
    guild.give_role(stage.sam.user, birthday := guild.add_role("Birthday"))
    guild.take_role(stage.sam.user, birthday)
    guild.give_role(stage.sam.user, stage.scene.moderators)

    guild.take_role(stage.sam.user, stage.scene.support)

    guild.take_role(stage.sam.user, stage.scene.plan_roles["Pro"])
    guild.take_role(lea.user, stage.scene.support)
    await until(lambda: in_it(stage, ticket.channel) == {"Noor", "Sam"})
    await jobs_done(stage)
    assert in_it(stage, ticket.channel) == {"Noor", "Sam"}
    assert len(taken_out(stage)) == 1


async def test_a_kill_while_somebody_is_taken_out_leaves_them_in_no_thread(stage: Stage) -> None:
    ticket = await in_thread(stage)
    notes = await with_notes(stage, ticket)
    path = rf"^/channels/{ticket.channel.id}/thread-members/\d+$"
    strike = DiscordStrike(stage, "DELETE", path, after_work=True)

    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)
    await strike.restart()

    await until(lambda: in_it(stage, notes) == set(), seconds=RECOVERY_SECONDS)
    assert in_it(stage, ticket.channel) == {"Noor"}


async def test_without_the_members_intent_the_daily_look_takes_them_out_once(
    stage: Stage,
) -> None:
    without_the_intent(stage)
    await stage.kill_and_restart()
    ticket = await in_thread(stage)
    await answer(stage, stage.sam, ticket.channel)
    await jobs_done(stage)
    change_store(stage, A_DAY_PASSES, "first day")
    await jobs_done(stage)
    assert taken_out(stage) == []

    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)
    change_store(stage, A_DAY_PASSES, "second day")

    await until(lambda: in_it(stage, ticket.channel) == {"Noor"})
    await jobs_done(stage)
    stage.scene.discord.requests.clear()
    change_store(stage, A_DAY_PASSES, "third day")
    await jobs_done(stage)
    assert taken_out(stage) == []


# Another role answers.


def second_team(stage: Stage) -> Role:
    """Lea is of it."""
    role = stage.scene.guild.add_role("Support 2")
    stage.scene.guild.give_role(stage.scene.people.lea.user, role)
    return role


async def choose(stage: Stage, role: Role) -> str:
    """Ada has another role answer tickets; what she reads."""
    answer = await stage.ada.slash("setup", channel=stage.here, support_role=role)
    assert answer.message is not None
    return answer.message.text


async def test_another_support_role_takes_over_the_open_channels(stage: Stage) -> None:
    """Whoever was added, and whoever was let in by hand, stay as they are."""
    ticket = await open_ticket(stage)
    await stage.sam.click(ticket.welcome, "Claim")
    await stage.sam.slash("ticket add", channel=ticket.channel, member=stage.noor.user)
    await stage.noor.wait_for_message(ticket.channel, containing="was added")
    lea = stage.scene.people.lea

    told = await choose(stage, second_team(stage))

    assert "1 open ticket" in told
    await until(lambda: sees(lea, ticket.channel))
    await until(lambda: not sees(stage.sam, ticket.channel))
    assert await may_write(lea, ticket.channel)
    assert await may_write(stage.mia, ticket.channel)
    assert await may_write(stage.noor, ticket.channel)
    assert not await may_write(stage.sam, ticket.channel)
    assert not await may_write(stage.max, ticket.channel)
    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE assignee_id IS NULL"))
    claimed = await lea.click(ticket.welcome, "Claim")
    assert claimed.message is not None
    assert "This ticket is yours" in claimed.message.text


async def test_another_support_role_is_called_into_the_open_threads(stage: Stage) -> None:
    ticket = await in_thread(stage)
    notes = await with_notes(stage, ticket)

    await choose(stage, second_team(stage))

    await until(lambda: in_it(stage, ticket.channel) == {"Noor", "Lea"})
    await until(lambda: in_it(stage, notes) == set())
    await stage.noor.wait_for_message(ticket.channel, containing="answers this ticket now")


async def test_a_kill_in_the_middle_hands_over_every_ticket_all_the_same(stage: Stage) -> None:
    first, second = await open_ticket(stage), await open_ticket(stage, by=stage.noor)
    path = rf"^/channels/({first.channel.id}|{second.channel.id})/permissions/"
    strike = DiscordStrike(stage, "PUT", path, after_work=True)
    lea = stage.scene.people.lea

    await choose(stage, second_team(stage))
    await strike.restart()

    await until(lambda: sees(lea, first.channel), seconds=RECOVERY_SECONDS)
    await until(lambda: sees(lea, second.channel), seconds=RECOVERY_SECONDS)
    await until(lambda: not sees(stage.sam, first.channel) and not sees(stage.sam, second.channel))


async def test_other_moderators_take_over_what_was_escalated(stage: Stage) -> None:
    """Nothing is asked of Discord about other tickets."""
    escalated, other = await open_ticket(stage), await open_ticket(stage, by=stage.noor)
    await escalate(stage, escalated)
    await jobs_done(stage)
    lea, boss = stage.scene.people.lea, stage.scene.guild.add_role("Boss")
    stage.scene.guild.give_role(lea.user, boss)
    stage.scene.discord.requests.clear()

    await stage.ada.slash("setup", channel=stage.here, moderator_role=boss)

    await until(lambda: sees(lea, escalated.channel))
    await until(lambda: not sees(stage.max, escalated.channel))
    assert sees(stage.sam, escalated.channel)
    await jobs_done(stage)
    asked = [each.path for each in stage.scene.discord.requests.entries]
    assert not [each for each in asked if other.channel.id in each]


async def test_the_answering_role_is_deleted_and_moderators_see_its_tickets(stage: Stage) -> None:
    """Until an administrator has chosen another one."""
    ticket, thread = await open_ticket(stage), await in_thread(stage)
    await answer(stage, stage.sam, thread.channel)
    stage.scene.guild.add_to_thread(thread.channel, stage.ada.user)

    stage.scene.guild.delete_role(stage.scene.support)

    await until(lambda: sees(stage.max, ticket.channel))
    await until(lambda: in_it(stage, thread.channel) == {"Noor", "Max", "Ada"})
    assert await may_write(stage.max, ticket.channel)
    told = await stage.max.wait_for_message(stage.scene.log, containing="was deleted")
    assert "2 open tickets" in told.text
    lea = stage.scene.people.lea
    await choose(stage, second_team(stage))
    await until(lambda: sees(lea, ticket.channel))
    await until(lambda: not sees(stage.max, ticket.channel))
    await until(lambda: "Lea" in in_it(stage, thread.channel))


async def test_a_role_that_was_deleted_while_the_bot_was_away(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await stage.bot.stop()
    stage.scene.guild.delete_role(stage.scene.support)

    await stage.bot.start()

    await until(lambda: sees(stage.max, ticket.channel))
    await stage.kill_and_restart()
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    told = [each.text for each in stage.max.messages(stage.scene.log)]
    assert len([each for each in told if "role that answers tickets was deleted" in each]) == 1


async def test_without_the_members_intent_the_log_says_once_who_stays(stage: Stage) -> None:
    """Those whom the bot knows to have answered are taken out all the same."""
    without_the_intent(stage)
    await stage.kill_and_restart()
    stage.scene.guild.give_role(stage.mia.user, stage.scene.support)
    ticket = await in_thread(stage)
    await answer(stage, stage.sam, ticket.channel)
    assert in_it(stage, ticket.channel) == {"Noor", "Sam", "Mia"}

    await choose(stage, second_team(stage))

    told = await stage.max.wait_for_message(stage.scene.log, containing="Server Members Intent")
    assert "former team" in told.text
    await until(lambda: in_it(stage, ticket.channel) == {"Noor", "Mia", "Lea"})


# Somebody is given a ticket that their roles do not show them.


async def given_to_max(stage: Stage) -> OpenedTicket:
    ticket = await open_ticket(stage)
    await stage.sam.slash("transfer", channel=ticket.channel, to=stage.max.user)
    await stage.max.wait_for_message(stage.scene.log, containing="is yours now")
    return ticket


async def test_a_moderator_who_is_given_a_ticket_sees_it_for_as_long(stage: Stage) -> None:
    ticket = await given_to_max(stage)
    assert await may_write(stage.max, ticket.channel)
    assert stage.max.user.id in ticket.channel.overwrites

    await stage.sam.slash("release", channel=ticket.channel)

    await until(lambda: not sees(stage.max, ticket.channel))
    assert await may_write(stage.sam, ticket.channel)


async def test_a_colleague_of_the_team_needs_no_place_of_their_own(stage: Stage) -> None:
    stage.scene.guild.give_role(stage.noor.user, stage.scene.support)
    ticket = await open_ticket(stage)

    await stage.sam.slash("transfer", channel=ticket.channel, to=stage.noor.user)

    await stage.noor.wait_for_message(stage.scene.log, containing="is yours now")
    assert stage.noor.user.id not in ticket.channel.overwrites


async def test_a_moderator_who_was_called_goes_on_seeing_it(stage: Stage) -> None:
    ticket = await given_to_max(stage)
    await escalate(stage, ticket)

    await stage.sam.slash("release", channel=ticket.channel)

    await jobs_done(stage)
    assert await may_write(stage.max, ticket.channel)


async def test_a_moderator_who_has_a_ticket_sees_it_when_it_is_opened_again(stage: Stage) -> None:
    ticket = await given_to_max(stage)
    await close(stage.sam, ticket)
    await settled(stage, "closed")

    again = await reopened(stage, await stage.mia.wait_for_message("dm", containing="is closed"))

    await until(lambda: sees(stage.max, again.channel))


async def test_a_moderator_sees_the_ticket_that_theirs_was_merged_into(
    stage: Stage, tmp_path: Path
) -> None:
    two = 'max_open = 2\nid = "billing"'
    await with_policy(stage, tmp_path, ('id = "billing"', two))
    first = await given_to_max(stage)
    second = await open_ticket(stage)

    choice = await next_step(stage, first.welcome, "merge")
    await stage.sam.choose(choice, "0002 · Billing and payments")

    await until(lambda: sees(stage.max, second.channel))


async def test_who_has_a_ticket_keeps_it_when_another_role_answers(stage: Stage) -> None:
    ticket = await given_to_max(stage)

    await choose(stage, second_team(stage))

    await until(lambda: sees(stage.scene.people.lea, ticket.channel))
    await jobs_done(stage)
    assert await may_write(stage.max, ticket.channel)


async def test_the_log_says_where_the_bot_may_not_let_them_in(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    stage.scene.guild.bot_member.roles[-1].permissions &= ~may.MANAGE_ROLES

    await stage.sam.slash("transfer", channel=ticket.channel, to=stage.max.user)

    told = await stage.max.wait_for_message(stage.scene.log, containing="is yours now")
    assert "Manage Permissions" in told.text
