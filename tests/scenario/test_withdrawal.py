"""Withdrawing from a contract: two clicks, a dated acknowledgement, the money in the queue."""

import time
from pathlib import Path

import pytest

from bot.sandbox.discord import Message, Persona
from bot.sandbox.scene import LEA_ADDRESS, MIA_ADDRESS
from tests.scenario import lea
from tests.scenario.bad_luck import RECOVERY_SECONDS, StripeStrike, until
from tests.scenario.desk import card_in_queue, with_policy
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel
from tests.scenario.test_stuck import ten_minutes_later, told
from tests.scenario.ticketing import in_dm

RECEIVED = "We have received your withdrawal"
ENDED = "Your contract for Pro has ended"
DAY = 86_400


async def open_withdrawal(stage: Stage, who: Persona) -> Message:
    """What /withdraw answers."""
    answer = await who.slash("withdraw", channel=stage.here)
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message


async def state(stage: Stage, who: Persona) -> Message:
    """The two clicks."""
    screen = await open_withdrawal(stage, who)
    await who.click(screen, "Withdraw from contract here")
    await who.click(screen, "Confirm withdrawal")
    return screen


def labels(message: Message) -> list[str | None]:
    return [button.label for button in message.buttons]


def audited(stage: Stage) -> list[str]:
    rows = stage.rows("SELECT action FROM audit_log WHERE action LIKE 'withdrawal.%' ORDER BY id")
    return [row["action"] for row in rows]


async def test_mia_withdraws_in_two_clicks_and_the_money_waits_for_a_person(stage: Stage) -> None:
    await stage.link_mia()
    account = (await stage.mia.slash("account", channel=stage.here)).message
    assert account is not None
    assert "Withdraw from contract here" in labels(account)

    screen = await open_withdrawal(stage, stage.mia)
    assert "**Pro · $20.00 monthly**" in screen.text
    created = stage.subscription["created"]
    assert f"Contract of <t:{created}:D>" in screen.text
    await stage.mia.click(screen, "Withdraw from contract here")  # click one
    for part in ("I withdraw from this contract", "**Name:** `Mia", "ends at once"):
        assert part in screen.text
    assert stage.subscription["status"] == "active"
    clicked = await stage.mia.click(screen, "Confirm withdrawal")  # click two
    assert clicked.message is not None
    await screen.changed(containing=ENDED)
    await jobs_done(stage)

    assert stage.subscription["status"] == "canceled"
    [row] = stage.rows("SELECT * FROM withdrawals")
    reference, at = f"W-{row['id']}", row["requested_at"] // 1000
    [receipt] = in_dm(stage.mia, RECEIVED)
    assert f"**Received:** <t:{at}:f>" in receipt.text
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing=RECEIVED)
    stamp = time.strftime("%d %B %Y, %H:%M UTC", time.gmtime(at))
    for part in (stamp, "I withdraw from this contract.", "Name: Mia", "Pro · $20.00 monthly"):
        assert part in mail.text
    for durable in (receipt.text, mail.text):
        assert reference in durable
        assert "is off" not in durable  # nothing is said to be done before it is
    assert "https://account.lumen.example/subscription" in mail.text
    [ended] = in_dm(stage.mia, ENDED)
    assert f"by <t:{at + 14 * DAY}:D>" in ended.text
    assert in_dm(stage.mia, "## Pro has ended") == []  # told once
    [log] = told(stage, "A member has withdrawn")
    assert reference in log

    [refund] = stage.rows("SELECT * FROM refunds")
    assert (refund["state"], refund["ground"]) == ("submitted", "withdrawal")
    assert (refund["amount"], refund["withdrawal_id"]) == (2000, row["id"])
    assert refund["consequence"] == "already_ended"
    assert stage.scene.stripe.objects("refund") == []
    assert stage.rows("SELECT * FROM cancel_attempts") == []  # it is no cancellation
    assert audited(stage) == ["withdrawal.requested", "withdrawal.done"]
    assert "Free plan" in (await stage.balance_of(stage.mia)).text
    again = await open_withdrawal(stage, stage.mia)
    assert f"Withdrawn on <t:{at}:f> · {reference}" in again.text
    assert "Withdraw from contract here" not in labels(again)


async def test_r9_a_policy_of_no_refunds_does_not_touch_it_and_a_person_decides(
    stage: Stage, tmp_path: Path
) -> None:
    await with_policy(stage, tmp_path, ('mode = "case_by_case"', 'mode = "none"'))
    await stage.link_mia()
    await (await state(stage, stage.mia)).changed(containing=ENDED)
    at = stage.rows("SELECT requested_at FROM withdrawals")[0]["requested_at"] // 1000
    card = await card_in_queue(stage)
    assert "Withdrawal from the contract" in card.text
    assert f"**Due:** <t:{at + 14 * DAY}:D>" in card.text
    [approve] = [each for each in labels(card) if (each or "").startswith("Approve")]

    await stage.max.click(card, approve)

    await stage.mia.wait_for_message("dm", containing="$20.00")
    await jobs_done(stage)
    [refund] = stage.scene.stripe.objects("refund")
    assert (refund["amount"], refund["status"]) == (2000, "succeeded")
    [row] = stage.rows("SELECT state FROM refunds")
    assert row["state"] == "done"


