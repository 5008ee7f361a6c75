"""Reminders of renewals, ends of trials and expiring cards, as true as the provider is now."""

from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from bot.billing.provider import Discount, ProviderUnavailableError
from bot.domain.money import Money
from bot.domain.notice import (
    CardExpiring,
    RenewalComing,
    TrialEnding,
)
from bot.sandbox.scene import STRIPE_KEY
from bot.services.next_charges import TRIES_FOR_A_PREVIEW
from bot.services.notice_jobs import moment_of
from tests.integration.timers.world import World, subscribed


async def test_a_yearly_renewal_is_told_30_days_before(world: World) -> None:
    await subscribed(world, "price_pro_year")
    [job] = await world.waiting("notice:renewal_coming:")
    end = moment_of(job.payload["period_end"])
    assert await world.due_at(job) == end - timedelta(days=30)
    await world.wait(days=336)

    facts = await world.facts("notice:renewal_coming:")

    assert isinstance(facts, RenewalComing)
    assert facts.subscription.period_end == end


@pytest.mark.parametrize("preview", ["told", "refused"])
async def test_fairness_7_a_renewal_with_a_discount_is_told_at_what_it_charges(
    world: World, preview: str
) -> None:
    """By the provider's own figure. Where it has none, what was not agreed to is not assumed."""
    await subscribed(world, "price_pro_year")
    await world.wait(days=30)
    world.shop.stripe.add_coupon(id="half_a_year", percent=50, months=12)
    [job] = await world.waiting("notice:renewal_coming:")
    less = Discount("half_a_year", 50, 12, moment_of(job.payload["period_end"]))
    await world.shop.provider.apply_discount(
        world.subscription, less, reference="A1", idempotency_key="k"
    )
    await world.wait(days=306)
    if preview == "refused":
        world.shop.stripe.faults.add(path="/v1/invoices/create_preview", status=400)

    facts = await world.facts("notice:renewal_coming:")

    assert isinstance(facts, RenewalComing)
    assert facts.charge == (Money(10000, "usd") if preview == "told" else facts.subscription.price)


async def test_a_preview_that_never_comes_does_not_hold_a_reminder_back(world: World) -> None:
    await subscribed(world, "price_pro_year")
    await world.wait(days=336)
    world.shop.stripe.faults.add(path="/v1/invoices/create_preview", status=403)
    [job] = await world.waiting("notice:renewal_coming:")
    with pytest.raises(ProviderUnavailableError):
        await world.run(job)

    notice = await world.run(replace(job, attempts=TRIES_FOR_A_PREVIEW))

    assert notice is not None


async def test_a_renewal_that_was_called_off_at_the_provider_is_not_told(world: World) -> None:
    """Its event is lost: the provider is asked before anything is said."""
    await subscribed(world, "price_pro_year")
    await world.wait(days=336)
    world.shop.stripe.portal_cancel(world.subscription)

    assert await world.facts("notice:renewal_coming:") is None
    assert len(await world.waiting("period-over:")) == 1
    asked = world.asked()
    assert await world.facts("notice:renewal_coming:") is None
    assert world.asked() == asked


async def test_a_reminder_that_comes_after_the_renewal_is_not_told(world: World) -> None:
    await subscribed(world, "price_pro_year")
    [job] = await world.waiting("notice:renewal_coming:")
    await world.wait(days=367)

    assert await world.run(job) is None


async def test_the_end_of_a_trial_is_told_a_week_before(world: World) -> None:
    await subscribed(world, "price_pro_month", trial_days=14)
    [job] = await world.waiting("notice:trial_ending:")
    await world.wait(days=7)
    assert world.clock() >= await world.due_at(job)

    notice = await world.run(job)

    assert notice is not None
    assert isinstance(notice.facts, TrialEnding)
    assert notice.facts.charge == Money(2000, "usd")
    assert not notice.can_be_switched_off


async def test_fairness_7_the_end_of_a_trial_is_told_at_what_it_charges(world: World) -> None:
    await subscribed(world, "price_pro_month", trial_days=14)
    world.shop.stripe.add_coupon(id="half", percent=50, months=3)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {STRIPE_KEY}"}) as vendor:
        path = f"/v1/subscriptions/{world.subscription}"
        given = {"discounts[0][coupon]": "half"}
        async with vendor.post(world.shop.stripe.api_url + path, data=given) as response:
            response.raise_for_status()
    await world.wait(days=7)

    facts = await world.facts("notice:trial_ending:")

    assert isinstance(facts, TrialEnding)
    assert facts.charge == Money(1000, "usd")


def set_card(world: World, ends_in: timedelta) -> str:
    """Mia's card is good until some day of the month in which that time lies."""
    mia = world.shop.stripe.get(world.customer)
    method = str(mia["invoice_settings"]["default_payment_method"])
    until = world.clock() + ends_in
    card = world.shop.stripe._world.store.get("payment_method", method)["card"]
    card.update(exp_month=until.month, exp_year=until.year)
    return method


async def test_a_card_that_the_renewal_will_find_over_is_told(world: World) -> None:
    set_card(world, timedelta(days=200))
    await subscribed(world, "price_pro_year")
    [job] = await world.waiting("notice:card_expiring:")
    await world.wait(days=336)

    notice = await world.run(job)

    assert notice is not None
    assert isinstance(notice.facts, CardExpiring)
    assert notice.facts.card.last_digits == "4242"
    assert notice.can_be_switched_off


@pytest.mark.parametrize("now_there", ["another", "none"])
async def test_a_card_that_was_replaced_meanwhile_is_not_told_of(
    world: World, now_there: str
) -> None:
    """Only the provider knows: nothing has told the store."""
    method = set_card(world, timedelta(days=200))
    await subscribed(world, "price_pro_year")
    await world.wait(days=336)
    found = world.shop.stripe._world.store.get("payment_method", method)
    if now_there == "none":
        found["type"] = "link"
    else:
        found["card"]["exp_year"] += 4

    assert await world.facts("notice:card_expiring:") is None


async def test_a_monthly_plan_is_told_of_its_card_once_in_the_last_period(world: World) -> None:
    set_card(world, timedelta(days=40))
    for _ in range(3):
        await world.shop.stripe.advance_to_period_end(world.subscription)
        world.set_clock()
        await world.sync()
        await world.sync()

    periods = {job.payload["period_end"] for job in await world.waiting("notice:card_expiring:")}

    assert len(periods) == len(await world.waiting("notice:card_expiring:"))
    assert 1 <= len(periods) <= 3
