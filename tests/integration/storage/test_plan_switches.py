"""A plan that is switched at the provider, within a period: allowance and spend begin anew (S9)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.billing.provider import PaidPeriod, Snapshot
from bot.domain.allowance import Balance, EntryKind
from bot.domain.catalogue import Interval
from bot.domain.identifiers import PlanId, PriceId
from bot.domain.money import Money
from bot.domain.subscription import Status, Subscription
from bot.services.context import Context
from bot.services.mirror import apply
from storage import accounts, ledger, subscriptions
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

PAID_PRO = PaidPeriod(
    MIAS,
    SUBSCRIPTION.id,
    SUBSCRIPTION.price_id,
    SUBSCRIPTION.period_start,
    SUBSCRIPTION.period_end,
)
PRO = Snapshot(subscriptions=(SUBSCRIPTION,), paid_periods=(PAID_PRO,))


def switched(plan: str = "max", **changes: object) -> Snapshot:
    """The subscription alone, as an event about it brings it: no period is paid anew."""
    to = {"plan_id": PlanId(plan), "price_id": PriceId(f"price_{plan}_month")}
    return Snapshot(subscriptions=(subscription(**to, **changes),))


class Store:
    """Mia's account, in a store of its own."""

    def __init__(self, database: Database, context: Context, clock: Clock) -> None:
        self.database, self.context, self.clock = database, context, clock
        self._keys = 0

    async def shows(self, snapshot: Snapshot) -> None:
        """The provider is asked a minute later, and answers this."""
        self.clock.advance(minutes=1)
        async with self.database.write() as connection:
            await apply(connection, self.context, snapshot, asked_at=self.clock())

    async def add(self, kind: EntryKind, amount: int) -> None:
        """What is used, or topped up, in the present cycle."""
        self._keys += 1
        start = (await self.subscription()).cycle_start
        entry = ledger.Entry(
            f"test:{self._keys}", MIAS, SUBSCRIPTION.id, start, start, kind, amount
        )
        async with self.database.write() as connection:
            await ledger.record(connection, [entry], now=self.clock())

    async def subscription(self) -> Subscription:
        async with self.database.read() as connection:
            found = await subscriptions.find(connection, SUBSCRIPTION.id)
        assert found is not None
        return found

    async def balance(self) -> Balance:
        async with self.database.read() as connection:
            account = await accounts.of_user(connection, MIA, now=self.clock())
        assert account is not None
        return account.balance


@pytest.fixture
async def store(database: Database, context: Context, clock: Clock) -> Store:
    await add_customer(database)
    return Store(database, context, clock)


async def test_s9_s27_a_switch_within_the_period_brings_the_new_plans_allowance(
    store: Store,
) -> None:
    await store.shows(PRO)
    await store.add(EntryKind.USAGE, 700)
    await store.add(EntryKind.TOP_UP, 500)

    await store.shows(switched())

    assert await store.balance() == Balance(granted=5000, topped_up=0, used=0)
    await store.add(EntryKind.USAGE, 30)
    for again in (switched(), Snapshot(paid_periods=(PAID_PRO,)), switched()):
        await store.shows(again)
    assert await store.balance() == Balance(granted=5000, topped_up=0, used=30)


async def test_s9_every_way_in_which_the_news_arrives_ends_alike(store: Store) -> None:
    """The store may know the old plan, the paid period, both or nothing when it is switched."""
    parts = {
        "old": Snapshot(subscriptions=(SUBSCRIPTION,)),
        "paid": Snapshot(paid_periods=(PAID_PRO,)),
        "new": switched(),
    }
    orders = [
        ("old", "paid", "new"),
        ("old", "new", "paid"),
        ("paid", "old", "new"),
        ("paid", "new"),
        ("new", "paid"),
    ]
    for number, order in enumerate(orders):
        start = SUBSCRIPTION.period_start + timedelta(minutes=number)
        for name in order:
            known = parts[name]
            await store.shows(
                replace(
                    known,
                    subscriptions=tuple(
                        replace(each, period_start=start) for each in known.subscriptions
                    ),
                    paid_periods=tuple(
                        replace(each, period_start=start) for each in known.paid_periods
                    ),
                )
            )
        assert await store.balance() == Balance(5000, 0, 0), order


async def test_s7_a_switch_that_is_not_paid_yet_brings_nothing(store: Store) -> None:
    await store.shows(PRO)

    await store.shows(switched(status=Status.PAST_DUE))
    unpaid = await store.balance()
    await store.shows(switched())

    assert (unpaid.granted, (await store.balance()).granted) == (1000, 5000)


async def test_s15_another_price_of_the_same_plan_is_no_switch(store: Store) -> None:
    await store.shows(PRO)
    await store.add(EntryKind.USAGE, 700)
    dearer = subscription(price_id=PriceId("price_pro_year"), price=Money(2500, "usd"))

    await store.shows(Snapshot(subscriptions=(dearer,)))

    assert await store.balance() == Balance(1000, 0, 700)


