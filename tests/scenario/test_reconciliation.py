"""Events that never came: the bot compares itself with the provider, and says what it repaired."""

from bot.sandbox.scene import PRO_MONTHLY
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.refunding import payment_of
from tests.scenario.stage import Stage

HOUR = 3_600_000


def runs(stage: Stage) -> list[tuple[int, bool]]:
    """Pages taken, and whether the run has ended, of Stripe's runs, oldest first."""
    rows = stage.rows(
        "SELECT pages, finished_at FROM reconciliations WHERE provider = 'stripe'"
        " ORDER BY started_at"
    )
    return [(row["pages"], row["finished_at"] is not None) for row in rows]


async def an_hour_passes(stage: Stage) -> None:
    """The last run is long enough ago for a start to begin another."""
    await jobs_done(stage)
    change_store(
        stage,
        "UPDATE reconciliations SET started_at = started_at - ?, finished_at = finished_at - ?",
        HOUR,
        HOUR,
    )


async def test_what_no_event_has_told_is_found_at_the_next_start(stage: Stage) -> None:
    await stage.link_mia()
    await an_hour_passes(stage)
    stage.scene.stripe.hold_webhooks()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    lost = stage.scene.stripe.discard_webhooks()
    assert [event["type"] for event in lost] == ["customer.subscription.updated"]
    assert "**Status:** Active" in (await stage.balance_of(stage.mia)).text

    await stage.kill_and_restart()

    await stage.balance_saying(stage.mia, "Cancelled. Stays on until")
    told = await stage.sam.wait_for_message(stage.scene.log, containing="Compared with Stripe")
    assert "Brought up to date: 1 subscription." in told.text


async def test_without_a_log_channel_the_report_goes_by_mail(stage: Stage) -> None:
    await stage.link_mia()
    await an_hour_passes(stage)
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")
    stage.scene.stripe.hold_webhooks()
    stage.scene.stripe.open_dispute(stage.scene.stripe.get(payment_of(stage))["latest_charge"])
    stage.scene.stripe.discard_webhooks()

    await stage.kill_and_restart()

    mail = await stage.scene.mail.wait_for(
        to="team@lumen.example", containing="Brought up to date", timeout=RECOVERY_SECONDS
    )
    assert mail.subject == "Compared with Stripe"
    assert "1 dispute." in " ".join(mail.text.split())


async def test_a_run_goes_on_where_it_was_killed(stage: Stage) -> None:
    await stage.link_mia()
    await an_hour_passes(stage)
    slow = stage.scene.stripe.faults.add(method="GET", path=r"/v1/invoice_payments$", hold=True)
    await stage.kill_and_restart()
    await until(lambda: runs(stage)[-1][0] == 3)
    await stage.bot.kill()
    slow.remove()
    before = stage.scene.stripe.requests.count("GET", r"^/v1/subscriptions$")

    await stage.bot.start()

    await until(lambda: runs(stage)[-1][1], seconds=40)
    assert stage.scene.stripe.requests.count("GET", r"^/v1/subscriptions$") == before


async def test_a_start_right_after_another_reads_nothing_again(stage: Stage) -> None:
    await jobs_done(stage)
    before = runs(stage)
    assert [is_over for _, is_over in before] == [True]

    await stage.kill_and_restart()
    await jobs_done(stage)

    assert runs(stage) == before


async def test_nothing_is_told_where_nothing_was_wrong(stage: Stage) -> None:
    await stage.link_mia()
    await an_hour_passes(stage)

    await stage.kill_and_restart()
    await jobs_done(stage)

    assert [is_over for _, is_over in runs(stage)] == [True, True]
    assert not any("Compared with" in each.text for each in stage.sam.messages(stage.scene.log))


async def test_what_cannot_be_read_is_told_and_holds_up_nothing(stage: Stage) -> None:
    await stage.link_mia()
    stripe = stage.scene.stripe
    stranger = stripe.add_customer("stranger@example.com")
    odd = stripe.add_subscription(stranger["id"], PRO_MONTHLY)
    await an_hour_passes(stage)
    del stripe._world.store.get("subscription", odd["id"])["ended_at"]
    stripe.hold_webhooks()
    stripe.portal_cancel(stage.scene.mia_subscription)
    stripe.discard_webhooks()

    await stage.kill_and_restart()

    told = await stage.sam.wait_for_message(stage.scene.log, containing="Compared with Stripe")
    assert "Brought up to date: 1 subscription." in told.text
    assert "1 object could not be read and was left out" in told.text
    assert "stranger" not in told.text
    await stage.balance_saying(stage.mia, "Cancelled. Stays on until")
