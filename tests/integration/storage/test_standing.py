"""For the vendor's backend: links, how a customer stands, signatures that are used once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.allowance import EMPTY_BALANCE, Balance
from bot.domain.errors import AccountTaken, AlreadyLinked, NoSuchThing
from bot.domain.identifiers import CustomerId, ProviderName
from bot.services.accounts import AccountService
from bot.services.context import Context
from bot.services.housekeeping import HousekeepingService
from bot.services.replays import ReplayGuard
from bot.services.standing import StandingService
from bot.services.usage import UsageService
from storage import customers, jobs, used_signatures
from storage.database import Database
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    NOOR,
    NOW,
    STRIPE,
    SUBSCRIPTION,
    Clock,
    add_customer,
    service_context,
    subscription,
)
from tests.integration.storage.usage import (
    DAY,
    END,
    grant,
    mia_pays,
    report,
    subscribe,
)
from tests.support.shop import open_shop


@pytest.fixture
def service(context: Context) -> UsageService:
    return UsageService(context)


async def test_s4_how_a_customer_stands(
    database: Database, context: Context, service: UsageService, clock: Clock
) -> None:
    standing = StandingService(context)
    await mia_pays(database, subscription(cancel_at=END))
    await service.record([report("a", 100)])

    for account in (MIAS, MIA):
        found = await standing.find(account)
        assert (found.customer_id, found.user_id, found.has_access) == (MIAS, MIA, True)
        assert found.balance == Balance(1000, 0, 100)
        assert (found.refills_at, found.renews_at) == (None, None)

    clock.now = END
    over = await standing.find(MIAS)
    assert (over.has_access, over.balance, over.refills_at) == (False, EMPTY_BALANCE, None)
    assert over.subscription is not None
    for nobody in (NOOR, CustomerId("cus_nobody")):
        with pytest.raises(NoSuchThing):
            await standing.find(nobody)


async def test_s9_a_paid_plan_that_includes_nothing_has_nothing(
    database: Database, context: Context
) -> None:
    """What the plan before had left does not go on, because no payment is awaited."""
    before = SUBSCRIPTION.period_start - timedelta(days=30)
    await add_customer(database)
    await subscribe(database, SUBSCRIPTION)
    await grant(database, start=before, end=SUBSCRIPTION.period_start)
    waiting = await StandingService(context).find(MIAS)
    assert waiting.balance == Balance(1000, 0, 0, awaits_payment=True)

    await grant(database, units=0)

    paid = await StandingService(context).find(MIAS)
    assert paid.balance == EMPTY_BALANCE
    assert paid.refills_at is not None


async def test_a_customer_without_anything_stands_on_free(
    database: Database, context: Context
) -> None:
    await add_customer(database, user_id=None)
    found = await StandingService(context).find(MIAS)
    assert (found.subscription, found.has_access, found.balance) == (None, False, EMPTY_BALANCE)


async def test_a_signature_is_used_once_and_forgotten_when_it_has_expired(
    database: Database, context: Context, clock: Clock
) -> None:
    guard = ReplayGuard(context)
    expires_at = NOW + timedelta(seconds=300)

    answers = await asyncio.gather(
        *(guard.admit(b"\x00\xff" * 16, expires_at=expires_at) for _ in range(5))
    )
    assert sorted(answers) == [False] * 4 + [True]
    assert await guard.admit(b"another", expires_at=expires_at)

    housekeeping = HousekeepingService(context)
    await housekeeping.schedule()
    async with database.write() as connection:
        [job] = await jobs.claim(connection, now=NOW, lease=DAY, token="t", most=1)
    clock.now = expires_at
    await housekeeping.run(job)
    assert not await guard.admit(b"another", expires_at=expires_at)
    clock.advance(seconds=1)
    await housekeeping.run(job)
    async with database.write() as connection:
        assert await used_signatures.purge(connection, before=clock.now + DAY) == 0


async def test_one_customer_one_user_whichever_process_links_first(
    database_url: str, database: Database, clock: Clock
) -> None:
    other = Database(database_url)
    async with (
        open_shop() as shop,
        service_context(database, clock, api_url=shop.stripe.api_url) as context,
    ):
        second = CustomerId(shop.stripe.add_customer("mia@work.example")["id"])
        services = [AccountService(replace(context, database=each)) for each in (database, other)]
        outcomes = await asyncio.gather(
            services[0].link_for_vendor(STRIPE, shop.mia, MIA),
            services[1].link_for_vendor(STRIPE, second, MIA),
            return_exceptions=True,
        )
        [refusal] = [each for each in outcomes if each is not None]
        assert isinstance(refusal, AlreadyLinked)
        async with database.read() as connection:
            linked = await customers.of_user(connection, MIA)
            assert linked is not None
        with pytest.raises(AccountTaken):
            await services[0].link_for_vendor(STRIPE, linked.id, NOOR)
        await services[1].link_for_vendor(STRIPE, linked.id, MIA)
        with pytest.raises(NoSuchThing):
            await services[0].link_for_vendor(STRIPE, CustomerId("cus_nobody"), NOOR)
        with pytest.raises(NoSuchThing):
            await services[0].link_for_vendor(ProviderName("other"), linked.id, MIA)
    await other.close()