async def test_in_arrears_and_after_cancelling_it_works_the_same_and_counts_from_the_click(
    stage: Stage,
) -> None:
    """The provider is away for hours, and the team hears of it; then it is carried out."""
    await stage.link_mia()
    await cancel(stage)
    await jobs_done(stage)
    down = stage.scene.stripe.faults.add(path=r"/v1/subscriptions/sub_", status=503)

    screen = await state(stage, stage.mia)

    assert RECEIVED in screen.text
    assert "ends as soon as the payment provider has confirmed it" in screen.text
    await stage.mia.wait_for_message("dm", containing=RECEIVED)
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE failing_since IS NOT NULL"))
    again = await open_withdrawal(stage, stage.mia)
    assert "Withdrawn on" in again.text
    await ten_minutes_later(stage)
    [waits] = told(stage, "A withdrawal waits")
    assert "Please end it by hand" in waits
    assert in_dm(stage.mia, ENDED) == []
    [before] = stage.rows("SELECT requested_at, state FROM withdrawals")
    assert before["state"] == "requested"

    down.remove()
    change_store(stage, "UPDATE jobs SET run_at = 0 WHERE failing_since IS NOT NULL")
    await screen.changed(containing=ENDED, timeout=RECOVERY_SECONDS)
    await jobs_done(stage)

    assert stage.subscription["status"] == "canceled"
    [row] = stage.rows("SELECT requested_at, state FROM withdrawals")
    assert (row["state"], row["requested_at"]) == ("done", before["requested_at"])
    assert len(stage.rows("SELECT id FROM refunds WHERE state = 'submitted'")) == 1


@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not_done"])
async def test_kill_9_while_stripe_ends_it(stage: Stage, after_work: bool) -> None:
    await stage.link_mia()
    strike = StripeStrike(stage, "DELETE", r"/v1/subscriptions/sub_", after_work=after_work)
    screen = await state(stage, stage.mia)

    await strike.restart()

    await screen.changed(containing=ENDED, timeout=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert stage.subscription["status"] == "canceled"
    assert [len(in_dm(stage.mia, each)) for each in (RECEIVED, ENDED)] == [1, 1]
    assert len(stage.rows("SELECT id FROM refunds")) == 1
    assert audited(stage) == ["withdrawal.requested", "withdrawal.done"]


async def test_lea_withdraws_on_creem_without_direct_messages(stage: Stage) -> None:
    await lea.link(stage)
    person = stage.scene.people.lea
    person.accepts_dms = False

    screen = await state(stage, person)
    await screen.changed(containing=ENDED)
    await lea.settled(stage)

    assert lea.subscription(stage)["status"] == "canceled"
    for said in (RECEIVED, ENDED):
        await stage.scene.mail.wait_for(to=LEA_ADDRESS, containing=said)
    [refund] = stage.rows("SELECT state, payment_id FROM refunds")
    assert refund["state"] == "submitted"
    assert refund["payment_id"] == lea.transactions(stage)[0]["id"]


async def test_too_late_or_not_linked_the_way_on_is_named(stage: Stage) -> None:
    unlinked = await open_withdrawal(stage, stage.noor)
    assert "write to team@lumen.example" in unlinked.text
    await stage.link_mia()
    screen = await open_withdrawal(stage, stage.mia)
    await stage.mia.click(screen, "Withdraw from contract here")
    long_ago = (int(time.time()) - 20 * DAY) * 1000
    await jobs_done(stage)
    change_store(stage, "UPDATE subscriptions SET created_at = ?", long_ago)

    refused = await stage.mia.click(screen, "Confirm withdrawal")

    assert refused.message is not None
    assert "The time for withdrawing from this contract was over" in refused.message.text
    assert "/cancel" in refused.message.text
    assert stage.rows("SELECT id FROM withdrawals") == []
    none = await open_withdrawal(stage, stage.mia)
    assert "No contract to withdraw from" in none.text
    opened = await stage.mia.click(none, "Cancel subscription")
    assert opened.message is not None
    assert "Continue to cancel" in labels(opened.message)


async def test_where_it_is_not_offered_cancel_is_named(stage: Stage, tmp_path: Path) -> None:
    await with_policy(stage, tmp_path, ("enabled = true", "enabled = false"))

    answer = await open_withdrawal(stage, stage.mia)

    assert "Withdrawing is not offered here" in answer.text
    assert "`/cancel`" in answer.text
