"""The team in a ticket: claim, transfer, tags, priority, snooze, notes, macros, merge, solved?"""

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.discord import Message, Persona
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.desk import with_policy
from tests.scenario.outside import change_store
from tests.scenario.stage import Stage
from tests.scenario.ticketing import OpenedTicket, ask, in_dm, open_ticket, states


async def next_step(stage: Stage, welcome: Message, step: str) -> Message:
    """Sam presses “More…” and chooses what to do."""
    panel = await stage.sam.click(welcome, "More…")
    assert panel.message is not None
    answer = await stage.sam.choose(panel.message, step)
    assert answer.modal is None
    return panel.message


def has(stage: Stage, statement: str) -> bool:
    return bool(stage.rows(statement))


async def answered(stage: Stage, ticket: OpenedTicket, by: Persona) -> None:
    """Somebody of the team answers, and it is stored."""
    await by.say(ticket.channel, "Please try again now")
    await until(lambda: has(stage, "SELECT 1 FROM tickets WHERE waiting_since IS NULL"), seconds=10)


async def test_two_claim_at_once_and_one_has_it(stage: Stage) -> None:
    """One wins and the other sees who; the card shows it; the member cannot do any of it."""
    stage.scene.guild.give_role(stage.noor.user, stage.scene.support)
    ticket = await open_ticket(stage)
    clicks = await asyncio.gather(
        stage.sam.click(ticket.welcome, "Claim"), stage.noor.click(ticket.welcome, "Claim")
    )
    said = sorted(each.message.text for each in clicks if each.message)
    assert sum("This ticket is yours" in text for text in said) == 1
    assert sum("has this ticket" in text for text in said) == 1
    await ticket.welcome.changed(containing="looks after this ticket")
    assert [each.label for each in ticket.welcome.buttons][-4:] == [
        "Release",
        "Customer",
        "Notes",
        "More…",
    ]

    for button in ("Release", "Customer", "Notes", "More…"):
        refused = await stage.mia.click(ticket.welcome, button)
        assert refused.message is not None
        assert "You may not do this" in refused.message.text

    choice = await next_step(stage, ticket.welcome, "transfer")
    await stage.sam.choose(choice, "Mia")
    assert "does not answer tickets like this one" in stage.sam.messages(ticket.channel)[-1].text
    choice = await next_step(stage, ticket.welcome, "transfer")
    await stage.sam.choose(choice, "Max")
    assert f"<@{stage.max.user.id}> has this ticket now" in choice.text
    await ticket.welcome.changed(containing=f"<@{stage.max.user.id}> looks after")
    told = await stage.max.wait_for_message(stage.scene.log, containing="is yours now")
    assert told.mentions == [stage.max.user]
    assert stage.max.messages(ticket.channel)
    released = await stage.sam.slash("release", channel=ticket.channel)
    assert released.message is not None
    assert "Nobody has this ticket now" in released.message.text
    await ticket.welcome.changed(containing="For the team")
    kinds = [row["kind"] for row in stage.rows("SELECT kind FROM ticket_events ORDER BY id")]
    assert kinds[-3:] == ["claimed", "transferred", "released"]


