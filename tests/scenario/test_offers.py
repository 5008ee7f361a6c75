"""Mia is offered something instead of leaving: taken, refused, or called off (fairness 3, 5, 7)."""

from bot.sandbox.discord import Message
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import RECOVERY_SECONDS, StripeStrike, until
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.stage import COMMENT, Stage
from tests.scenario.test_cancel import open_cancel, open_reason
from tests.scenario.test_cancel_kills import SUBSCRIPTION

SWITCHED, UNUSED = "I use something else now", "I do not use it enough"
HALF, PAUSE = "Take 50% off for 3 months", "Pause for 2 months"


async def up_to_offer(stage: Stage, reason: str) -> Message:
    """The confirm screen after a reason, once the bot knows what Mia has paid."""
    await jobs_done(stage)
    screen = await open_cancel(stage)
    modal = await open_reason(stage, screen)
    await stage.mia.submit(modal, {"Your reason": reason, COMMENT: ""})
    return screen


async def take(stage: Stage, screen: Message, label: str) -> None:
    """Press the offer's button, and wait until the provider has made it and all is told."""
    await stage.mia.click(screen, label)
    await screen.changed(containing="What you have paid stays on")
    await jobs_done(stage)


def labels(screen: Message) -> list[str | None]:
    return [button.label for button in screen.buttons]


def charged(stage: Stage) -> list[int]:
    """What Mia has paid, oldest first."""
    return [each["amount"] for each in stage.scene.stripe.objects("charge") if each["paid"]]


def attempt(stage: Stage) -> dict[str, object]:
    """The newest one."""
    [row] = stage.rows("SELECT * FROM cancel_attempts ORDER BY started_at DESC LIMIT 1")
    return dict(row)


async def renew(stage: Stage) -> None:
    """To the next renewal, and until the bot knows of it."""
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)


async def test_mia_takes_a_discount_and_pays_in_full_after_it(stage: Stage) -> None:
    """Fairness 7: the terms before the click, on the receipt, and on the invoices."""
    await stage.link_mia()
    screen = await up_to_offer(stage, SWITCHED)
    assert labels(screen)[:2] == ["Confirm cancel", HALF]
    for told in ("$20.00 monthly", "$10.00 monthly, for 3 payments"):
        assert told in screen.text

    await take(stage, screen, HALF)

    receipt = await stage.mia.wait_for_message("dm", containing="You keep Pro")
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="Taken:")
    for durable in (receipt.text, mail.text):
        assert "$10.00 monthly, for 3 payments" in durable
        assert "/cancel" in durable
    assert stage.subscription["cancel_at_period_end"] is False
    assert (attempt(stage)["state"], attempt(stage)["kept_at"]) == ("saved", None)
    balance = await stage.balance_of(stage.mia)
    assert "Pro · $20.00 monthly" in balance.text
    assert "$10.00 monthly" in balance.text
    assert "$20.00 monthly again" in balance.text
    again = await up_to_offer(stage, UNUSED)
    assert labels(again) == ["Confirm cancel", "Change reason", "Keep my plan"]  # fairness 3
    await stage.mia.click(again, "Keep my plan")

    await renew(stage)
    account = await stage.mia.slash("account", channel=stage.here)
    assert "Pro · $10.00 monthly" in (await account.settled()).text
    for _ in range(3):
        await renew(stage)
    assert "Pro · $20.00 monthly" in (await stage.balance_of(stage.mia)).text
    assert charged(stage) == [2000, 1000, 1000, 1000, 2000]
    audited = stage.rows("SELECT action FROM audit_log WHERE action LIKE 'offer.%'")
    assert [row["action"] for row in audited] == ["offer.accepted", "offer.applied"]


