"""/topup: more for this period, once the allowance is used up, as often as wanted (S24-S27)."""

from bot.sandbox.discord import Message
from tests.scenario.buying import link_on, pay, press, run, sessions, settled_text, use
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm

SMALL = "500 credits · $10.00"


async def offer(stage: Stage) -> Message:
    """Run /topup."""
    return await run(stage, stage.mia, "topup")


async def page_of(stage: Stage, screen: Message, amount: str = SMALL) -> str:
    """Choose an amount; the address of the page to pay on."""
    answer = await stage.mia.choose(screen, amount)
    return link_on(await answer.settled(timeout=30))


def entries(stage: Stage) -> list[tuple[int, int]]:
    """Every top-up in the ledger, with its cycle."""
    rows = stage.rows("SELECT amount, period_start FROM ledger WHERE kind = 'top_up' ORDER BY id")
    return [(row["amount"], row["period_start"]) for row in rows]


def cycle(stage: Stage) -> int:
    """When Mia's cycle began, as the store has it."""
    [row] = stage.rows(
        "SELECT period_start FROM subscriptions WHERE id = ?", stage.scene.mia_subscription
    )
    return int(row["period_start"])


async def test_s24_while_something_is_left_it_is_refused_with_how_much(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 360)

    refused = await offer(stage)

    assert "You still have 640 of this month's allowance" in refused.text
    assert refused.selects == []
    balance = await stage.balance_of(stage.mia)
    assert "Top up" not in [button.label for button in balance.buttons]


async def test_s24_without_a_plan_it_is_refused(stage: Stage) -> None:
    assert "not linked" in (await run(stage, stage.noor, "topup")).text
    await stage.link_mia()
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)

    refused = await offer(stage)

    assert "needs a paid plan" in refused.text
    assert "`/plans`" in refused.text


async def test_s24_before_the_allowance_is_there_nothing_is_sold(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)
    change_store(stage, "DELETE FROM ledger")

    assert "is not there yet" in (await offer(stage)).text


async def test_s24_s26_used_up_and_topped_up_for_this_period(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    balance = await stage.balance_of(stage.mia)

    opened = await stage.mia.click(balance, "Top up")

    screen = opened.message
    assert screen is not None
    end = int(stage.subscription["items"]["data"][0]["current_period_end"])
    assert f"ends on <t:{end}:D> (<t:{end}:R>)" in screen.text  # S26
    assert "does not carry over" in screen.text
    assert "A change of plan ends it too" in screen.text  # S27
    labels = [option.label for option in screen.selects[0].options]
    assert labels == [SMALL, "2,500 credits · $40.00"]
    await pay(stage, await page_of(stage, screen))
    await screen.changed(containing="500 credits were added")
    assert "500 of 1,500 credits left" in screen.text
    assert entries(stage) == [(500, cycle(stage))]
    [invoice] = [
        each for each in stage.scene.stripe.objects("invoice") if each["total"] == 1000
    ]  # S18
    assert invoice["hosted_invoice_url"] in (await stage.balance_of(stage.mia)).text


async def test_s25_there_is_no_limit(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)

    for amount in (SMALL, SMALL, "2,500 credits · $40.00"):
        await pay(stage, await page_of(stage, await offer(stage), amount))

    balance = await stage.balance_of(stage.mia)
    assert "3,500 of 4,500 credits left" in balance.text
    assert "3,500 credits of earlier top-ups are left" in (await offer(stage)).text


async def test_s26_s27_a_renewal_resets_what_is_left(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    await pay(stage, await page_of(stage, await offer(stage)))

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)

    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text


async def test_what_was_used_beyond_everything_is_told(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1120)

    assert "You have used 120 credits more than you had" in (await offer(stage)).text


async def test_s15_what_was_shown_is_what_is_credited(stage: Stage) -> None:
    """The vendor sells other amounts by the time the page is paid."""
    await stage.link_mia()
    use(stage, 1000)
    url = await page_of(stage, await offer(stage))
    await stage.bot.kill()
    smaller = stage.bot.log.parent / "mooring.toml"
    path = stage.bot.environment["MOORING_CONFIG"]
    with open(path) as configured:  # noqa: ASYNC230, PTH123
        smaller.write_text(configured.read().replace("units = 500", "units = 50"))
    stage.bot.environment["MOORING_CONFIG"] = str(smaller)
    await stage.bot.start()

    await pay(stage, url)

    assert entries(stage) == [(500, cycle(stage))]


async def test_the_page_of_a_double_click_is_one(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    first, second = await offer(stage), await offer(stage)

    urls = {await page_of(stage, first), await page_of(stage, second)}

    assert len(urls) == 1
    assert len(sessions(stage)) == 1
    await pay(stage, urls.pop())
    await second.changed(containing="500 credits were added")


async def test_events_in_any_order_and_twice_credit_once(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    url = await page_of(stage, await offer(stage))
    stage.scene.stripe.hold_webhooks()
    await press(stage, url, "pay")

    stage.scene.stripe.release_webhooks(shuffle=True)
    await stage.scene.stripe.drain()
    for each in stage.scene.stripe.events:
        stage.scene.stripe.deliver_again(each["id"])
    await jobs_done(stage)

    assert entries(stage) == [(500, cycle(stage))]


async def test_s26_paid_after_its_period_it_counts_in_the_present_one(stage: Stage) -> None:
    """The page lay open over the renewal: what was paid for is not lost, and Mia is told."""
    await stage.link_mia()
    use(stage, 1000)
    url = await page_of(stage, await offer(stage))
    # Moving the provider's clock over a period's end would have the page expire.
    change_store(stage, "UPDATE checkouts SET cycle_start = cycle_start - 86400000")

    await pay(stage, url)

    assert entries(stage) == [(500, cycle(stage))]
    [told] = in_dm(stage.mia, "Your top-up counts in the new billing period")
    assert "500 credits were added to the present period" in told.text


async def test_paid_when_no_plan_is_on_a_person_looks_at_it(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    url = await page_of(stage, await offer(stage))
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await jobs_done(stage)

    await pay(stage, url)

    assert entries(stage) == []
    [told] = in_dm(stage.mia, "A top-up was paid, and no plan is on")
    assert "Our team has been told" in told.text
    [receipt] = in_dm(stage.mia, "Payment received")
    assert "Pro has ended on" in receipt.text
    for untrue in ("**Plan:**", "yours until"):
        assert untrue not in receipt.text
    payment = stage.scene.stripe.objects("payment_intent")[-1]["id"]
    logged = await stage.sam.wait_for_message(stage.scene.log, containing="no plan is on")
    assert payment in logged.text


async def test_while_the_provider_is_silent_nothing_is_charged(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    outage = stage.scene.stripe.faults.add(path="/v1/checkout", status=503)

    answer = await stage.mia.choose(await offer(stage), SMALL)

    assert "Nothing was charged" in await settled_text(answer)
    outage.remove()
    assert answer.message is not None
    again = await stage.mia.click(answer.message, "Try again")
    assert again.message is not None
    assert "are used up" in again.message.text


async def test_a_top_up_that_the_provider_refuses_is_told_as_that(stage: Stage) -> None:
    await stage.link_mia()
    use(stage, 1000)
    stage.scene.stripe.faults.add(path="/v1/checkout", status=400)

    answer = await stage.mia.choose(await offer(stage), SMALL)

    assert "The payment provider did not allow this purchase" in await settled_text(answer)
    await jobs_done(stage)
    [told] = [m for m in stage.sam.messages(stage.scene.log) if "refuses a purchase" in m.text]
    assert "500 credits" in told.text
    assert "`price_top_up_500`" in told.text
