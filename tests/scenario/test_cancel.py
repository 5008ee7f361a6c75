"""Mia leaves: /cancel from the first screen to the end of the period (S1-S6, R1-R8, fairness)."""

import pytest

from bot.sandbox.discord import Message, Modal
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.stage import COMMENT, Stage

ANSWERS = {"Your reason": "It costs too much", COMMENT: "Maybe later"}


async def open_cancel(stage: Stage) -> Message:
    answer = await stage.mia.slash("cancel", channel=stage.here)
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message


async def open_reason(stage: Stage, screen: Message) -> Modal:
    answer = await stage.mia.click(screen, "Continue to cancel")
    assert answer.modal is not None
    return answer.modal


async def up_to_confirm(stage: Stage) -> Message:
    screen = await open_cancel(stage)
    await stage.mia.submit(await open_reason(stage, screen), ANSWERS)
    return screen


async def cancel(stage: Stage) -> Message:
    screen = await up_to_confirm(stage)
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")
    return screen


async def test_mia_cancels_in_three_clicks_and_gets_a_receipt_twice(stage: Stage) -> None:
    """R1, R4-R6."""
    await stage.link_mia()

    status = await stage.balance_of(stage.mia)
    assert "Cancel subscription" in [button.label for button in status.buttons]  # R2
    screen = await open_cancel(stage)
    assert "Open a ticket" in [button.label for button in screen.buttons]  # R1
    modal = await open_reason(stage, screen)  # R4, click one
    await stage.mia.submit(modal, ANSWERS)  # R5, click two
    ends = stage.subscription["items"]["data"][0]["current_period_end"]
    assert f"<t:{ends}:f>" in screen.text
    assert "what you have already paid is not refunded" in screen.text  # R8
    await stage.mia.click(screen, "Confirm cancel")  # R6, click three
    await screen.changed(containing="is cancelled")

    assert stage.scene.stripe.objects("refund") == []
    assert stage.subscription["cancel_at_period_end"] is True
    assert stage.subscription["cancellation_details"] == {
        "comment": "Maybe later",
        "feedback": "too_expensive",
        "reason": "cancellation_requested",
    }
    receipt = await stage.mia.wait_for_message("dm", containing="is cancelled")
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="Reference")
    reference = screen.text.split("**Reference:** ")[1].split()[0]
    for durable in (receipt.text, mail.text):
        assert reference in durable
    assert "https://account.lumen.example/subscription" in mail.text
    log = await stage.sam.wait_for_message(stage.scene.log, containing=reference)
    assert "It costs too much" in log.text


async def test_r7_r3_the_status_shows_it_and_nothing_more_is_asked(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)

    balance = await stage.balance_of(stage.mia)

    assert "Cancelled. Stays on until" in balance.text
    labels = [button.label for button in balance.buttons]
    assert "Subscribe (cancel anytime)" in labels
    assert "Resume" in labels
    assert "Cancel subscription" not in labels
    again = await stage.mia.slash("cancel", channel=stage.here)
    assert again.message is not None
    assert "already cancelled" in again.message.text


