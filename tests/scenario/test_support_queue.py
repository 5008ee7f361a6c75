"""What waits for the team: who gets it, when it is late, and how the team did."""

import csv
import io
from datetime import timedelta
from pathlib import Path

from bot.sandbox.discord import Message, Persona
from bot.sandbox.scene import CONFIGURATION
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.desk import with_policy
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import OpenedTicket, open_ticket, settled

_TIMES = ("created_at", "waiting_since", "first_reply_at", "member_active_at", "team_active_at")


async def hours_pass(stage: Stage, hours: float) -> None:
    """The bot was away for so long: everything in its tickets is so much longer ago."""
    await stage.bot.stop()
    back = int(timedelta(hours=hours) / timedelta(milliseconds=1))
    shifted = ", ".join(f"{each} = {each} - {back}" for each in _TIMES)
    change_store(stage, f"UPDATE tickets SET {shifted}")  # noqa: S608 - our own names
    change_store(
        stage,
        "DELETE FROM jobs WHERE done_at IS NULL AND (kind LIKE 'sla.%' OR kind LIKE 'silence.r%')",
    )
    since = f"json_extract(payload, '$.since') - {back}"
    change_store(
        stage,
        f"UPDATE jobs SET run_at = run_at - {back}, "  # noqa: S608
        f"payload = json_set(payload, '$.since', {since}) WHERE kind = 'silence.close'",
    )
    await stage.bot.start()


async def always_there(stage: Stage, tmp_path: Path) -> None:
    """The vendor's team works round the clock, so that the day of the test does not matter."""
    shipped = CONFIGURATION.read_text().splitlines()
    lines = [line for line in shipped if line.startswith(("hours = {", "holidays = ["))]
    await with_policy(stage, tmp_path, *((line, "") for line in lines))


async def queue(person: Persona, stage: Stage, **wanted: str) -> Message:
    answer = await person.slash("queue", channel=stage.here, **wanted)
    return await answer.settled()


async def say(stage: Stage, person: Persona, ticket: OpenedTicket, words: str) -> None:
    """Write in the ticket, and wait until the bot has stored it."""
    said = await person.say(ticket.channel, words)
    stored = "SELECT 1 FROM ticket_messages WHERE message_id = ?"
    await until(lambda: stage.rows(stored, int(said.id)))


def alerts(stage: Stage) -> list[str]:
    """What the log channel says about late answers."""
    return [each.text for each in stage.max.messages(stage.scene.log) if "is late" in each.text]


async def test_from_the_first_agent_to_the_statistics(stage: Stage, tmp_path: Path) -> None:
    """Sam takes tickets; Mia's is given to him, waits, is late, is answered, and counts."""
    await always_there(stage, tmp_path)
    taking = await stage.sam.slash("agent on", channel=stage.here)
    assert "You take tickets" in (await taking.settled()).text
    ticket = await open_ticket(stage)
    sam = stage.sam.user.id
    assert sam in [each.id for each in ticket.welcome.mentions]

    waiting = await queue(stage.sam, stage, whose="mine")
    assert waiting.ephemeral
    assert "1 ticket waits" in waiting.text
    assert f"<#{ticket.channel.id}> · Billing and payments\n" in waiting.text
    assert f" · <@{sam}> · First reply due" in waiting.text
    assert "First reply due" in waiting.text
    await stage.sam.choose(waiting, "Nobody's", custom_id=_select(waiting, "queue.whose"))
    await waiting.changed(containing="Nothing waits for an answer here")

    await hours_pass(stage, 3)
    alert = await stage.max.wait_for_message(
        stage.scene.log, containing="First reply is late", timeout=RECOVERY_SECONDS
    )
    assert sam in [each.id for each in alert.mentions]
    await stage.kill_and_restart()
    await jobs_done(stage)
    assert len(alerts(stage)) == 1

    await say(stage, stage.sam, ticket, "I am looking into it.")
    assert "Nothing waits for an answer here" in (await queue(stage.max, stage)).text
    await say(stage, stage.mia, ticket, "Thank you! One more thing:")
    assert "Next reply due" in (await queue(stage.max, stage)).text
    roster = await stage.sam.slash("agent list", channel=stage.here)
    assert f"<@{sam}> · 1 open ticket" in (await roster.settled()).text
    await statistics(stage)


async def statistics(stage: Stage) -> None:
    """Max reads them, with pictures, and takes the file; Sam may not."""
    answer = await stage.max.slash("stats", channel=stage.here)
    screen = await answer.settled(timeout=30)
    assert "1 ticket." in screen.text
    assert "First response: **3 h**" in screen.text
    assert {each.filename for each in screen.attachments} == {
        "weeks.png",
        "topics.png",
        "agents.png",
    }
    sent = await stage.max.click(screen, "Every ticket as CSV")
    [file] = (await sent.settled(timeout=30)).attachments
    [row] = csv.DictReader(io.StringIO(file.data.decode("utf-8-sig")))
    [turn] = stage.rows("SELECT first_reply_at - created_at AS waited FROM tickets")
    waited = round(turn["waited"] / 60_000)
    assert waited >= 180
    assert (row["topic"], row["first_response_minutes"]) == ("billing", str(waited))
    assert row["rating"] == ""
    assert row["agent"] == "Sam"
    assert stage.mia.user.id not in file.data.decode()
    await stage.max.choose(screen, "Last 7 days")
    await screen.changed(containing="1 ticket.", timeout=30)
    refused = await stage.sam.slash("stats", channel=stage.here)
    assert "moderator" in (await refused.settled()).text


async def test_who_does_not_answer_is_reminded_once_and_then_the_ticket_is_closed(
    stage: Stage,
) -> None:
    """Never while the member waits; what they wrote while the bot was away counts too."""
    ticket = await open_ticket(stage)
    await hours_pass(stage, 24 * 30)
    await jobs_done(stage)
    assert [row["state"] for row in stage.rows("SELECT state FROM tickets")] == ["open"]

    await say(stage, stage.sam, ticket, "Could you send the invoice's number?")
    await stage.bot.kill()
    await stage.mia.say(ticket.channel, "It is 0042.")
    await stage.bot.start()
    await hours_pass(stage, 24 * 4)
    await jobs_done(stage)
    reminders = [
        each for each in stage.mia.messages(ticket.channel) if "still need help" in each.text
    ]
    assert reminders == []

    await say(stage, stage.sam, ticket, "Thank you, that is settled.")
    await hours_pass(stage, 24 * 4)
    reminder = await stage.mia.wait_for_message(
        ticket.channel, containing="Do you still need help?", timeout=RECOVERY_SECONDS
    )
    assert stage.mia.user.id in [each.id for each in reminder.mentions]
    await jobs_done(stage)
    await hours_pass(stage, 24 * 3)
    await settled(stage, "closed", seconds=RECOVERY_SECONDS)
    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    assert "No answer for 7 days." in told.text


def _select(message: Message, verb: str) -> str:
    """The custom_id of the select that does this."""
    [found] = [each.custom_id for each in message.selects if f":{verb}:" in each.custom_id]
    return found