async def test_a_ticket_is_sorted_put_off_and_escalated(stage: Stage) -> None:
    """Priority, tags and snooze stay with the team; a reply ends the snooze; then Max is called."""
    ticket = await open_ticket(stage)
    choice = await next_step(stage, ticket.welcome, "priority")
    await stage.sam.choose(choice, "Urgent")
    assert "**Priority:** Urgent" in choice.text
    choice = await next_step(stage, ticket.welcome, "tags")
    await stage.sam.choose(choice, "bug")
    assert "`bug`" in choice.text
    tagged = await stage.sam.slash("tag", channel=ticket.channel, tag="Login Problem")
    assert tagged.message is not None
    assert "`login-problem`" in tagged.message.text
    wrong = await stage.sam.slash("tag", channel=ticket.channel, tag="<@1>")
    assert wrong.message is not None
    assert "cannot be a tag" in wrong.message.text
    snoozed = await stage.sam.slash("snooze", channel=ticket.channel, until="2d")
    assert snoozed.message is not None
    assert "Snoozed until" in snoozed.message.text
    await stage.mia.say(ticket.channel, "It happens again")
    await until(lambda: has(stage, "SELECT 1 FROM tickets WHERE snoozed_until IS NULL"), seconds=10)

    panel = await stage.sam.click(ticket.welcome, "More…")
    assert panel.message is not None
    asked = await stage.sam.choose(panel.message, "block")
    assert asked.modal is not None
    blocked = await stage.sam.submit(asked.modal, {"Until when?": "7d", "Why?": "Insults"})
    assert blocked.message is not None
    assert f"<@{stage.mia.user.id}> cannot open tickets" in blocked.message.text
    [row] = stage.rows("SELECT user_id, reason, until FROM ticket_blocks")
    assert (str(row["user_id"]), row["reason"]) == (stage.mia.user.id, "Insults")
    assert row["until"] is not None

    asked = await stage.sam.slash("escalate", channel=ticket.channel)
    assert asked.modal is not None
    await stage.sam.submit(asked.modal, {"Why?": "They threaten to sue"})
    called = await stage.max.wait_for_message(stage.scene.log, containing="was escalated")
    assert called.mention_roles == [stage.scene.moderators.id]
    assert "They threaten to sue" in called.text
    await until(lambda: bool(stage.max.messages(ticket.channel)), seconds=10)
    for message in stage.mia.messages(ticket.channel):
        assert "login-problem" not in message.text
        assert "sue" not in message.text


async def test_notes_are_for_the_team_alone(stage: Stage) -> None:
    """A private thread, made once; the customer's card is in it; the transcript has none of it."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    note = await stage.sam.slash("note", channel=ticket.channel, text="Charged twice indeed")
    assert note.message is not None
    await note.message.changed(containing="Note written", timeout=10)
    [thread] = [each for each in stage.scene.guild.threads if each.name == "notes-0001"]
    assert "Charged twice indeed" in stage.sam.messages(thread)[-1].text
    assert "$20.00" in stage.sam.messages(thread)[0].text
    assert stage.mia.messages(thread) == []
    stage.scene.guild.give_role(stage.noor.user, stage.scene.support)
    again = await stage.noor.click(ticket.welcome, "Notes")
    assert again.message is not None
    await again.message.changed(containing="the member cannot see", timeout=10)
    await stage.noor.say(thread, f"I will refund it to <@{stage.mia.user.id}>")
    await stage.noor.wait_for_message(thread, containing="taken out again")
    assert stage.mia.messages(thread) == []
    internal = "SELECT 1 FROM ticket_messages WHERE internal AND content LIKE '%I will refund%'"
    await until(lambda: has(stage, internal), seconds=10)
    assert len(stage.scene.guild.threads) == 1

    shown = await stage.sam.click(ticket.welcome, "Customer")
    assert shown.message is not None
    assert shown.message.ephemeral
    for fact in ("**Plan:** Pro", "Active. Renews on", "1,000 credits left", "**Refunds:** none"):
        assert fact in shown.message.text, shown.message.text
    await stage.sam.click(shown.message, "Refresh")
    looked_up = await stage.sam.slash("customer", channel=stage.here, member=stage.noor.user)
    assert looked_up.message is not None
    assert "Nothing is linked" in looked_up.message.text
    assert not [m for m in stage.mia.messages(ticket.channel) if "credits left" in m.text]


async def test_a_macro_is_shown_sent_once_and_closes(stage: Stage) -> None:
    """Autocomplete, a preview, one transaction: a second click on the preview does nothing more."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    found = await stage.sam.autocomplete("macro", channel=ticket.channel, option="name", typed="so")
    assert [each["value"] for each in found] == ["solved"]
    preview = await stage.sam.slash("macro", channel=ticket.channel, name="solved")
    assert preview.message is not None
    assert "You have the Pro plan, and 1,000 of 1,000 credits" in preview.message.text
    assert "closes the ticket" in preview.message.text
    assert not [m for m in stage.mia.messages(ticket.channel) if "Good to hear" in m.text]

    clicks = await asyncio.gather(
        stage.sam.click(preview.message, "Send"), stage.sam.click(preview.message, "Send")
    )
    assert len(clicks) == 2
    await stage.mia.wait_for_message("dm", containing="is closed", timeout=20)
    said = "SELECT 1 FROM ticket_messages WHERE content LIKE '%Good to hear%'"
    await until(lambda: has(stage, said))
    assert len(stage.rows(said)) == 1
    row = stage.rows("SELECT * FROM tickets")[0]
    assert (row["assignee_id"], row["close_reason"]) == (int(stage.sam.user.id), "Solved")
    assert row["first_reply_at"] is not None
    assert [each["tag"] for each in stage.rows("SELECT tag FROM ticket_tags")] == ["how-to"]