async def test_s2_s3_s4_access_until_the_end_then_free_and_no_charge(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    charges = len(stage.scene.stripe.objects("charge"))

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.scene.stripe.advance(days=1)
    await stage.scene.stripe.drain()

    balance = await stage.balance_saying(stage.mia, "Free plan")
    assert "credits left" not in balance.text
    assert [button.label for button in balance.buttons] == [
        "Refresh",
        "Subscribe (cancel anytime)",
    ]
    assert len(stage.scene.stripe.objects("charge")) == charges


async def test_s5_s6_resume_makes_it_renew_again(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)

    answer = await stage.mia.slash("resume", channel=stage.here)
    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on")

    assert stage.subscription["cancel_at_period_end"] is False
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.scene.stripe.advance(days=1)
    await stage.scene.stripe.drain()
    assert stage.subscription["status"] == "active"
    balance = await stage.balance_of(stage.mia)
    assert "Cancel subscription" in [button.label for button in balance.buttons]


async def test_s5_a_cancellation_made_in_the_providers_portal_is_resumed_too(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await stage.scene.stripe.drain()
    balance = await stage.balance_saying(stage.mia, "Cancelled. Stays on until")

    answer = await stage.mia.click(balance, "Resume")
    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on")

    assert stage.subscription["cancel_at"] is None


async def test_s5_after_the_end_there_is_nothing_to_resume(stage: Stage) -> None:
    await stage.link_mia()
    screen = await cancel(stage)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.scene.stripe.drain()
    await stage.balance_saying(stage.mia, "Free plan")

    answer = await stage.mia.click(screen, "Resume")

    assert answer.message is not None
    assert "has ended" in answer.message.text
    assert stage.subscription["status"] == "canceled"


async def test_keeping_the_plan_changes_nothing_and_is_no_dead_end(stage: Stage) -> None:
    await stage.link_mia()
    screen = await open_cancel(stage)

    await stage.mia.click(screen, "Keep my plan")

    assert "You keep Pro" in screen.text
    assert stage.subscription["cancel_at_period_end"] is False
    assert "Continue to cancel" in [button.label for button in (await open_cancel(stage)).buttons]


async def test_every_step_shows_cancel_as_plainly_as_everything_else(stage: Stage) -> None:
    """Fairness 2: same style, enabled, never last behind a detour."""
    await stage.link_mia()
    screen = await open_cancel(stage)
    steps = [list(screen.buttons)]
    await stage.mia.submit(await open_reason(stage, screen), ANSWERS)
    steps.append(list(screen.buttons))

    for buttons in steps:
        assert "ancel" in str(buttons[0].label)
        assert len({button.style for button in buttons}) == 1
        assert not any(button.disabled for button in buttons)


async def test_nobody_else_can_use_mias_buttons(stage: Stage) -> None:
    await stage.link_mia()
    receipt = await cancel(stage)
    dm = await stage.mia.wait_for_message("dm", containing="is cancelled")
    assert dm.channel not in stage.noor.channels(stage.scene.guild)

    answer = await stage.noor.slash("resume", channel=stage.here)

    assert answer.message is not None
    assert "nothing to resume" in answer.message.text.lower()
    assert receipt.ephemeral
    assert stage.subscription["cancel_at_period_end"] is True


async def test_the_nudge_really_opens_a_ticket_and_does_not_block(stage: Stage) -> None:
    await stage.link_mia()
    screen = await open_cancel(stage)

    opened = await stage.mia.click(screen, "Open a ticket")
    assert opened.modal is not None
    sent = await stage.mia.submit(opened.modal, {"What can we help with?": "The editor is slow"})
    assert sent.message is not None
    await sent.message.changed(containing="Your ticket is open")
    await stage.mia.submit(await open_reason(stage, screen), ANSWERS)
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")

    [attempt] = stage.rows("SELECT ticket_id, state FROM cancel_attempts")
    assert attempt["ticket_id"] is not None
    assert attempt["state"] == "cancelled"


async def test_while_the_provider_is_down_it_never_says_cancelled(stage: Stage) -> None:
    """Fairness 5: the request counts from its own time, and is carried out later."""
    await stage.link_mia()
    screen = await open_cancel(stage)
    await stage.mia.submit(await open_reason(stage, screen), ANSWERS)
    outage = stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", status=503)

    await stage.mia.click(screen, "Confirm cancel")

    assert "Cancellation requested" in screen.text
    assert "You will not be charged again" in screen.text
    assert "is cancelled" not in screen.text
    [attempt] = stage.rows("SELECT state, requested_at FROM cancel_attempts")
    assert attempt["state"] == "requested"
    outage.remove()
    await screen.changed(containing="is cancelled", timeout=15)
    [after] = stage.rows("SELECT state, requested_at FROM cancel_attempts")
    assert (after["state"], after["requested_at"]) == ("cancelled", attempt["requested_at"])


async def test_a_change_of_mind_during_an_outage_is_honoured(stage: Stage) -> None:
    await stage.link_mia()
    screen = await open_cancel(stage)
    await stage.mia.submit(await open_reason(stage, screen), ANSWERS)
    outage = stage.scene.stripe.faults.add(path=r"/v1/subscriptions/", status=503)
    await stage.mia.click(screen, "Confirm cancel")

    answer = await stage.mia.slash("resume", channel=stage.here)
    outage.remove()

    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on", timeout=15)
    assert stage.subscription["cancel_at_period_end"] is False


@pytest.mark.parametrize("step", ["nudge", "modal", "confirm", "requested"])
async def test_the_flow_survives_kill_9_between_any_two_clicks(stage: Stage, step: str) -> None:
    await stage.link_mia()
    screen = await open_cancel(stage)
    if step == "nudge":
        await stage.kill_and_restart()
    modal = await open_reason(stage, screen)
    if step == "modal":
        await stage.kill_and_restart()
    await stage.mia.submit(modal, ANSWERS)
    if step == "confirm":
        await stage.kill_and_restart()
    outage = (
        stage.scene.stripe.faults.add(
            method="POST", path=r"/v1/subscriptions/", hold=True, drop=True
        )
        if step == "requested"
        else None
    )
    await stage.mia.click(screen, "Confirm cancel")
    if outage is not None:
        await stage.bot.kill()
        outage.remove()
        await stage.bot.start()
    await screen.changed(containing="is cancelled", timeout=75)

    assert stage.subscription["cancel_at_period_end"] is True
    assert len(stage.rows("SELECT id FROM cancel_attempts")) == 1
    await stage.mia.wait_for_message("dm", containing="is cancelled")
    dm = stage.mia.dm
    assert dm is not None
    assert sum("is cancelled" in message.text for message in stage.mia.messages(dm)) == 1
