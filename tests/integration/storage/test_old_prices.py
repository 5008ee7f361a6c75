"""A price that the vendor took out of mooring.toml, and that members still pay (S15)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.billing.provider import PaidPeriod, Snapshot
from bot.domain.allowance import Balance
from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import PlanId, PriceId
from bot.domain.subscription import Status
from bot.services.context import Context
from bot.services.mirror import apply
from storage import accounts, subscriptions
from storage.database import Database
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)

START, END = SUBSCRIPTION.period_end, SUBSCRIPTION.period_end + timedelta(days=30)


def without(catalogue: Catalogue, price_id: PriceId) -> Catalogue:
    """The catalogue after the vendor has put another price in its place."""
    plans = tuple(
        replace(plan, prices=tuple(each for each in plan.prices if each.id != price_id))
        for plan in catalogue.plans
    )
    return replace(catalogue, plans=plans)


async def shows(context: Context, snapshot: Snapshot) -> None:
    async with context.database.write() as connection:
        await apply(connection, context, snapshot, asked_at=context.clock())


async def told(database: Database) -> list[str]:
    """The keys of what the team is told."""
    async with database.read() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT key FROM jobs WHERE kind = 'catalogue.price_gone'"
        )
        return [row.key for row in rows]


@pytest.fixture
async def old(database: Database, context: Context) -> Context:
    """Mia pays for Pro; then its price is gone from the file, and Mooring is started again."""
    await add_customer(database)
    paid = PaidPeriod(
        MIAS,
        SUBSCRIPTION.id,
        SUBSCRIPTION.price_id,
        SUBSCRIPTION.period_start,
        SUBSCRIPTION.period_end,
    )
    await shows(context, Snapshot(subscriptions=(SUBSCRIPTION,), paid_periods=(paid,)))
    assert await told(database) == []
    return replace(context, catalogue=without(context.catalogue, SUBSCRIPTION.price_id))


async def test_s15_whoever_pays_it_keeps_plan_and_allowance(
    database: Database, old: Context, clock: Clock
) -> None:
    await shows(old, Snapshot(subscriptions=(subscription(plan_id=None),)))
    renewed = subscription(plan_id=None, period_start=START, period_end=END)
    paid = PaidPeriod(MIAS, SUBSCRIPTION.id, SUBSCRIPTION.price_id, START, END)
    clock.advance(days=21)

    await shows(old, Snapshot(subscriptions=(renewed,), paid_periods=(paid,)))

    async with database.read() as connection:
        account = await accounts.of_user(connection, MIA, now=clock())
    assert account is not None
    assert account.subscription == replace(renewed, plan_id=PlanId("pro"))
    assert account.balance == Balance(1000, 0, 0)


async def test_the_team_is_told_once_for_each_price(database: Database, old: Context) -> None:
    for _ in range(3):
        await shows(old, Snapshot(subscriptions=(subscription(plan_id=None),)))

    assert await told(database) == [f"price-gone:{SUBSCRIPTION.price_id}"]


async def test_the_team_is_not_told_of_what_is_over_nor_of_what_was_never_sold(
    database: Database, old: Context
) -> None:
    over = subscription(plan_id=None, status=Status.CANCELED, ended_at=NOW)
    foreign = subscription(
        plan_id=None, id=type(SUBSCRIPTION.id)("sub_x"), price_id=PriceId("price_of_a_book_club")
    )

    await shows(old, Snapshot(subscriptions=(over, foreign)))

    assert await told(database) == []
    async with database.read() as connection:
        assert await subscriptions.live_prices(connection) == {foreign.price_id: 1}


async def test_another_unknown_price_has_no_plan(database: Database, old: Context) -> None:
    await shows(
        old, Snapshot(subscriptions=(subscription(plan_id=None, price_id=PriceId("price_new")),))
    )

    async with database.read() as connection:
        found = await subscriptions.find(connection, SUBSCRIPTION.id)
    assert found is not None
    assert found.plan_id is None