async def test_two_tickets_of_one_member_become_one(stage: Stage) -> None:
    """What was said in both is together; one channel goes; another member's is not offered."""
    first = await open_ticket(stage)
    sent = await stage.mia.submit(
        await ask(stage, stage.mia, "help"), {"What can we help with?": "?"}
    )
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open", timeout=10)
    second = stage.scene.guild.channels[-1]
    welcome = await stage.sam.wait_for_message(second, containing="Help with the product")
    await open_ticket(stage, by=stage.noor)
    await stage.mia.say(second, "It is about the same charge")
    choice = await next_step(stage, welcome, "merge")
    assert [each.label[:4] for each in choice.selects[0].options] == ["0001"]
    await stage.sam.choose(choice, choice.selects[0].options[0].value)
    await stage.mia.wait_for_message(first.channel, containing="goes on here")
    told = await stage.mia.wait_for_message("dm", containing="Ticket 0002 is closed", timeout=20)
    assert "It goes on in your ticket 0001" in told.text
    await until(lambda: states(stage) == ["open", "closed", "open"], seconds=10)
    assert second.deleted


async def test_is_this_solved_yes_and_not_yet(stage: Stage) -> None:
    """Not while the member waits; “not yet” calls whoever has it; “yes” closes."""
    ticket = await open_ticket(stage)
    early = await stage.sam.slash("close-request", channel=ticket.channel)
    assert early.message is not None
    assert "waits for an answer" in early.message.text
    await stage.sam.click(ticket.welcome, "Claim")
    await answered(stage, ticket, stage.sam)
    await next_step(stage, ticket.welcome, "solved")
    question = await stage.mia.wait_for_message(ticket.channel, containing="Is this solved?")
    foreign = await stage.sam.click(question, "Yes, close")
    assert foreign.message is not None
    assert "belongs to somebody else" in foreign.message.text
    await stage.mia.click(question, "Not yet")
    assert "stays open" in question.text
    ping = await stage.sam.wait_for_message(ticket.channel, containing="it is not solved yet")
    assert stage.sam.user in ping.mentions

    await answered(stage, ticket, stage.sam)
    await stage.sam.slash("close-request", channel=ticket.channel)
    question = await stage.mia.wait_for_message(
        ticket.channel, where=lambda m: "Is this solved?" in m.text and bool(m.buttons)
    )
    await stage.mia.click(question, "Yes, close")
    await stage.mia.wait_for_message("dm", containing="is closed", timeout=20)
    assert len(in_dm(stage.mia, "is closed")) == 1


async def test_is_this_solved_and_nobody_answers(stage: Stage) -> None:
    """When the two days are over, the ticket is closed for Sam, who had asked."""
    ticket = await open_ticket(stage)
    await answered(stage, ticket, stage.sam)
    await stage.sam.slash("close-request", channel=ticket.channel)
    await stage.mia.wait_for_message(ticket.channel, containing="Is this solved?")
    change_store(stage, "UPDATE jobs SET run_at = 0 WHERE kind = 'desk.close_over'")
    await stage.kill_and_restart()

    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    assert "Nobody answered the question whether it is solved." in told.text


async def test_a_ticket_goes_to_the_team_of_another_topic(stage: Stage, tmp_path: Path) -> None:
    """One PATCH of the channel: the new team sees it, the old one does not, the member is told."""
    role = f'id = "help"\nstaff_role = {stage.scene.moderators.id}'
    await with_policy(stage, tmp_path, ('id = "help"', role))
    ticket = await open_ticket(stage)
    await stage.sam.click(ticket.welcome, "Claim")
    await ticket.welcome.changed(containing="looks after this ticket")
    assert stage.max.messages(ticket.channel) == []
    choice = await next_step(stage, ticket.welcome, "move")
    await stage.sam.choose(choice, "Help with the product")
    assert "Moved to Help with the product" in choice.text
    told = await stage.mia.wait_for_message(ticket.channel, containing="Help with the product” now")
    assert told.mention_roles == [stage.scene.moderators.id]
    await until(lambda: not stage.sam.messages(ticket.channel), seconds=10)
    await until(lambda: "Claim" in [each.label for each in ticket.welcome.buttons])
    claimed = await stage.max.click(ticket.welcome, "Claim")
    assert claimed.message is not None
    assert "This ticket is yours" in claimed.message.text


