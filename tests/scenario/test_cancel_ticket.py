"""Mia is about to leave, asks for help first, and finds both ways open afterwards (R1, R4)."""

from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import ANSWERS, open_cancel, open_reason
from tests.scenario.ticketing import OpenedTicket, close, in_dm

BOTH_WAYS = "Do you still want to cancel"


async def ticket_from_nudge(stage: Stage) -> OpenedTicket:
    """Mia presses "Open a ticket" on the first screen."""
    asked = await stage.mia.click(await open_cancel(stage), "Open a ticket")
    assert asked.modal is not None
    sent = await stage.mia.submit(asked.modal, {"What can we help with?": "The editor is slow"})
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    channel = stage.scene.discord.channel(sent.message.text.split("<#")[1].split(">")[0])
    assert channel is not None
    welcome = await stage.sam.wait_for_message(channel, containing="From the cancel flow")
    return OpenedTicket(channel, welcome, sent.message)


async def test_r1_r4_support_sees_the_attempt_and_mia_goes_on_when_the_ticket_is_closed(
    stage: Stage,
) -> None:
    """The message's buttons work after a restart, and after the attempt was given up."""
    await stage.link_mia()
    ticket = await ticket_from_nudge(stage)
    assert "Pro · $20.00 monthly" in ticket.welcome.text
    assert "not given yet" in ticket.welcome.text

    await close(stage.sam, ticket, "We made it faster")
    both = await stage.mia.wait_for_message("dm", containing=BOTH_WAYS)

    await jobs_done(stage)
    assert len(in_dm(stage.mia, BOTH_WAYS)) == 1
    labels = [(button.label, button.style) for button in both.buttons]
    assert [label for label, _ in labels] == ["Continue to cancel", "Keep my plan"]
    assert len({style for _, style in labels}) == 1
    ends = stage.subscription["items"]["data"][0]["current_period_end"]
    assert f"<t:{ends}:f>" in both.text
    change_store(stage, "UPDATE cancel_attempts SET state = 'timed_out', finished_at = 1")
    await stage.kill_and_restart()

    going_on = await stage.mia.click(both, "Continue to cancel")
    assert going_on.modal is not None
    await stage.mia.submit(going_on.modal, ANSWERS)
    await stage.mia.click(both, "Confirm cancel")
    await both.changed(containing="is cancelled")

    assert stage.subscription["cancel_at_period_end"] is True
    states = [row["state"] for row in stage.rows("SELECT state FROM cancel_attempts")]
    assert sorted(states) == ["cancelled", "timed_out"]


async def test_whoever_has_decided_meanwhile_is_left_alone(stage: Stage) -> None:
    await stage.link_mia()
    ticket = await ticket_from_nudge(stage)
    screen = await open_cancel(stage)
    await stage.mia.submit(await open_reason(stage, screen), ANSWERS)
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")

    await close(stage.sam, ticket)

    await stage.mia.wait_for_message("dm", containing="is closed")
    await jobs_done(stage)
    assert in_dm(stage.mia, BOTH_WAYS) == []


async def test_keeping_the_plan_from_the_message_is_one_click(stage: Stage) -> None:
    await stage.link_mia()
    await close(stage.sam, await ticket_from_nudge(stage))
    both = await stage.mia.wait_for_message("dm", containing=BOTH_WAYS)

    await stage.mia.click(both, "Keep my plan")

    await both.changed(containing="You keep Pro")
    await until(lambda: stage.rows("SELECT id FROM cancel_attempts WHERE state = 'aborted'"))
    assert stage.subscription["cancel_at_period_end"] is False
