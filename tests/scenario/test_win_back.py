"""One message after leaving: asked for under the receipt, sent once, stopped with a click."""

import pytest

from bot.sandbox.discord import Message
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import COMMENT, Stage
from tests.scenario.test_cancel import open_cancel, open_reason
from tests.scenario.ticketing import in_dm

AGREE = "Tell me once if this changes"
NEWS = "News from Lumen Notes"
DAY = 86_400_000


async def leave(stage: Stage, reason: str = "Something I need is missing") -> Message:
    """Mia cancels, and has her receipt as a direct message."""
    await stage.link_mia()
    screen = await open_cancel(stage)
    modal = await open_reason(stage, screen)
    await stage.mia.submit(modal, {"Your reason": reason, COMMENT: ""})
    await stage.mia.click(screen, "Confirm cancel")
    return await stage.mia.wait_for_message("dm", containing="is cancelled")


async def agree(stage: Stage, receipt: Message) -> Message:
    """Click the button under it."""
    answer = await stage.mia.click(receipt, AGREE)
    assert answer.message is not None
    return answer.message


async def access_ends(stage: Stage) -> None:
    """Stripe's clock comes to the end of the period, and the bot hears of it."""
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.scene.stripe.advance(days=1)
    await jobs_done(stage)


def its_time_has_come(stage: Stage) -> None:
    """The bot's clock cannot be moved, so what it waits for is moved to where it is."""
    long_ago = 70 * DAY
    change_store(
        stage,
        "UPDATE subscriptions SET ended_at = ended_at - ?, cancel_at = cancel_at - ?",
        long_ago,
        long_ago,
    )
    change_store(stage, "UPDATE jobs SET run_at = 0 WHERE kind = 'win_back.send'")


async def test_mia_asks_for_one_message_and_gets_one(stage: Stage) -> None:
    receipt = await leave(stage)
    # Nothing is chosen for her: what she would agree to stands there before the click.
    assert "**one** direct message, 30 days after the end of your plan" in receipt.text
    assert stage.rows("SELECT * FROM win_backs") == []
    agreed = await agree(stage, receipt)
    assert "You get one message" in agreed.text
    [attempt] = stage.rows("SELECT effective_at FROM cancel_attempts")
    assert f"<t:{(attempt['effective_at'] + 30 * DAY) // 1000}:D>" in agreed.text
    await stage.mia.click(agreed, "Do not write to me")
    assert "You get no message" in agreed.text
    await stage.mia.click(agreed, AGREE)
    assert "You get one message" in agreed.text
    await access_ends(stage)
    assert in_dm(stage.mia, NEWS) == []

    its_time_has_come(stage)

    message = await stage.mia.wait_for_message("dm", containing=NEWS)
    assert "Perhaps what you missed is there now" in message.text
    assert "You get this because you asked for it" in message.text
    assert [each.label for each in message.buttons] == ["See plans", "Stop these messages"]
    plans = await stage.mia.click(message, "See plans")
    assert plans.message is not None
    assert "Lite" in plans.message.text
    stopped = await stage.mia.click(message, "Stop these messages")
    assert stopped.message is not None
    assert "You get no more of these messages" in stopped.message.text
    again = await agree(stage, receipt)
    assert "There is no message to come any more" in again.text
    await jobs_done(stage)
    assert len(in_dm(stage.mia, NEWS)) == 1
    assert not [each for each in stage.scene.mail.messages if "what you missed" in each.text]


@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
async def test_kill_9_around_the_message_and_it_is_sent_once(
    stage: Stage, after_work: bool
) -> None:
    await agree(stage, await leave(stage))
    await access_ends(stage)
    strike = DiscordStrike(stage, "POST", r"/channels/\d+/messages$", after_work=after_work)
    its_time_has_come(stage)

    await strike.restart()

    sent = "SELECT id FROM jobs WHERE kind = 'win_back.send' AND done_at IS NOT NULL"
    await until(lambda: stage.rows(sent), seconds=RECOVERY_SECONDS)
    assert len(in_dm(stage.mia, NEWS)) == 1


async def test_whoever_comes_back_or_takes_it_back_hears_nothing(stage: Stage) -> None:
    receipt = await leave(stage)
    await agree(stage, receipt)
    assert "You get no message" in (await agree(stage, receipt)).text  # a second click
    await agree(stage, receipt)
    await stage.mia.click(receipt, "Resume")
    await stage.mia.wait_for_message("dm", containing="Pro goes on")

    its_time_has_come(stage)

    done = "SELECT id FROM jobs WHERE kind = 'win_back.send' AND done_at IS NOT NULL"
    await until(lambda: stage.rows(done))
    assert in_dm(stage.mia, NEWS) == []


async def test_nobody_is_asked_about_a_reason_that_has_no_message(stage: Stage) -> None:
    receipt = await leave(stage, "Prefer not to say")
    assert AGREE not in [each.label for each in receipt.buttons]
