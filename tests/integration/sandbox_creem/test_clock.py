"""Stories in time: renewals, failed ones, retries, ends."""

import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.wire import Json

from .conftest import Client, Kinds, Shop

JANUARY_31 = 1_769_817_600  # 2026-01-31T00:00:00Z


async def test_renewal(
    client: Client, sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    new_events()
    await sandbox.advance_to_period_end(subscription["id"])
    renewed = sandbox.get(subscription["id"])
    assert renewed["status"] == "active"
    assert renewed["current_period_start_date"] == subscription["current_period_end_date"]
    paid = renewed["last_transaction"]
    assert paid["id"] != subscription["last_transaction_id"]
    assert paid["created_at"] == paid["period_start"]
    assert paid["order"] == subscription["last_transaction"]["order"]
    assert new_events() == ["subscription.paid"]
    assert sandbox.events[-1]["created_at"] == paid["created_at"]


async def test_a_year_of_renewals_in_one_step(
    sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    new_events()
    await sandbox.advance(days=366)
    assert new_events() == ["subscription.paid"] * 12
    payments = sandbox.objects("transaction")
    assert len(payments) == 13
    starts = [payment["period_start"] for payment in payments]
    assert starts == sorted(set(starts))


async def test_what_real_time_has_made_due_is_done_before_an_answer(
    client: Client, sandbox: CreemSandbox, subscription: Json
) -> None:
    sandbox.clock.advance(40 * 86_400)
    got = await client.get("/v1/subscriptions", subscription_id=subscription["id"])
    assert got["current_period_start_date"] == subscription["current_period_end_date"]


async def test_short_months_do_not_move_the_anchor() -> None:
    sandbox = CreemSandbox(clock=SandboxClock(lambda: float(JANUARY_31)))
    product = sandbox.add_product("Pro", price=2000)["id"]
    made = sandbox.add_subscription(sandbox.add_customer("a@example.com")["id"], product)
    ends = []
    for _ in range(3):
        ends.append(sandbox.get(made["id"])["current_period_end_date"][5:10])
        await sandbox.advance_to_period_end(made["id"])
    assert ends == ["02-28", "03-31", "04-30"]


async def test_a_failed_renewal_recovers(
    sandbox: CreemSandbox, shop: Shop, subscription: Json, new_events: Kinds
) -> None:
    sandbox.decline_payments(shop.lea, times=1)
    new_events()
    await sandbox.advance_to_period_end(subscription["id"])
    late = sandbox.get(subscription["id"])
    assert late["status"] == "past_due"
    assert late["current_period_end_date"] == subscription["current_period_end_date"]
    assert late["last_transaction_id"] == subscription["last_transaction_id"]
    declined = sandbox.objects("transaction")[-1]
    assert (declined["status"], declined["amount_paid"]) == ("declined", 0)
    assert new_events() == ["subscription.past_due"]
    await sandbox.advance(days=3)
    paid = sandbox.get(subscription["id"])
    assert paid["status"] == "active"
    assert paid["current_period_start_date"] == subscription["current_period_end_date"]
    assert new_events() == ["subscription.paid"]


async def test_retries_end_in_cancellation(
    sandbox: CreemSandbox, shop: Shop, subscription: Json, new_events: Kinds
) -> None:
    sandbox.decline_payments(shop.lea)
    new_events()
    await sandbox.advance_to_period_end(subscription["id"])
    statuses = []
    for days in sandbox.settings.retry_days:
        statuses.append(sandbox.get(subscription["id"])["status"])
        await sandbox.advance(days=days)
    statuses.append(sandbox.get(subscription["id"])["status"])
    assert statuses == ["past_due", "expired", "unpaid", "canceled"]
    assert new_events() == [f"subscription.{status}" for status in statuses]
    await sandbox.advance(days=60)
    assert new_events() == []


@pytest.mark.parametrize("mode", ["immediate", "scheduled"])
async def test_cancelling_in_arrears_ends_at_once_and_stops_the_retries(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json, mode: str
) -> None:
    sandbox.decline_payments(shop.lea)
    await sandbox.advance_to_period_end(subscription["id"])
    sandbox.decline_payments(shop.lea, on=False)
    ended = await client.post(f"/v1/subscriptions/{subscription['id']}/cancel", mode=mode)
    assert ended["status"] == "canceled"
    told = len(sandbox.events)
    await sandbox.advance(days=30)
    assert len(sandbox.events) == told


async def test_the_clock_only_moves_forwards(sandbox: CreemSandbox) -> None:
    with pytest.raises(ValueError, match="only moves forwards"):
        await sandbox.advance(days=-1)
