"""The vendor raises a price, or somebody is switched to another plan outside Mooring."""

from pathlib import Path

from bot.sandbox.scene import CONFIGURATION
from tests.scenario.buying import run, use
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.stage import Stage

OLD = '{ id = "price_pro_month", interval = "month", amount = 2000, currency = "usd" }'
NEW = '{ id = "price_pro_2027", interval = "month", amount = 2500, currency = "usd" }'


async def start_with(stage: Stage, tmp_path: Path, *prices: str) -> None:
    """The vendor writes other prices into mooring.toml, and restarts Mooring."""
    given = CONFIGURATION.read_text()
    assert OLD in given
    changed = tmp_path / "mooring.toml"
    changed.write_text(given.replace(OLD, ", ".join(prices)))
    stage.bot.environment["MOORING_CONFIG"] = str(changed)
    await stage.kill_and_restart()


async def test_s15_a_price_that_is_replaced_takes_nothing_from_those_who_pay_it(
    stage: Stage, tmp_path: Path
) -> None:
    """Mia goes on with Pro, month after month, and the team hears once what is missing."""
    await stage.link_mia()
    await start_with(stage, tmp_path, NEW)

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)

    balance = await stage.balance_of(stage.mia)
    assert "Pro" in balance.text
    assert "1,000 of 1,000 credits left" in balance.text
    told = await stage.sam.wait_for_message(stage.scene.log, containing="A price is missing")
    assert "the price `price_pro_month` for Pro. They keep Pro and its allowance." in told.text
    assert "`sold = false`" in told.text
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)
    messages = stage.sam.messages(stage.scene.log)
    assert sum("A price is missing" in each.text for each in messages) == 1


async def test_s15_an_old_price_is_kept_and_not_offered(stage: Stage, tmp_path: Path) -> None:
    await stage.link_mia()
    await start_with(stage, tmp_path, OLD.replace(" }", ", sold = false }"), NEW)

    plans = (await run(stage, stage.mia, "plans")).text
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)

    assert "Pro · Your plan" in plans
    assert "Monthly: **$25.00**" in plans
    assert "You pay $20.00 monthly." in plans
    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    messages = stage.sam.messages(stage.scene.log)
    assert not any("A price is missing" in each.text for each in messages)


async def test_s9_a_switch_in_the_dashboard_brings_the_new_plans_allowance(stage: Stage) -> None:
    """S9, S16: the vendor moves Mia from Pro to Max within her month, and she pays for it."""
    await stage.link_mia()
    use(stage, 700)
    assert "300 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    item = stage.subscription["items"]["data"][0]["id"]

    await call_stripe(
        stage,
        "POST",
        f"/v1/subscriptions/{stage.scene.mia_subscription}",
        {
            "items[0][id]": item,
            "items[0][price]": "price_max_month",
            "proration_behavior": "always_invoice",
        },
    )

    await stage.balance_saying(stage.mia, "5,000 of 5,000 credits left")
    await stage.kill_and_restart()
    await jobs_done(stage)
    balance = await stage.balance_of(stage.mia)
    assert "Max" in balance.text
    assert "5,000 of 5,000 credits left" in balance.text


async def test_two_of_a_plan_cost_and_bring_twice_as_much(stage: Stage) -> None:
    await stage.link_mia()
    item = stage.subscription["items"]["data"][0]["id"]

    await call_stripe(
        stage,
        "POST",
        f"/v1/subscriptions/{stage.scene.mia_subscription}",
        {
            "items[0][id]": item,
            "items[0][quantity]": "2",
            "proration_behavior": "always_invoice",
        },
    )

    await stage.balance_saying(stage.mia, "2,000 of 2,000 credits left")
    plans = (await run(stage, stage.mia, "plans")).text
    assert "You pay $40.00 monthly." in plans
