"""A refund in Stripe's dashboard: the team hears of it, and ends the plan with one click (S11)."""

from bot.sandbox.discord import Message
from tests.scenario.bad_luck import RECOVERY_SECONDS, StripeStrike
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.refunding import confirm, draft, payment_of, refunds
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm

TITLE = "Refunded in the provider's dashboard"


async def refund_in_the_dashboard(stage: Stage, amount: int | None = None) -> None:
    form = {"payment_intent": payment_of(stage)} | ({"amount": str(amount)} if amount else {})
    await call_stripe(stage, "POST", "/v1/refunds", form)


def told(stage: Stage) -> list[Message]:
    return [each for each in stage.sam.messages(stage.scene.log) if TITLE in each.text]


async def test_s11_the_team_is_told_once_and_ends_the_plan(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    await refund_in_the_dashboard(stage)
    log = await stage.sam.wait_for_message(stage.scene.log, containing=TITLE)
    assert f"<@{stage.mia.user.id}> · $20.00 of $20.00" in log.text
    assert payment_of(stage) in log.text
    assert "**Pro goes on**" in log.text

    answer = await stage.max.click(log, "End the plan now")
    assert answer.message is not None
    await answer.message.changed(containing="Pro has ended.", timeout=15)

    await jobs_done(stage)
    assert stage.subscription["status"] == "canceled"
    assert len(refunds(stage)) == 1
    [receipt] = in_dm(stage.mia, "Refund of $20.00")
    assert "Pro has ended with it" in receipt.text
    again = await stage.max.click(log, "End the plan now")
    assert again.message is not None
    assert "Nothing is left to end" in again.message.text
    for event in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(event["id"])
    await jobs_done(stage)
    assert len(told(stage)) == 1


async def test_s11_only_a_moderator_ends_the_plan(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    await refund_in_the_dashboard(stage)
    log = await stage.sam.wait_for_message(stage.scene.log, containing=TITLE)

    refused = await stage.sam.click(log, "End the plan now")

    assert refused.message is not None
    assert "moderator" in refused.message.text
    await jobs_done(stage)
    assert stage.subscription["status"] == "active"


async def test_s11_kill_9_while_the_plan_ends_and_it_ends_once(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    await refund_in_the_dashboard(stage)
    log = await stage.sam.wait_for_message(stage.scene.log, containing=TITLE)
    strike = StripeStrike(stage, "DELETE", r"/v1/subscriptions/", after_work=True)

    await stage.max.click(log, "End the plan now")
    await strike.restart()

    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert stage.subscription["status"] == "canceled"
    assert len(in_dm(stage.mia, "Refund of $20.00")) == 1


async def test_what_mooring_has_refunded_itself_is_no_news(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await confirm(stage, screen)
    await screen.changed(containing="Refunded $20.00", timeout=15)

    await jobs_done(stage)

    assert told(stage) == []


async def test_what_was_refunded_before_the_account_was_known_is_history(stage: Stage) -> None:
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    await refund_in_the_dashboard(stage)
    change_store(stage, "DELETE FROM payments")
    stage.scene.stripe.release_webhooks()

    await stage.link_mia()

    await jobs_done(stage)
    assert told(stage) == []


async def test_without_a_log_channel_it_goes_by_mail(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")

    await refund_in_the_dashboard(stage, 500)

    mail = await stage.scene.mail.wait_for(
        to="team@lumen.example", containing=payment_of(stage), timeout=RECOVERY_SECONDS
    )
    said = " ".join(mail.text.split())
    assert "$5.00 of the payment" in said
    assert "end it in the payment provider's dashboard" in said