async def test_s9_back_again_is_a_switch_too(store: Store) -> None:
    await store.shows(PRO)
    for plan, allowance in (("max", 5000), ("pro", 1000), ("lite", 300)):
        await store.shows(switched(plan))
        await store.add(EntryKind.USAGE, 10)
        assert await store.balance() == Balance(allowance, 0, 10)


async def test_the_next_period_has_a_cycle_of_its_own(store: Store) -> None:
    start, end = SUBSCRIPTION.period_end, SUBSCRIPTION.period_end + timedelta(days=31)
    await store.shows(PRO)
    await store.shows(switched())
    renewed = switched(period_start=start, period_end=end)
    paid = PaidPeriod(MIAS, SUBSCRIPTION.id, PriceId("price_max_month"), start, end)

    store.clock.advance(days=20)
    await store.shows(replace(renewed, paid_periods=(paid,)))

    assert (await store.subscription()).cycle_start == start
    assert await store.balance() == Balance(5000, 0, 0)


async def test_s9_a_yearly_plan_refills_from_the_switch_on(store: Store) -> None:
    end = SUBSCRIPTION.period_start + timedelta(days=365)
    yearly = subscription(
        price_id=PriceId("price_pro_year"), interval=Interval.YEAR, period_end=end
    )
    paid = replace(PAID_PRO, price_id=yearly.price_id, period_end=end)
    await store.shows(Snapshot(subscriptions=(yearly,), paid_periods=(paid,)))
    await store.shows(
        Snapshot(
            subscriptions=(
                replace(yearly, plan_id=PlanId("max"), price_id=PriceId("price_max_year")),
            )
        )
    )
    await store.add(EntryKind.USAGE, 4000)

    store.clock.advance(days=100)

    assert await store.balance() == Balance(5000, 0, 0)


async def test_a_provider_whose_clock_is_ahead_loses_nothing(store: Store) -> None:
    start = NOW + timedelta(days=60)
    ahead = subscription(period_start=start, period_end=start + timedelta(days=30))
    paid = replace(PAID_PRO, period_start=ahead.period_start, period_end=ahead.period_end)
    await store.shows(Snapshot(subscriptions=(ahead,), paid_periods=(paid,)))

    await store.shows(switched(period_start=ahead.period_start, period_end=ahead.period_end))

    assert await store.balance() == Balance(5000, 0, 0)


async def test_two_units_bring_the_allowance_twice(store: Store) -> None:
    two = subscription(quantity=2, price=Money(4000, "usd"))
    paid = replace(PAID_PRO, quantity=2)
    await store.shows(Snapshot(subscriptions=(two,), paid_periods=(paid,)))
    first = await store.balance()

    await store.shows(Snapshot(subscriptions=(replace(two, quantity=3),)))

    assert (first.granted, (await store.balance()).granted) == (2000, 3000)


async def test_s27_a_switch_to_yearly_in_the_second_of_the_purchase_refills_every_month(
    store: Store,
) -> None:
    """Both periods start alike then: the second is no continuation of what the first granted."""
    end = SUBSCRIPTION.period_start + timedelta(days=365)
    max_yearly = PriceId("price_max_year")
    yearly = subscription(
        plan_id=PlanId("max"), price_id=max_yearly, interval=Interval.YEAR, period_end=end
    )
    paid = replace(PAID_PRO, price_id=max_yearly, period_end=end)
    await store.shows(PRO)
    await store.shows(Snapshot(subscriptions=(yearly,), paid_periods=(paid,)))
    first = await store.balance()

    store.clock.advance(days=100)

    assert (first, await store.balance()) == (Balance(5000, 0, 0), Balance(5000, 0, 0))


@pytest.mark.parametrize(("plan", "allowance"), [("max", 5000), ("lite", 300)])
async def test_s9_a_period_that_begins_in_the_second_of_a_switch_is_granted_once(
    store: Store, plan: str, allowance: int
) -> None:
    """Switched to Max, seen, and switched to another interval or plan, all in one second."""
    await store.shows(PRO)
    await store.shows(switched())
    start = (await store.subscription()).cycle_start
    end = start + timedelta(days=365)
    to = {"plan_id": PlanId(plan), "price_id": PriceId(f"price_{plan}_year")}
    again = subscription(**to, interval=Interval.YEAR, period_start=start, period_end=end)
    paid = replace(PAID_PRO, price_id=again.price_id, period_start=start, period_end=end)

    for _ in range(2):
        await store.shows(Snapshot(subscriptions=(again,), paid_periods=(paid,)))

    assert await store.balance() == Balance(allowance, 0, 0)
