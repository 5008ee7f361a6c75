"""Whose turn it is after two tickets became one, and after the team opens one again."""

from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_support_queue import queue, say
from tests.scenario.ticketing import OpenedTicket, ask, close, open_ticket, settled, states

QUESTION = "But this is still broken, please help"


async def second_ticket(stage: Stage) -> OpenedTicket:
    """Mia opens another one, of another topic."""
    answers = {"What can we help with?": "Something else"}
    sent = await stage.mia.submit(await ask(stage, stage.mia, "help"), answers)
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open", timeout=10)
    channel = stage.scene.guild.channels[-1]
    welcome = await stage.sam.wait_for_message(channel, containing="Help with the product")
    return OpenedTicket(channel, welcome, sent.message)


async def both_answered(stage: Stage) -> tuple[OpenedTicket, OpenedTicket]:
    """It is Mia's turn in both."""
    first, second = await open_ticket(stage), await second_ticket(stage)
    for ticket in (first, second):
        await say(stage, stage.sam, ticket, "Could you try again?")
    await jobs_done(stage)
    assert waiting(stage) == 0
    return first, second


def waiting(stage: Stage) -> int:
    """How many open tickets wait for the team."""
    waits = "SELECT 1 FROM tickets WHERE state = 'open' AND waiting_since IS NOT NULL"
    return len(stage.rows(waits))


async def merge(stage: Stage, source: OpenedTicket, *, just_before: str = "") -> None:
    """Sam has the second go on in the first; Mia may write something while he chooses."""
    asked = await stage.sam.slash("merge", channel=source.channel)
    choice = await asked.settled()
    if just_before:
        await stage.mia.say(source.channel, just_before)
    await stage.sam.choose(choice, choice.selects[0].options[0].value)
    await choice.changed(containing="Merged", timeout=RECOVERY_SECONDS)


async def test_what_was_said_just_before_a_merge_waits_for_an_answer(stage: Stage) -> None:
    _, second = await both_answered(stage)

    await merge(stage, second, just_before=QUESTION)

    assert waiting(stage) == 1
    assert "1 ticket waits" in (await queue(stage.sam, stage)).text
    await until(lambda: states(stage) == ["open", "closed"], seconds=20)


async def test_what_was_said_while_the_bot_was_away_is_heard_before_a_merge(stage: Stage) -> None:
    """Merged at once after the start, while Discord is slow to say what was missed."""
    _, second = await both_answered(stage)
    await stage.bot.kill()
    await stage.mia.say(second.channel, QUESTION)
    stage.scene.discord.faults.add(
        method="GET", path=rf"/channels/{second.channel.id}/messages", latency=2.0, times=1
    )
    await stage.bot.start()

    await merge(stage, second)

    assert waiting(stage) == 1


async def test_what_is_said_while_the_merged_ticket_closes_waits_for_an_answer(
    stage: Stage,
) -> None:
    _, second = await both_answered(stage)
    held = stage.scene.discord.faults.add(
        method="POST", path=r"/users/@me/channels$", hold=True, times=1
    )
    await merge(stage, second)
    await until(lambda: held.struck)

    await stage.mia.say(second.channel, QUESTION)
    held.remove()

    await until(lambda: waiting(stage) == 1, seconds=10)


async def test_moderators_who_were_called_into_one_ticket_can_write_where_it_goes_on(
    stage: Stage,
) -> None:
    first, second = await open_ticket(stage), await second_ticket(stage)
    asked = await stage.sam.slash("escalate", channel=second.channel)
    assert asked.modal is not None
    await stage.sam.submit(asked.modal, {"Why?": "It is about a lawyer"})
    await stage.max.wait_for_message(stage.scene.log, containing="was escalated")

    await merge(stage, second)
    await stage.max.wait_for_message(stage.scene.log, containing="goes on in ticket 0001")

    await stage.max.say(first.channel, "I am a moderator. I take it from here.")
    await until(lambda: waiting(stage) == 0, seconds=10)
    called = [m for m in stage.max.messages(stage.scene.log) if "about a lawyer" in m.text]
    assert len(called) == 1


async def test_a_ticket_that_was_closed_by_mistake_waits_again_when_the_team_opens_it(
    stage: Stage,
) -> None:
    """Nobody has answered Mia: it stands in the queue as before."""
    ticket = await open_ticket(stage)
    await say(stage, stage.mia, ticket, "Is anybody there?")
    await close(stage.sam, ticket, "Closed by mistake")
    await settled(stage, "closed")

    await stage.sam.slash("ticket reopen", channel=stage.here, number=1)

    await settled(stage, "open", seconds=20)
    assert "1 ticket waits" in (await queue(stage.sam, stage)).text
