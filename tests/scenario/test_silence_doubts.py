"""Silence decides nothing on doubt: what the gateway did not tell, Discord is asked before."""

from dataclasses import replace

from bot.sandbox.discord import Message
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_sleeping_threads import asked_about
from tests.scenario.test_support_queue import hours_pass, say
from tests.scenario.test_unheard_talk import HISTORY
from tests.scenario.test_whose_turn import reminders, waits
from tests.scenario.ticketing import OpenedTicket, open_ticket, settled, states

SILENCE, QUESTION = "silence.close", "desk.close_over"
# Longer than a timer needs to run.
AWAY_SECONDS = 30


async def answered(stage: Stage) -> tuple[OpenedTicket, Message]:
    """Sam has answered Mia."""
    ticket = await open_ticket(stage)
    answer = await stage.sam.say(ticket.channel, "Could you send the invoice's number?")
    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE waiting_since IS NULL"))
    return ticket, answer


async def reminded(stage: Stage) -> tuple[OpenedTicket, Message]:
    """Mia has said nothing for so long that the end is near."""
    ticket, answer = await answered(stage)
    await hours_pass(stage, 24 * 4)
    await until(lambda: reminders(stage, ticket), seconds=RECOVERY_SECONDS)
    await until(lambda: waiting(stage, SILENCE), seconds=RECOVERY_SECONDS)
    await jobs_done(stage)
    return ticket, answer


async def asked(stage: Stage) -> tuple[OpenedTicket, Message]:
    """Sam has asked whether it is solved, and Mia says nothing."""
    ticket, answer = await answered(stage)
    await stage.sam.slash("close-request", channel=ticket.channel)
    await stage.mia.wait_for_message(ticket.channel, containing="Is this solved?")
    await jobs_done(stage)
    return ticket, answer


def waiting(stage: Stage, timer: str) -> bool:
    return bool(stage.rows("SELECT 1 FROM jobs WHERE kind = ? AND done_at IS NULL", timer))


def falls_due(stage: Stage, timer: str) -> None:
    change_store(stage, "UPDATE jobs SET run_at = 0 WHERE kind = ?", timer)


async def decided(stage: Stage, timer: str) -> None:
    """Until the timer has run, whatever it made of it."""
    await until(lambda: not waiting(stage, timer), seconds=RECOVERY_SECONDS)


def history(stage: Stage, ticket: OpenedTicket, *, readable: bool) -> None:
    """Whether the bot may read what was said before."""
    own = ticket.channel.overwrites[stage.scene.guild.bot_member.id]
    allow = own.allow | HISTORY if readable else own.allow & ~HISTORY
    deny = own.deny & ~HISTORY if readable else own.deny | HISTORY
    changed = replace(own, allow=allow, deny=deny)
    ticket.channel.overwrites = {**ticket.channel.overwrites, own.target_id: changed}


def told_of_doubt(stage: Stage) -> list[str]:
    said = stage.sam.messages(stage.scene.log)
    return [each.text for each in said if "cannot tell whether" in each.text]


async def test_a_word_in_an_outage_of_the_gateway_keeps_a_silent_ticket_open(stage: Stage) -> None:
    ticket, _ = await reminded(stage)
    await stage.scene.discord.drop_gateway(hold_events=AWAY_SECONDS)
    await stage.mia.say(ticket.channel, "Here it is: 77. Please go on!")

    falls_due(stage, SILENCE)
    await decided(stage, SILENCE)

    assert states(stage) == ["open"]
    assert stage.rows("SELECT 1 FROM tickets WHERE waiting_since IS NOT NULL")


async def test_a_word_in_an_outage_of_the_gateway_answers_the_question(stage: Stage) -> None:
    ticket, _ = await asked(stage)
    await stage.scene.discord.drop_gateway(hold_events=AWAY_SECONDS)
    await stage.mia.say(ticket.channel, "NOT solved, please wait")

    falls_due(stage, QUESTION)
    await decided(stage, QUESTION)

    assert states(stage) == ["open"]
    assert stage.rows("SELECT 1 FROM tickets WHERE waiting_since IS NOT NULL")


async def test_of_many_words_in_an_outage_none_is_lost(stage: Stage) -> None:
    """More than the newest page has: when the gateway is back, nobody looks for those before."""
    ticket, _ = await reminded(stage)
    await stage.scene.discord.drop_gateway(resumable=False, hold_events=AWAY_SECONDS)
    for number in range(101):
        await stage.mia.say(ticket.channel, f"Line {number}")

    falls_due(stage, SILENCE)
    await decided(stage, SILENCE)

    assert states(stage) == ["open"]
    lines = "SELECT 1 FROM ticket_messages WHERE content LIKE 'Line %'"
    assert len(stage.rows(lines)) == 101


async def test_nobody_is_reminded_who_wrote_in_an_outage_of_the_gateway(stage: Stage) -> None:
    ticket, _ = await answered(stage)
    change_store(stage, "UPDATE tickets SET team_active_at = 0")
    await stage.scene.discord.drop_gateway(hold_events=AWAY_SECONDS)
    await stage.mia.say(ticket.channel, "Here it is: 77. Please go on!")

    falls_due(stage, "silence.remind")
    await decided(stage, "silence.remind")
    await jobs_done(stage)

    assert reminders(stage, ticket) == []


