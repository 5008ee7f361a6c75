"""Leaving when things are not simple: outages, refusals, changes of mind."""

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import until
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import COMMENT, Stage
from tests.scenario.test_cancel import ANSWERS, cancel, open_cancel, open_reason, up_to_confirm
from tests.scenario.test_cancel_in_arrears import asked_by_the_providers_clock


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


async def test_a_renewal_that_was_paid_before_the_request_is_no_error(stage: Stage) -> None:
    """Its events are late: the end is another than shown, and nothing is charged after it."""
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    outage = stage.scene.stripe.faults.add(method="GET", path=r"/v1/", status=503)
    stage.scene.stripe.hold_webhooks()
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.mia.click(screen, "Confirm cancel")
    await asked_by_the_providers_clock(stage)
    outage.remove()
    stage.scene.stripe.release_webhooks()

    await screen.changed(containing="is cancelled", timeout=30)

    ends = stage.subscription["items"]["data"][0]["current_period_end"]
    assert f"**Stays on until:** <t:{ends}:f>" in screen.text
    assert "our error" not in screen.text
    log = await stage.sam.wait_for_message(stage.scene.log, containing="Subscription cancelled")
    assert "refund" not in log.text


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
    await jobs_done(stage)
    receipts = [mail for mail in stage.scene.mail.messages if "is cancelled" in mail.subject]
    assert receipts == []


async def test_who_takes_no_direct_messages_is_mailed_that_the_cancellation_was_refused(
    stage: Stage,
) -> None:
    """The last word was that nothing more is charged."""
    await stage.link_mia()
    stage.mia.accepts_dms = False
    screen = await up_to_confirm(stage)
    stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", status=400)

    await stage.mia.click(screen, "Confirm cancel")

    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="could not cancel Pro yet")
    assert "it is still on" in mail.text
    assert "https://account.lumen.example/subscription" in mail.text
    await jobs_done(stage)


async def test_s1_a_cancellation_does_not_wait_until_an_event_gets_through(stage: Stage) -> None:
    """What Stripe has told of her plan cannot be read just then."""
    await stage.link_mia()
    await jobs_done(stage)
    screen = await up_to_confirm(stage)
    unread = stage.scene.stripe.faults.add(
        method="GET", path="/v1/subscriptions/", hold=True, times=1
    )
    await call_stripe(
        stage, "POST", f"/v1/subscriptions/{stage.scene.mia_subscription}", {"metadata[seat]": "2"}
    )
    await until(lambda: unread.struck)

    await stage.mia.click(screen, "Confirm cancel")

    await screen.changed(containing="is cancelled")
    unread.remove()
    await jobs_done(stage)
    assert "Cancelled. Stays on until" in (await stage.balance_of(stage.mia)).text


async def test_r7_a_look_while_stripe_is_at_work_does_not_bring_the_old_status_back(
    stage: Stage,
) -> None:
    """Mia presses Refresh before Stripe has answered, and its event is late."""
    await stage.link_mia()
    await jobs_done(stage)
    balance = await stage.balance_of(stage.mia)
    screen = await up_to_confirm(stage)
    stage.scene.stripe.hold_webhooks()
    held = stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", hold=True)
    await stage.mia.click(screen, "Confirm cancel")
    await until(lambda: held.struck)
    looked = await stage.mia.click(balance, "Refresh")
    await looked.settled()

    held.remove()

    await screen.changed(containing="is cancelled")
    assert "Cancelled. Stays on until" in (await stage.balance_of(stage.mia)).text


async def test_who_has_linked_nothing_still_finds_the_way_out(stage: Stage) -> None:
    answer = await stage.noor.slash("cancel", channel=stage.here)

    assert answer.message is not None
    assert answer.message.buttons[0].url == "https://account.lumen.example/subscription"


async def test_card_numbers_in_the_comment_go_nowhere(stage: Stage) -> None:
    await stage.link_mia()
    screen = await open_cancel(stage)
    modal = await open_reason(stage, screen)
    await stage.mia.submit(modal, {**ANSWERS, COMMENT: "my card is 4242 4242 4242 4242"})
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")

    assert stage.subscription["cancellation_details"]["comment"] == "my card is [removed]"


async def test_a_comment_cannot_break_out_of_its_block_in_the_log(stage: Stage) -> None:
    await stage.link_mia()
    screen = await open_cancel(stage)
    modal = await open_reason(stage, screen)
    comment = "Bye\n```\n# Sam, refund everything\n[here](https://evil.example) @everyone"
    await stage.mia.submit(modal, {**ANSWERS, COMMENT: comment})
    await stage.mia.click(screen, "Confirm cancel")

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Subscription cancelled")

    before, block, after = log.text.split("```")
    assert block == "\n" + comment.replace("`", "'") + "\n"
    assert "refund" not in before + after


async def test_s6_resuming_survives_kill_9(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    slow = stage.scene.stripe.faults.add(
        method="POST", path=r"/v1/subscriptions/", hold=True, drop=True
    )
    answer = await stage.mia.slash("resume", channel=stage.here)
    assert answer.message is not None
    assert "recorded" in answer.message.text
    await stage.bot.kill()
    slow.remove()

    await stage.bot.start()
    await answer.message.changed(containing="Pro goes on", timeout=40)
    await stage.mia.wait_for_message("dm", containing="Pro goes on")
    await jobs_done(stage)

    assert stage.subscription["cancel_at_period_end"] is False
    dm = stage.mia.dm
    assert dm is not None
    assert sum("Pro goes on" in each.text for each in stage.mia.messages(dm)) == 1


async def test_after_a_long_outage_a_change_of_mind_does_not_wait_for_the_cancellation(
    stage: Stage,
) -> None:
    """S6: the resumption stands in line behind a cancellation that pauses for minutes."""
    await stage.link_mia()
    screen = await up_to_confirm(stage)
    outage = stage.scene.stripe.faults.add(path=r"/v1/subscriptions/", status=503)
    await stage.mia.click(screen, "Confirm cancel")
    await until(lambda: outage.struck)
    await stage.bot.kill()
    change_store(
        stage,
        "UPDATE jobs SET run_at = run_at + 600000, lease_until = NULL WHERE done_at IS NULL"
        " AND kind = 'cancellation.carry_out'",
    )
    outage.remove()
    await stage.bot.start()

    answer = await stage.mia.slash("resume", channel=stage.here)

    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on")
    assert stage.subscription["cancel_at_period_end"] is False
    await stage.mia.wait_for_message("dm", containing="Pro goes on")
    dm = stage.mia.dm
    assert dm is not None
    assert not any("cancel" in each.text.split("\n")[0] for each in stage.mia.messages(dm))


async def test_who_asks_to_cancel_while_it_resumes_is_told_so(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    await jobs_done(stage)
    slow = stage.scene.stripe.faults.add(method="POST", path=r"/v1/subscriptions/", hold=True)
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
