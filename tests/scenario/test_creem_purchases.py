"""Lea buys through Creem's checkout page: another plan, a top-up, a plan after the end."""

from tests.scenario.buying import LITE, MAX, checkout_page, link_on, use
from tests.scenario.lea import balance, link, open_command, pay, subscription, transactions
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm

SMALL = "500 credits · $10.00"


async def test_s7_s8_s9_another_plan_starts_when_it_is_paid_and_ends_the_old_one(
    stage: Stage,
) -> None:
    await link(stage)
    lea = stage.scene.people.lea
    url = await checkout_page(lea, await open_command(stage, "change-plan"), MAX)
    await balance(stage, "Pro · $20.00 monthly")

    await pay(stage, url)

    shown = await balance(stage, "Max · $60.00 monthly")
    assert "5,000 of 5,000 credits left" in shown.text
    assert subscription(stage)["status"] == "canceled"
    statuses = [each["status"] for each in stage.scene.creem.objects("subscription")]
    assert sorted(statuses) == ["active", "canceled"]


async def test_s24_s26_a_top_up_adds_to_the_present_period(stage: Stage) -> None:
    await link(stage)
    use(stage, 1000, stage.scene.lea_subscription)
    answer = await stage.scene.people.lea.choose(await open_command(stage, "topup"), SMALL)

    await pay(stage, link_on(await answer.settled(timeout=30)))

    await balance(stage, "500 of 1,500 credits left")
    [entry] = stage.rows("SELECT amount, subscription_id FROM ledger WHERE kind = 'top_up'")
    assert tuple(entry) == (500, stage.scene.lea_subscription)
    [payment] = stage.rows("SELECT amount, purpose FROM payments WHERE purpose = 'top_up'")
    assert payment["amount"] == 1000


async def test_s20_after_the_end_she_comes_back_through_creem(stage: Stage) -> None:
    await link(stage)
    stage.scene.creem.portal_cancel(stage.scene.lea_subscription)
    await balance(stage, "Free plan")
    url = await checkout_page(stage.scene.people.lea, await open_command(stage, "subscribe"))

    await pay(stage, url)

    await balance(stage, "Lite · $9.00 monthly")
    assert len(transactions(stage)) == 2


async def test_s30_a_page_that_creem_cannot_close_is_paid_too(stage: Stage) -> None:
    """Lea changes her mind, and later pays on both pages: both count, and people are told once."""
    await link(stage)
    lea = stage.scene.people.lea
    first = await checkout_page(lea, await open_command(stage, "change-plan"), MAX)
    second = await checkout_page(lea, await open_command(stage, "change-plan"), LITE)

    await pay(stage, first)
    await pay(stage, second)

    [told] = in_dm(lea, "Two plans renew")
    for payment in transactions(stage)[-2:]:
        assert payment["id"] in told.text
    logged = [m for m in stage.sam.messages(stage.scene.log) if "Two plans renew" in m.text]
    assert len(logged) == 1
    assert subscription(stage)["status"] == "canceled"
