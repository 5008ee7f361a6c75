"""Leaving when things are not simple: outages, refusals, two plans, failed payments."""

from bot.sandbox.discord import Message
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import until
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import ANSWERS, cancel, open_cancel, open_reason


async def up_to_confirm(stage: Stage) -> Message:
    screen = await open_cancel(stage)
    await stage.mia.submit(await open_reason(stage, screen), ANSWERS)
    return screen


async def test_an_outage_that_lasts_over_the_renewal_is_owned_up_to(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    outage = stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", status=503)
    await stage.mia.click(screen, "Confirm cancel")
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    outage.remove()

    await screen.changed(containing="is cancelled", timeout=30)

    assert "renewed once more after your request" in screen.text
    log = await stage.sam.wait_for_message(stage.scene.log, containing="cancelled")
    assert "Please refund that payment as our error" in log.text
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="Reference")
    assert "renewed once more" in mail.text


async def test_a_confirmed_cancellation_does_not_wait_for_discord(stage: Stage) -> None:
    """The process starts again while Discord is away: the provider is asked all the same."""
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    outage = stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", status=503)
    await stage.mia.click(screen, "Confirm cancel")
    await stage.bot.kill()
    outage.remove()
    away = stage.scene.discord.faults.add(path="/users/@me$", status=503)

    await stage.bot.launch()

    await until(lambda: stage.subscription["cancel_at_period_end"], seconds=30)
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="Reference")
    assert "is cancelled" in mail.subject
    assert "Cancellation requested" in screen.text
    away.remove()
    await screen.changed(containing="is cancelled", timeout=30)
    await stage.mia.wait_for_message("dm", containing="is cancelled")


async def test_a_screen_that_shows_an_old_end_is_shown_again(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.scene.stripe.drain()
    ends = stage.subscription["items"]["data"][0]["current_period_end"]
    await stage.balance_saying(stage.mia, f"<t:{ends}:D>")

    await stage.mia.click(screen, "Confirm cancel")

    assert f"<t:{ends}:f>" in screen.text
    assert stage.subscription["cancel_at_period_end"] is False
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")


async def test_a_refused_cancellation_reaches_people_and_is_never_called_done(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", status=400)

    await stage.mia.click(screen, "Confirm cancel")

    await screen.changed(containing="We could not cancel yet")
    assert screen.buttons[0].url == "https://account.lumen.example/subscription"
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Cancellation failed")
    assert "by hand" in log.text
    receipts = [mail for mail in stage.scene.mail.messages if "is cancelled" in mail.subject]
    assert receipts == []


async def test_of_two_plans_the_one_that_still_charges_stays_in_view(stage: Stage) -> None:
    lite = stage.scene.stripe.add_subscription(stage.scene.mia_customer, "price_lite_month")
    await stage.link_mia()
    screen = await cancel(stage)
    name = screen.text.split(" is cancelled")[0].removeprefix("## ")
    receipt = await stage.mia.wait_for_message("dm", containing="is cancelled")
    assert receipt.text.startswith(f"## {name} is cancelled")

    again = await stage.mia.slash("cancel", channel=stage.here)

    assert again.message is not None
    assert again.message.text.startswith("## Cancel ")
    assert name not in again.message.text
    assert "Continue to cancel" in [button.label for button in again.message.buttons]
    scheduled = [
        stage.scene.stripe.get(each)["cancel_at_period_end"]
        for each in (lite["id"], stage.scene.mia_subscription)
    ]
    assert sorted(scheduled) == [False, True]


async def test_with_a_failed_payment_no_false_promise_is_made(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.scene.stripe.drain()
    await stage.balance_saying(stage.mia, "Payment failed")

    screen = await up_to_confirm(stage)

    assert "may still be tried again" in screen.text
    assert "nothing more is charged" not in screen.text


async def test_who_has_linked_nothing_still_finds_the_way_out(stage: Stage) -> None:
    answer = await stage.noor.slash("cancel", channel=stage.here)

    assert answer.message is not None
    assert answer.message.buttons[0].url == "https://account.lumen.example/subscription"


async def test_card_numbers_in_the_comment_go_nowhere(stage: Stage) -> None:
    await stage.link_mia()
    screen = await open_cancel(stage)
    modal = await open_reason(stage, screen)
    comment = next(key for key in ANSWERS if key != "Your reason")
    await stage.mia.submit(modal, {**ANSWERS, comment: "my card is 4242 4242 4242 4242"})
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")

    assert stage.subscription["cancellation_details"]["comment"] == "my card is [removed]"


async def test_s6_resuming_survives_kill_9(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    slow = stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", latency=30)
    answer = await stage.mia.slash("resume", channel=stage.here)
    assert answer.message is not None
    assert "recorded" in answer.message.text
    await stage.bot.kill()
    slow.remove()

    await stage.bot.start()
    await answer.message.changed(containing="Pro goes on", timeout=40)

    assert stage.subscription["cancel_at_period_end"] is False
    dm = stage.mia.dm
    assert dm is not None
    assert sum("Pro goes on" in each.text for each in stage.mia.messages(dm)) == 1


async def test_who_asks_to_cancel_while_it_resumes_is_told_so(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    slow = stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", latency=3)
    resuming = await stage.mia.slash("resume", channel=stage.here)
    await until(
        lambda: stage.rows(
            "SELECT id FROM jobs WHERE kind = 'resumption.carry_out' AND lease_until IS NOT NULL"
        )
    )

    answer = await stage.mia.slash("cancel", channel=stage.here)
    slow.remove()

    assert answer.message is not None
    assert "being resumed right now" in answer.message.text
    assert resuming.message is not None
    await resuming.message.changed(containing="Pro goes on")
    again = await open_cancel(stage)
    assert "Continue to cancel" in [button.label for button in again.buttons]
