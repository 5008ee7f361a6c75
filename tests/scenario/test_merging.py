"""Two tickets of one member become one, and nobody reads more by it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox.discord import Channel, Message, Persona
from tests.scenario.bad_luck import until
from tests.scenario.desk import with_policy
from tests.scenario.stage import Stage
from tests.scenario.ticketing import OpenedTicket, ask, close, open_ticket, settled, states

BILL, REPORT = "I was charged twice", "Sam threatened me"


@dataclass(frozen=True, slots=True)
class Report:
    """Mia's second ticket, which the moderators alone answer."""

    channel: Channel
    welcome: Message


async def say(stage: Stage, channel: Channel, words: str) -> None:
    """Mia, and it is stored."""
    await stage.mia.say(channel, words)
    kept = "SELECT 1 FROM ticket_messages WHERE content = ?"
    await until(lambda: bool(stage.rows(kept, words)), seconds=10)


@pytest.fixture
async def bill(stage: Stage, tmp_path: Path) -> OpenedTicket:
    """In it is Noor, who paid. Tickets of the other topic have a team of their own."""
    role = f'id = "help"\nstaff_role = {stage.scene.moderators.id}'
    await with_policy(stage, tmp_path, ('id = "help"', role))
    bill = await open_ticket(stage)
    await say(stage, bill.channel, BILL)
    added = await stage.sam.slash("ticket add", channel=bill.channel, member=stage.noor.user)
    assert added.message is not None
    await added.message.changed(containing="was added to this ticket")
    return bill


@pytest.fixture
async def report(stage: Stage, bill: OpenedTicket) -> Report:
    answers = {"What can we help with?": "It is about a colleague"}
    sent = await stage.mia.submit(await ask(stage, stage.mia, "help"), answers)
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open", timeout=10)
    channel = stage.scene.guild.channels[-1]
    assert channel is not bill.channel
    await say(stage, channel, REPORT)
    welcome = await stage.max.wait_for_message(channel, containing="Help with the product")
    return Report(channel, welcome)


async def transcript(stage: Stage, person: Persona) -> str:
    """Of ticket 0001, in which it goes on."""
    asked = await person.slash("ticket transcript", channel=stage.here, number=1)
    answer = await asked.settled(timeout=20)
    return str(answer.attachments[0].data.decode())


async def test_a_report_about_a_colleague_stays_with_the_team_it_was_made_to(
    stage: Stage, bill: OpenedTicket, report: Report
) -> None:
    """Max, who answers both, reads before whom it concerns; Mia and Max read both afterwards."""
    asked = await stage.max.slash("merge", channel=report.channel)
    choice = await asked.settled()
    assert "Nobody reads more by it" in choice.text
    assert f"<@{stage.noor.user.id}> can read it, and will not read what was said" in choice.text
    assert f"<@&{stage.scene.support.id}>: they do not read what was said" in choice.text

    await stage.max.choose(choice, choice.selects[0].options[0].value)
    told = await stage.noor.wait_for_message(bill.channel, containing="goes on here")
    assert "the team sees both" not in told.text
    await until(lambda: states(stage) == ["open", "closed"], seconds=20)

    for person, is_hers in (
        (stage.sam, False),
        (stage.noor, False),
        (stage.max, True),
        (stage.mia, True),
    ):
        read = await transcript(stage, person)
        assert (BILL in read, REPORT in read) == (True, is_hers), person.user.username
    found = await stage.sam.slash("tickets search", channel=stage.here, words="threatened")
    assert "0002" not in (await found.settled()).text

    await close(stage.mia, bill)
    await settled(stage, "closed", seconds=20)
    logged = await stage.sam.wait_for_message(
        stage.scene.log, containing="0001", where=lambda each: bool(each.attachments)
    )
    in_log = logged.attachments[0].data.decode()
    assert (BILL in in_log, REPORT in in_log) == (True, False)
    letter = await stage.mia.wait_for_message("dm", containing="Ticket 0001 is closed", timeout=20)
    assert REPORT in letter.attachments[0].data.decode()


async def test_who_does_not_answer_the_other_ticket_is_not_told_of_it(
    stage: Stage, bill: OpenedTicket, report: Report
) -> None:
    refused = await stage.sam.slash("merge", channel=bill.channel)

    assert "There is nothing to merge with" in (await refused.settled()).text
    assert stage.sam.messages(report.channel) == []
