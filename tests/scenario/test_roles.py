"""Plan roles: with the plan they come, and with the plan they go (S2, S4, S7, S8)."""

from bot.sandbox.discord.users import MEMBERS_LIMITED
from bot.sandbox.scene import PRO_MONTHLY
from tests.scenario.buying import LITE, MAX, NOOR_ADDRESS, checkout_page, pay, run
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.plan_roles import (
    a_day_later,
    ids,
    recorded,
    roles_become,
    roles_of,
    set_plan_roles,
)
from tests.scenario.stage import Stage


async def linked_mia(stage: Stage) -> None:
    """Mia is on Pro, has linked her account, and has the role."""
    await set_plan_roles(stage)
    await stage.link_mia()
    await roles_become(stage, stage.mia, "Pro")
    await jobs_done(stage)


async def test_who_links_an_account_gets_the_role_of_its_plan(stage: Stage) -> None:
    await set_plan_roles(stage)

    await stage.link_mia()

    await roles_become(stage, stage.mia, "Pro")
    await jobs_done(stage)
    assert recorded(stage, stage.mia) == ids(stage.scene.plan_roles["Pro"])


async def test_s7_whoever_buys_has_the_role_once_it_is_paid(stage: Stage) -> None:
    await set_plan_roles(stage)
    url = await checkout_page(stage.noor, await run(stage, stage.noor, "subscribe"), LITE)
    assert roles_of(stage, stage.noor) == []

    await pay(stage, url)

    await roles_become(stage, stage.noor, "Lite")


async def test_s7_s8_a_change_of_plan_changes_the_role_once_it_is_paid(stage: Stage) -> None:
    await linked_mia(stage)
    url = await checkout_page(stage.mia, await run(stage, stage.mia, "change-plan"), MAX)
    assert roles_of(stage, stage.mia) == ["Pro"]

    await pay(stage, url)

    await roles_become(stage, stage.mia, "Max")
    assert recorded(stage, stage.mia) == ids(stage.scene.plan_roles["Max"])


async def test_a_subscription_that_was_made_elsewhere_brings_its_role(stage: Stage) -> None:
    await set_plan_roles(stage)
    customer = stage.scene.stripe.add_customer(NOOR_ADDRESS, name="Noor")["id"]
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    await jobs_done(stage)
    assert roles_of(stage, stage.noor) == []

    stage.scene.stripe.add_subscription(customer, "price_lite_month")

    await roles_become(stage, stage.noor, "Lite")


async def test_s2_s4_a_cancelled_plan_keeps_its_role_until_the_period_is_over(
    stage: Stage,
) -> None:
    await linked_mia(stage)
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await stage.balance_saying(stage.mia, "Cancelled")
    await jobs_done(stage)
    assert roles_of(stage, stage.mia) == ["Pro"]

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)

    await roles_become(stage, stage.mia)
    await jobs_done(stage)
    assert recorded(stage, stage.mia) == []


async def test_a_failed_payment_leaves_the_role_for_the_days_of_grace(stage: Stage) -> None:
    await linked_mia(stage)
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.balance_saying(stage.mia, "ayment")
    await jobs_done(stage)
    assert stage.subscription["status"] == "past_due"
    assert roles_of(stage, stage.mia) == ["Pro"]

    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")

    await roles_become(stage, stage.mia)


async def test_s8_the_late_end_of_the_plan_before_takes_nothing(
    stage: Stage,
) -> None:
    await linked_mia(stage)
    stage.scene.stripe.add_subscription(stage.scene.mia_customer, "price_max_month")
    await roles_become(stage, stage.mia, "Pro", "Max")

    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")

    await roles_become(stage, stage.mia, "Max")
    await jobs_done(stage)
    assert recorded(stage, stage.mia) == ids(stage.scene.plan_roles["Max"])


async def test_s8_a_second_subscription_to_the_same_plan_keeps_the_role(stage: Stage) -> None:
    await linked_mia(stage)
    stage.scene.stripe.add_subscription(stage.scene.mia_customer, PRO_MONTHLY)
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)

    assert roles_of(stage, stage.mia) == ["Pro"]


async def test_a_role_that_somebody_else_gave_is_never_taken(stage: Stage) -> None:
    await set_plan_roles(stage)
    pro, lite = stage.scene.plan_roles["Pro"], stage.scene.plan_roles["Lite"]
    stage.scene.guild.give_role(stage.mia.user, pro)
    stage.scene.guild.give_role(stage.mia.user, lite)
    await stage.link_mia()
    await jobs_done(stage)
    assert recorded(stage, stage.mia) == []

    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)
    await a_day_later(stage)

    assert roles_of(stage, stage.mia) == ["Pro", "Lite"]


async def test_unlinking_takes_the_role_and_ends_nothing_else(stage: Stage) -> None:
    await linked_mia(stage)
    asked = await stage.mia.slash("unlink", channel=stage.here)
    assert asked.message is not None

    await stage.mia.click(asked.message, "Unlink")

    await roles_become(stage, stage.mia)
    await jobs_done(stage)
    assert recorded(stage, stage.mia) == []
    assert stage.subscription["status"] == "active"


async def test_who_leaves_and_comes_back_has_the_role_again(stage: Stage) -> None:
    await linked_mia(stage)
    # The first plan role was chosen while the bot ran: it asks to be told of joins at its start.
    await stage.bot.stop()
    await stage.bot.start()
    stage.scene.guild.remove_member(stage.mia.user)

    stage.scene.guild.add_member(stage.mia.user)

    await roles_become(stage, stage.mia, "Pro")
    assert stage.subscription["status"] == "active"


async def test_without_the_members_intent_a_command_brings_the_role_back(stage: Stage) -> None:
    stage.scene.discord.application.flags &= ~MEMBERS_LIMITED
    await linked_mia(stage)
    await stage.bot.stop()
    stage.scene.guild.remove_member(stage.mia.user)
    stage.scene.guild.add_member(stage.mia.user)

    await stage.bot.start()
    await jobs_done(stage)
    assert roles_of(stage, stage.mia) == []
    await stage.balance_of(stage.mia)

    await roles_become(stage, stage.mia, "Pro")
    shown = await stage.ada.slash("roles show", channel=stage.here)
    assert shown.message is not None
    assert "Server Members Intent" in shown.message.text


async def test_a_role_taken_away_by_hand_is_back_after_a_day(stage: Stage) -> None:
    await linked_mia(stage)
    stage.scene.guild.take_role(stage.mia.user, stage.scene.plan_roles["Pro"])
    await jobs_done(stage)
    assert roles_of(stage, stage.mia) == []

    await a_day_later(stage)

    assert roles_of(stage, stage.mia) == ["Pro"]