async def test_without_manage_permissions_moderators_are_called_and_the_team_is_told(
    stage: Stage, tmp_path: Path
) -> None:
    """Discord refuses to change who sees the channel: nothing waits for that, and it is said."""
    role = f'id = "help"\nstaff_role = {stage.scene.moderators.id}'
    await with_policy(stage, tmp_path, ('id = "help"', role))
    ticket = await open_ticket(stage)
    for event in ("moderators_not_let_in", "ticket_team_not_changed"):
        stage.expect_error(event)
    own = stage.scene.guild.bot_member.roles[-1]
    own.permissions &= ~may.MANAGE_ROLES
    stage.scene.guild.announce_role_update(own)
    asked = await stage.sam.slash("escalate", channel=ticket.channel)
    assert asked.modal is not None
    await stage.sam.submit(asked.modal, {"Why?": "They threaten to sue"})
    called = await stage.max.wait_for_message(stage.scene.log, containing="was escalated")
    assert "cannot see it yet" in called.text

    choice = await next_step(stage, ticket.welcome, "move")
    await stage.sam.choose(choice, "Help with the product")
    told = await stage.max.wait_for_message(
        stage.scene.log, containing="may not change who sees that"
    )
    assert f"<#{ticket.channel.id}>" in told.text
    await stage.mia.wait_for_message(ticket.channel, containing="Help with the product” now")


@pytest.mark.parametrize("place", ["thread", "note"])
async def test_a_kill_leaves_one_thread_and_one_note(stage: Stage, place: str) -> None:
    """kill -9 after Discord has made the thread, or has the note: the next process goes on."""
    ticket = await open_ticket(stage)
    path = {"thread": r"/threads$", "note": r"^/channels/\d+/thread-members/\d+$"}[place]
    method = {"thread": "POST", "note": "PUT"}[place]
    strike = DiscordStrike(stage, method, path, after_work=True)
    await stage.sam.slash("note", channel=ticket.channel, text="Remember this")
    await strike.restart()
    [thread] = stage.scene.guild.threads
    shown = "SELECT 1 FROM jobs WHERE kind = 'desk.note' AND done_at IS NOT NULL"
    await until(lambda: has(stage, shown), seconds=RECOVERY_SECONDS)
    assert len(stage.scene.guild.threads) == 1
    written = [each for each in stage.sam.messages(thread) if "Remember this" in each.text]
    assert len(written) == 1


async def test_words_written_while_the_bot_was_down_keep_a_ticket_open(stage: Stage) -> None:
    """The deadline passes while no process listens; Mia had written before it: it stays open."""
    ticket = await open_ticket(stage)
    await answered(stage, ticket, stage.sam)
    await stage.sam.slash("close-request", channel=ticket.channel)
    await stage.mia.wait_for_message(ticket.channel, containing="Is this solved?")
    await stage.bot.kill()
    await stage.mia.say(ticket.channel, "It is not solved")
    change_store(stage, "UPDATE tickets SET close_deadline = close_deadline - 172800000")
    change_store(
        stage,
        "UPDATE jobs SET run_at = run_at - 172800000, payload = json_set(payload, '$.deadline', "
        "json_extract(payload, '$.deadline') - 172800000) WHERE kind = 'desk.close_over'",
    )
    await stage.bot.start()
    await until(lambda: has(stage, _TIMER_RAN), seconds=RECOVERY_SECONDS)
    [row] = stage.rows("SELECT * FROM tickets")
    assert (row["state"], row["close_deadline"]) == ("open", None)
    assert row["waiting_since"] is not None


_TIMER_RAN = "SELECT 1 FROM jobs WHERE kind = 'desk.close_over' AND done_at IS NOT NULL"