async def test_an_answer_that_was_taken_back_while_nobody_listened_closes_nothing(
    stage: Stage,
) -> None:
    """Due at the start: nobody has looked yet for what was deleted meanwhile."""
    _, answer = await reminded(stage)
    await stage.bot.kill()
    await stage.sam.delete(answer)
    falls_due(stage, SILENCE)

    await stage.bot.start()
    await decided(stage, SILENCE)

    assert states(stage) == ["open"]
    assert waits(stage)


async def test_a_question_ends_with_the_answer_that_was_taken_back(stage: Stage) -> None:
    """Mia waits again, and once she is answered, Sam can ask anew."""
    ticket, answer = await asked(stage)
    await stage.bot.kill()
    await stage.sam.delete(answer)
    falls_due(stage, QUESTION)

    await stage.bot.start()
    await decided(stage, QUESTION)

    assert states(stage) == ["open"]
    assert waits(stage)
    assert stage.rows("SELECT 1 FROM tickets WHERE close_deadline IS NULL")
    await say(stage, stage.sam, ticket, "It was booked twice. One of both is on its way back.")
    await stage.sam.slash("close-request", channel=ticket.channel)
    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE close_deadline IS NOT NULL"))


async def test_silence_waits_where_the_bot_may_not_read_what_it_missed(stage: Stage) -> None:
    """The team is told once which right is missing; with it, Mia is heard."""
    ticket, _ = await reminded(stage)
    await stage.bot.kill()
    await stage.mia.say(ticket.channel, "Here is the number: 77")
    history(stage, ticket, readable=False)
    falls_due(stage, SILENCE)

    await stage.bot.start()
    for _ in range(2):
        await until(lambda: told_of_doubt(stage), seconds=RECOVERY_SECONDS)
        await jobs_done(stage)
        assert states(stage) == ["open"]
        falls_due(stage, SILENCE)
    [told] = told_of_doubt(stage)
    assert "Read Message History" in told
    assert f"<#{ticket.channel.id}>" in told

    history(stage, ticket, readable=True)
    falls_due(stage, SILENCE)
    await decided(stage, SILENCE)
    assert states(stage) == ["open"]
    assert stage.rows("SELECT 1 FROM tickets WHERE waiting_since IS NOT NULL")


async def test_a_channel_in_which_everything_was_deleted_leaves_no_doubt(stage: Stage) -> None:
    """The bot may read there, and there is nothing: no answer any more, and no right missing."""
    ticket, _ = await reminded(stage)
    await stage.bot.kill()
    stage.scene.support.permissions |= may.MANAGE_MESSAGES
    for message in ticket.channel.messages:
        await stage.sam.delete(message)
    falls_due(stage, SILENCE)

    await stage.bot.start()
    await decided(stage, SILENCE)

    await jobs_done(stage)
    assert states(stage) == ["open"]
    assert waits(stage)
    assert told_of_doubt(stage) == []


async def test_silence_waits_in_a_channel_that_the_bot_may_not_see(stage: Stage) -> None:
    ticket, _ = await asked(stage)
    refused = stage.scene.discord.faults.add(
        method="GET", path=rf"/channels/{ticket.channel.id}/messages", status=403
    )

    falls_due(stage, QUESTION)

    await until(lambda: told_of_doubt(stage), seconds=RECOVERY_SECONDS)
    assert refused.struck
    assert states(stage) == ["open"]
    assert waiting(stage, QUESTION)


async def test_a_channel_that_was_deleted_in_an_outage_was_not_closed_by_silence(
    stage: Stage,
) -> None:
    ticket, _ = await reminded(stage)
    await stage.scene.discord.drop_gateway(resumable=False, hold_events=AWAY_SECONDS)
    stage.scene.guild.delete_channel(ticket.channel)

    falls_due(stage, SILENCE)

    await stage.mia.wait_for_message(
        "dm", containing="because its channel was deleted", timeout=RECOVERY_SECONDS
    )


async def test_a_timer_asks_discord_once_before_it_acts(stage: Stage) -> None:
    ticket, _ = await reminded(stage)
    change_store(stage, "DELETE FROM jobs WHERE kind = 'ticket.look_back'")
    stage.scene.discord.requests.clear()

    falls_due(stage, SILENCE)
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)

    assert len(asked_about(stage, ticket.channel)) == 1


async def test_a_timer_that_is_out_of_date_asks_discord_nothing(stage: Stage) -> None:
    """Mia has answered since, and it is the team's turn."""
    ticket, _ = await asked(stage)
    await say(stage, stage.mia, ticket, "Not yet")
    await jobs_done(stage)
    stage.scene.discord.requests.clear()

    for timer in ("silence.remind", QUESTION):
        falls_due(stage, timer)
        await decided(stage, timer)

    assert asked_about(stage, ticket.channel) == []
