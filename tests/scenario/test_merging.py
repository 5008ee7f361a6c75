"""Two tickets of one member become one, and nobody reads more by it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox.discord import Channel, Message, Persona
from tests.scenario.bad_luck import until
from tests.scenario.desk import with_policy
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel_ticket import BOTH_WAYS, ticket_from_nudge
from tests.scenario.ticketing import OpenedTicket, ask, close, in_dm, open_ticket, settled, states

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
    await add_noor(stage, bill)
    return bill


async def add_noor(stage: Stage, bill: OpenedTicket) -> None:
    added = await stage.sam.slash("ticket add", channel=bill.channel, member=stage.noor.user)
    assert added.message is not None
    await added.message.changed(containing="was added to this ticket")


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


async def merge_the_cancel_ticket(stage: Stage) -> OpenedTicket:
    """Into the bill; Sam reads there that it goes on, and the other one is closed."""
    ticket = await ticket_from_nudge(stage)
    choice = await (await stage.sam.slash("merge", channel=ticket.channel)).settled()
    await stage.sam.choose(choice, choice.selects[0].options[0].value)
    await until(lambda: states(stage) == ["open", "closed"], seconds=20)
    await jobs_done(stage)
    return ticket


async def test_r1_r4_whoever_is_about_to_leave_is_asked_when_the_ticket_that_goes_on_is_closed(
    stage: Stage,
) -> None:
    """Support sees in it what the other one said of the attempt, and nobody is told too early."""
    await stage.link_mia()
    bill = await open_ticket(stage)
    source = await merge_the_cancel_ticket(stage)
    about = source.welcome.text[source.welcome.text.index("**From the cancel flow:**") :]
    [told] = [each for each in stage.sam.messages(bill.channel) if "goes on here" in each.text]
    for line in about.splitlines()[:4]:
        assert line in told.text
    assert in_dm(stage.mia, BOTH_WAYS) == []

    await close(stage.sam, bill, "We made it faster")

    await stage.mia.wait_for_message("dm", containing=BOTH_WAYS)
    await jobs_done(stage)
    assert len(in_dm(stage.mia, BOTH_WAYS)) == 1


async def test_whoever_was_added_does_not_read_that_a_member_is_about_to_leave(
    stage: Stage,
) -> None:
    """The team is told where only the team reads; the ticket's card says no more than before."""
    await stage.link_mia()
    bill = await open_ticket(stage)
    await add_noor(stage, bill)
    await merge_the_cancel_ticket(stage)
    claimed = await stage.sam.click(bill.welcome, "Claim")
    assert claimed.message is not None
    await bill.welcome.changed(containing="looks after this ticket")

    assert not [m for m in stage.noor.messages(bill.channel) if "cancel flow" in m.text]
    [told] = [m for m in stage.sam.messages(stage.scene.log) if "From the cancel flow" in m.text]
    assert "Ticket 0001" in told.text
    assert "Pro · $20.00 monthly" in told.text
