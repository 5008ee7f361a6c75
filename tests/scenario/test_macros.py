"""What an agent was shown of a macro is what the member reads."""

from bot.sandbox.discord import Message
from tests.scenario.stage import Stage
from tests.scenario.ticketing import OpenedTicket, change_configuration, open_ticket, states
from tests.scenario.vendor import report

SAID = "Good to hear"


async def preview_of(stage: Stage, ticket: OpenedTicket) -> Message:
    shown = await stage.sam.slash("macro", channel=ticket.channel, name="solved")
    assert shown.message is not None
    return shown.message


def read_by_mia(stage: Stage, ticket: OpenedTicket) -> list[str]:
    return [each.text for each in stage.mia.messages(ticket.channel) if SAID in each.text]


async def test_a_balance_that_changed_since_is_shown_again_before_it_is_sent(stage: Stage) -> None:
    """Mia uses credits while Sam reads the preview."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    preview = await preview_of(stage, ticket)
    assert "1,000 of 1,000 credits" in preview.text
    used = {"customer_id": stage.scene.mia_customer, "amount": 100, "key": "image-1"}
    await report(stage, used)

    await stage.sam.click(preview, "Send")

    assert "Something has changed since" in preview.text
    assert "900 of 1,000 credits" in preview.text
    assert read_by_mia(stage, ticket) == []
    assert states(stage) == ["open"]
    await stage.sam.click(preview, "Send")
    read = await stage.mia.wait_for_message(ticket.channel, containing=SAID)
    assert "900 of 1,000 credits" in read.text
    await stage.mia.wait_for_message("dm", containing="is closed", timeout=20)


async def test_a_reply_that_discord_refuses_is_no_answer(stage: Stage) -> None:
    """Sam reads what failed and why, and Mia's question waits on."""
    ticket = await open_ticket(stage)
    shown = await stage.sam.slash("macro", channel=ticket.channel, name="looking")
    assert shown.message is not None
    posting = rf"/channels/{ticket.channel.id}/messages"
    closed = stage.scene.discord.faults.add(method="POST", path=posting, status=403, times=1)

    await stage.sam.click(shown.message, "Send")

    await shown.message.changed(containing="Not sent")
    assert closed.struck
    assert "may not write" in shown.message.text
    [turn] = stage.rows("SELECT waiting_since, first_reply_at, created_at FROM tickets")
    assert turn["waiting_since"] - turn["created_at"] < 1_000
    assert turn["first_reply_at"] is None


async def test_a_reply_that_discord_refuses_for_what_it_says_is_no_answer(stage: Stage) -> None:
    stage.expect_error("message_refused")
    ticket = await open_ticket(stage)
    shown = await stage.sam.slash("macro", channel=ticket.channel, name="looking")
    assert shown.message is not None
    posting = rf"/channels/{ticket.channel.id}/messages"
    stage.scene.discord.faults.add(method="POST", path=posting, status=400, times=1)

    await stage.sam.click(shown.message, "Send")

    await shown.message.changed(containing="Not sent")
    assert "Discord does not take this text" in shown.message.text
    assert stage.rows("SELECT waiting_since FROM tickets")[0][0] is not None


async def test_a_macro_that_the_vendor_changed_since_is_shown_again(stage: Stage) -> None:
    """What it does besides counts, too."""
    ticket = await open_ticket(stage)
    preview = await preview_of(stage, ticket)
    change_configuration(stage, {'{ close = "Solved" }': '{ close = "Not our fault" }'})
    await stage.kill_and_restart()

    await stage.sam.click(preview, "Send")

    assert "Something has changed since" in preview.text
    assert "Not our fault" in preview.text
    assert (read_by_mia(stage, ticket), states(stage)) == ([], ["open"])
