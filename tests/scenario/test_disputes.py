"""A cardholder disputes a payment: the team is told once, nothing is refunded on top (S13)."""

import pytest

from bot.sandbox.discord import Message
from tests.scenario.bad_luck import RECOVERY_SECONDS
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.refunding import confirm, draft, look_up, payment_of, refunds
from tests.scenario.stage import Stage


def charge_of(stage: Stage) -> str:
    """The charge behind Mia's payment."""
    return str(stage.scene.stripe.get(payment_of(stage))["latest_charge"])


def told(stage: Stage, words: str) -> list[Message]:
    """What the team's log channel says."""
    return [each for each in stage.sam.messages(stage.scene.log) if words in each.text]


async def test_a_dispute_is_told_to_the_team_once_with_what_to_do(stage: Stage) -> None:
    await stage.link_mia()
    dispute = stage.scene.stripe.open_dispute(charge_of(stage))

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Payment disputed")

    assert f"<@{stage.mia.user.id}> · $20.00" in log.text
    assert payment_of(stage) in log.text
    assert "it was not them" in log.text
    assert f"<t:{dispute['evidence_details']['due_by']}:f>" in log.text
    assert "would pay twice" in log.text
    [event] = [e for e in stage.scene.stripe.events if e["type"] == "charge.dispute.created"]
    stage.scene.stripe.deliver_again(event["id"])
    await jobs_done(stage)
    assert len(told(stage, "Payment disputed")) == 1


async def test_the_reason_is_told_even_if_the_payment_is_seen_first(stage: Stage) -> None:
    await stage.link_mia()
    balance = await stage.balance_of(stage.mia)
    stage.scene.stripe.hold_webhooks()
    stage.scene.stripe.open_dispute(charge_of(stage))
    await (await stage.mia.click(balance, "Refresh")).settled()
    stage.scene.stripe.release_webhooks()

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Payment disputed")

    assert "it was not them" in log.text


async def test_while_it_is_disputed_nothing_is_refunded(stage: Stage) -> None:
    """Neither a refund that is begun then, nor one that was begun before."""
    await stage.link_mia()
    begun = await draft(stage)
    stage.scene.stripe.open_dispute(charge_of(stage))
    await stage.sam.wait_for_message(stage.scene.log, containing="Payment disputed")

    late = await confirm(stage, begun)
    screen = await look_up(stage, stage.max, stage.mia)
    answer = await stage.max.choose(screen, payment_of(stage))

    for refused in (late, answer):
        assert refused.message is not None
        assert "This payment is disputed, so it cannot be refunded" in refused.message.text
    await jobs_done(stage)
    assert refunds(stage) == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("won", "The bank decided for you"),
        ("lost", "do not refund it as well"),
        ("warning_closed", "It was dropped"),
    ],
)
async def test_the_outcome_is_told_when_the_bank_has_decided(
    stage: Stage, status: str, words: str
) -> None:
    await stage.link_mia()
    dispute = stage.scene.stripe.open_dispute(charge_of(stage))
    await stage.sam.wait_for_message(stage.scene.log, containing="Payment disputed")

    stage.scene.stripe.close_dispute(dispute["id"], status=status)

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Dispute closed")
    assert words in log.text
    assert payment_of(stage) in log.text
    await jobs_done(stage)
    assert len(told(stage, "Dispute closed")) == 1


async def test_s13_after_a_dispute_that_was_won_the_payment_can_be_refunded(stage: Stage) -> None:
    await stage.link_mia()
    dispute = stage.scene.stripe.open_dispute(charge_of(stage))
    stage.scene.stripe.close_dispute(dispute["id"], status="won")
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Dispute closed")
    assert "`/refund` is open for it again" in log.text

    screen = await draft(stage)
    assert "**Dispute:** A dispute was decided for you." in screen.text
    await confirm(stage, screen)

    await screen.changed(containing="Refunded $20.00", timeout=15)
    assert len(refunds(stage)) == 1


async def test_s13_what_the_bank_has_given_back_is_not_refunded_as_well(stage: Stage) -> None:
    await stage.link_mia()
    dispute = stage.scene.stripe.open_dispute(charge_of(stage))
    stage.scene.stripe.close_dispute(dispute["id"], status="lost")
    await jobs_done(stage)

    screen = await look_up(stage, stage.max, stage.mia)
    answer = await stage.max.choose(screen, payment_of(stage))

    assert answer.message is not None
    assert "The bank has given the money of this payment back already" in answer.message.text


async def test_while_the_bank_only_asks_a_refund_is_an_answer(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.open_dispute(charge_of(stage), is_inquiry=True)
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Payment disputed")
    assert "So far the bank only asks" in log.text
    assert "is blocked" not in log.text

    screen = await draft(stage)
    assert "**Dispute:** The bank asks about this payment." in screen.text
    await confirm(stage, screen)

    await screen.changed(containing="Refunded $20.00", timeout=15)


async def test_an_inquiry_that_becomes_a_dispute_is_told_with_its_deadline(stage: Stage) -> None:
    await stage.link_mia()
    inquiry = stage.scene.stripe.open_dispute(charge_of(stage), is_inquiry=True)
    await stage.sam.wait_for_message(stage.scene.log, containing="So far the bank only asks")

    stage.scene.stripe.escalate_inquiry(inquiry["id"])

    log = await stage.sam.wait_for_message(stage.scene.log, containing="The bank decides")
    assert f"<t:{inquiry['evidence_details']['due_by']}:f>" in log.text
    assert "`/refund` is blocked" in log.text


async def test_events_in_the_wrong_order_tell_the_outcome_alone(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    dispute = stage.scene.stripe.open_dispute(charge_of(stage))
    stage.scene.stripe.close_dispute(dispute["id"], status="won")
    stage.scene.stripe.release_webhooks(shuffle=True)

    await jobs_done(stage)

    assert told(stage, "Payment disputed") == []
    assert len(told(stage, "Dispute closed")) == 1


async def test_without_a_log_channel_it_goes_by_mail(stage: Stage) -> None:
    """Evidence has a deadline: somebody has to hear of it."""
    await stage.link_mia()
    await jobs_done(stage)
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")

    stage.scene.stripe.open_dispute(charge_of(stage))

    mail = await stage.scene.mail.wait_for(
        to="team@lumen.example", containing=payment_of(stage), timeout=RECOVERY_SECONDS
    )
    assert "do not refund it as well" in " ".join(mail.text.split())