async def test_mia_pauses_and_comes_back_by_herself(stage: Stage) -> None:
    """S2: what is paid for stays on. Then nothing is charged and nothing is on, until it renews."""
    await stage.link_mia()
    screen = await up_to_offer(stage, UNUSED)
    await take(stage, screen, PAUSE)
    before = (await stage.balance_of(stage.mia)).text
    assert "1,000 of 1,000 credits left" in before
    assert "Paused from" in before
    assert "Goes on by itself" in before

    for _ in range(2):
        await renew(stage)
        paused = await stage.balance_saying(stage.mia, "Paused")
        assert "credits left" not in paused.text
        assert "Cancel subscription" in labels(paused)  # S1
    assert charged(stage) == [2000]

    await renew(stage)
    await stage.balance_saying(stage.mia, "1,000 of 1,000 credits left")
    assert charged(stage) == [2000, 2000]


async def test_fairness_5_stripe_is_away_and_mia_leaves_after_all(stage: Stage) -> None:
    """Told the truth at every point; an offer that is not confirmed holds nobody."""
    await stage.link_mia()
    screen = await up_to_offer(stage, SWITCHED)
    away = stage.scene.stripe.faults.add(path="/v1/", status=503)
    await stage.mia.click(screen, HALF)
    assert "Your choice is recorded" in screen.text
    assert "waiting for the payment provider" in screen.text

    await stage.mia.click(screen, "Confirm cancel")
    assert "is cancelled" not in screen.text
    away.remove()
    await screen.changed(containing="is cancelled", timeout=RECOVERY_SECONDS)

    await jobs_done(stage)
    assert stage.subscription["cancel_at_period_end"] is True
    assert stage.mia.dm is not None
    assert not any("You keep Pro" in each.text for each in stage.mia.messages(stage.mia.dm))


async def test_fairness_5_stripe_makes_the_pause_after_mia_has_confirmed(stage: Stage) -> None:
    """S3, S4: what was made too late does not keep the plan, and nothing more is charged."""
    await stage.link_mia()
    screen = await up_to_offer(stage, UNUSED)
    slow = stage.scene.stripe.faults.add(
        method="POST", path=SUBSCRIPTION, hold=True, status=503, after_work=True, times=1
    )
    await stage.mia.click(screen, PAUSE)
    await until(lambda: slow.struck)

    await stage.mia.click(screen, "Confirm cancel")
    slow.remove()

    await screen.changed(containing="is cancelled", timeout=RECOVERY_SECONDS)
    await jobs_done(stage)
    assert stage.subscription["pause_collection"] is not None
    told = (await stage.balance_of(stage.mia)).text
    assert "Cancelled" in told
    assert "Paused from" not in told
    assert "Goes on by itself" not in told
    await renew(stage)
    assert stage.subscription["status"] == "canceled"
    assert charged(stage) == [2000]


async def test_an_offer_that_stripe_refuses_leaves_mia_where_she_was(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_offer(stage, SWITCHED)
    await call_stripe(stage, "DELETE", "/v1/coupons/half_price_3")

    await stage.mia.click(screen, HALF)

    await screen.changed(containing="did not accept it")
    assert "Confirm cancel" in labels(screen)
    assert HALF not in labels(screen)  # fairness 3: and none in its place
    await stage.mia.wait_for_message("dm", containing="The offer could not be made")
    await stage.mia.click(screen, "Confirm cancel")
    await screen.changed(containing="is cancelled")


async def test_kill_9_after_stripe_has_given_the_discount(stage: Stage) -> None:
    """Its answer is lost with the process: it is found, not given again, and told once."""
    await stage.link_mia()
    screen = await up_to_offer(stage, SWITCHED)
    strike = StripeStrike(stage, "POST", SUBSCRIPTION, after_work=True)
    await stage.mia.click(screen, HALF)

    await strike.restart()

    await screen.changed(containing="What you have paid stays on", timeout=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert len(stage.scene.stripe.objects("discount")) == 1
    assert attempt(stage)["state"] == "saved"
    assert stage.mia.dm is not None
    told = [each.text for each in stage.mia.messages(stage.mia.dm)]
    assert sum("You keep Pro" in each for each in told) == 1
