"""/privacy: Mia gets a copy of her data, and has it erased."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import MIA_ADDRESS
from storage.database import Database
from tests.integration.storage.members import traces
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.refunding import audit_log_holds, confirm, draft
from tests.scenario.stage import Stage
from tests.scenario.ticketing import close, in_dm, open_ticket, settled

STORY = "I was charged twice"


async def lived(stage: Stage) -> None:
    """Mia has linked her account and had a ticket."""
    await stage.link_mia()
    await close(stage.mia, await open_ticket(stage))
    await settled(stage, "closed", seconds=20)
    await jobs_done(stage)


async def ask(stage: Stage) -> Message:
    """Mia runs /privacy erase."""
    answer = await stage.mia.slash("privacy erase", channel=stage.here)
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message


async def erase(stage: Stage) -> Message:
    """All the way to the receipt."""
    screen = await ask(stage)
    await stage.mia.click(screen, "Continue")
    await stage.mia.click(screen, "Erase for good")
    await screen.changed(containing="Your data is erased", timeout=15)
    return screen


def payments(stage: Stage) -> int:
    """How many payments of hers are in the books."""
    mine = stage.rows("SELECT id FROM payments WHERE customer_id = ?", stage.scene.mia_customer)
    return len(mine)


async def tables_with_traces(stage: Stage) -> set[str]:
    """Where the store still knows Mia, or what she wrote."""
    path = Path(stage.bot.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    database = Database(f"sqlite+aiosqlite:///{path}")
    try:
        return await traces(database, stage.mia.user.id, MIA_ADDRESS, STORY)
    finally:
        await database.close()


async def copy_of(stage: Stage) -> dict[str, Any]:
    """Mia runs /privacy export and opens the file."""
    answer = await stage.mia.slash("privacy export", channel=stage.here)
    message = await answer.settled(timeout=30)
    assert message.ephemeral
    assert message not in stage.noor.messages(stage.here)
    [file] = message.attachments
    assert file.filename == "my-data.json"
    return dict(json.loads(file.data))


async def test_a_copy_holds_everything_that_is_stored_about_her(stage: Stage) -> None:
    await lived(stage)

    copy = await copy_of(stage)

    assert copy["discord_user_id"] == stage.mia.user.id
    data = copy["data"]
    assert [each["email"] for each in data["customers"]] == [MIA_ADDRESS]
    assert [each["id"] for each in data["subscriptions"]] == [stage.scene.mia_subscription]
    assert [each["amount"] for each in data["payments"]] == [2000]
    assert data["tickets"][0]["answers"]["description"] == STORY
    assert {each["written_by"] for each in data["ticket_messages"]} == {"bot"}
    assert [each["kind"] for each in data["ledger"]] == ["grant"]
    assert copy["not_in_here"]


async def test_who_has_linked_nothing_gets_a_copy_too(stage: Stage) -> None:
    answer = await stage.noor.slash("privacy export", channel=stage.here)

    [file] = (await answer.settled(timeout=30)).attachments
    assert not any(json.loads(file.data)["data"].values())


async def test_a_large_copy_is_compressed(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    change_store(
        stage,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
        " INSERT INTO ledger (key, customer_id, subscription_id, period_start, month_start, kind,"
        " amount, recorded_at) SELECT 'usage:' || i, customer_id, id, period_start, period_start,"
        " 'usage', 1, period_start FROM subscriptions, n WHERE id = ?",
        stage.scene.mia_subscription,
    )

    answer = await stage.mia.slash("privacy export", channel=stage.here)

    [file] = (await answer.settled(timeout=60)).attachments
    assert file.filename == "my-data.json.gz"


async def test_first_it_says_what_goes_what_stays_and_that_nothing_is_cancelled(
    stage: Stage,
) -> None:
    await lived(stage)

    screen = await ask(stage)

    ends = stage.subscription["items"]["data"][0]["current_period_end"]
    assert "The bot forgets" in screen.text
    assert "It stays, without your name" in screen.text
    assert f"This does not cancel Pro.** It renews on <t:{ends}:D> for $20.00" in screen.text
    assert [button.label for button in screen.buttons] == [
        "Cancel subscription",
        "Continue",
        "Keep my data",
    ]
    await stage.mia.click(screen, "Continue")
    await stage.mia.click(screen, "Keep my data")
    assert "Nothing was erased" in screen.text
    assert "Pro" in (await stage.balance_of(stage.mia)).text


async def test_erased_nothing_of_hers_is_left_and_she_has_a_receipt(stage: Stage) -> None:
    await lived(stage)
    assert {"customers", "tickets", "audit_log"} <= await tables_with_traces(stage)

    screen = await erase(stage)

    told = await stage.mia.wait_for_message("dm", containing="Your data is erased", timeout=15)
    reference = screen.text.split("Reference: ")[1].split()[0]
    assert reference in told.text
    await jobs_done(stage)
    assert await tables_with_traces(stage) <= {"jobs", "link_requests"}
    assert "not linked" in (await stage.balance_of(stage.mia)).text
    assert await audit_log_holds(stage)
    [row] = stage.rows("SELECT * FROM audit_log WHERE action = 'privacy.erased'")
    assert (row["subject"], row["actor_id"]) == (reference, None)
    assert stage.subscription["status"] == "active"
    assert payments(stage) == 1


async def test_what_the_provider_tells_later_brings_nothing_back(stage: Stage) -> None:
    await lived(stage)
    await erase(stage)

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)

    assert await tables_with_traces(stage) <= {"jobs", "link_requests"}
    assert payments(stage) == 2


async def test_she_can_link_again_and_all_is_as_it_was(stage: Stage) -> None:
    await lived(stage)
    await erase(stage)
    stage.scene.mail.messages.clear()

    await stage.scene.link(stage.mia, MIA_ADDRESS)

    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    [row] = stage.rows("SELECT email FROM customers WHERE id = ?", stage.scene.mia_customer)
    assert row["email"] == MIA_ADDRESS


async def test_with_an_open_ticket_it_says_what_to_do(stage: Stage) -> None:
    await stage.link_mia()
    ticket = await open_ticket(stage)

    screen = await ask(stage)

    assert "cannot be erased yet" in screen.text
    assert f"Please close it. <#{ticket.channel.id}>" in screen.text
    await close(stage.mia, ticket)
    await settled(stage, "closed", seconds=20)
    await erase(stage)


async def test_a_ticket_that_was_opened_between_the_clicks_counts(stage: Stage) -> None:
    await stage.link_mia()
    screen = await ask(stage)
    await stage.mia.click(screen, "Continue")
    await open_ticket(stage)

    refused = await stage.mia.click(screen, "Erase for good")

    assert refused.message is not None
    assert "You have a ticket that is not closed yet" in refused.message.text
    assert "Pro" in (await stage.balance_of(stage.mia)).text


async def test_while_a_refund_is_made_nothing_is_erased(stage: Stage) -> None:
    await stage.link_mia()
    outage = stage.scene.stripe.faults.add(path="/v1/refunds", status=503)
    refunding = await draft(stage)
    await confirm(stage, refunding)

    screen = await ask(stage)

    assert "A refund for you is being made" in screen.text
    outage.remove()
    await refunding.changed(containing="Refunded $20.00", timeout=RECOVERY_SECONDS)
    await jobs_done(stage)
    await erase(stage)
    assert await tables_with_traces(stage) <= {"jobs", "link_requests"}


async def test_a_double_click_makes_one_receipt(stage: Stage) -> None:
    await lived(stage)
    screen = await ask(stage)
    await stage.mia.click(screen, "Continue")

    await asyncio.gather(
        stage.mia.click(screen, "Erase for good"), stage.mia.click(screen, "Erase for good")
    )

    await stage.mia.wait_for_message("dm", containing="Your data is erased", timeout=15)
    await jobs_done(stage)
    assert len(in_dm(stage.mia, "Your data is erased")) == 1
    erased = stage.rows("SELECT id FROM audit_log WHERE action = 'privacy.erased'")
    assert len(erased) == 1


@pytest.mark.parametrize("after_work", [False, True])
async def test_killed_before_the_receipt_it_is_still_told_once(
    stage: Stage, after_work: bool
) -> None:
    await lived(stage)
    screen = await ask(stage)
    await stage.mia.click(screen, "Continue")
    strike = DiscordStrike(stage, "POST", r"/channels/\d+/messages", after_work=after_work)

    await stage.mia.click(screen, "Erase for good")
    await strike.restart()

    await stage.mia.wait_for_message(
        "dm", containing="Your data is erased", timeout=RECOVERY_SECONDS
    )
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert len(in_dm(stage.mia, "Your data is erased")) == 1
    assert await tables_with_traces(stage) <= {"jobs", "link_requests"}
    assert await audit_log_holds(stage)


async def test_killed_at_the_confirmation_it_is_carried_out_by_the_next_process(
    stage: Stage,
) -> None:
    await lived(stage)
    screen = await ask(stage)
    await stage.mia.click(screen, "Continue")
    await stage.mia.click(screen, "Erase for good")

    await stage.kill_and_restart()

    await stage.mia.wait_for_message(
        "dm", containing="Your data is erased", timeout=RECOVERY_SECONDS
    )
    assert "not linked" in (await stage.balance_of(stage.mia)).text
