"""What another member has bought into an account is not its owner's plan while theirs is on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.account import Account
from bot.domain.checkout import CheckoutState
from bot.domain.identifiers import ERASED_USER, PriceId, SubscriptionId, UserId
from bot.domain.subscription import Status, Subscription
from bot.services.context import Context
from bot.services.purchases import PurchaseService
from storage import accounts, checkouts, customers, subscriptions
from storage.database import Database
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    NOOR,
    NOW,
    SUBSCRIPTION,
    add_customer,
    subscription,
)
from tests.integration.storage.test_purchases import checkout

BOUGHT = subscription(id=SubscriptionId("sub_bought"), created_at=NOW)
ENDING = replace(SUBSCRIPTION, cancel_at=SUBSCRIPTION.period_end)
OVER = replace(SUBSCRIPTION, status=Status.CANCELED, ended_at=NOW - timedelta(days=1))


async def fill(database: Database, own: Subscription, *, buyer: UserId) -> None:
    """Mia has `own`, and the newer one was bought by somebody through Mooring."""
    await add_customer(database)
    bought = replace(checkout("A", buyer, customer_id=MIAS), state=CheckoutState.OPEN)
    async with database.write() as connection:
        for each in (own, BOUGHT):
            await subscriptions.save(connection, each, asked_at=NOW)
        await checkouts.add(connection, bought, screen={})
        await checkouts.complete(
            connection,
            bought.id,
            customer_id=MIAS,
            subscription_id=BOUGHT.id,
            payment_id=None,
            now=NOW,
        )


async def shown(database: Database) -> Account:
    async with database.read() as connection:
        account = await accounts.of_user(connection, MIA, now=NOW)
    assert account is not None
    return account


async def counting(database: Database) -> set[SubscriptionId]:
    async with database.read() as connection:
        return {each.id for each in await subscriptions.that_count(connection, [MIAS])}


@pytest.mark.parametrize("own", [SUBSCRIPTION, ENDING], ids=["renews", "ends"])
async def test_the_owners_own_plan_is_shown_and_counts(
    database: Database, own: Subscription
) -> None:
    await fill(database, own, buyer=NOOR)

    assert (await shown(database)).subscription == own
    assert await counting(database) == {own.id}


async def test_once_the_owners_is_over_the_other_one_is_all_there_is(database: Database) -> None:
    await fill(database, OVER, buyer=NOOR)

    assert (await shown(database)).subscription == BOUGHT
    assert await counting(database) == {OVER.id, BOUGHT.id}


@pytest.mark.parametrize("buyer", [MIA, ERASED_USER], ids=["self", "erased"])
async def test_what_the_owner_bought_is_the_owners(database: Database, buyer: UserId) -> None:
    """Whoever had their data erased may have been the same person."""
    await fill(database, SUBSCRIPTION, buyer=buyer)

    assert (await shown(database)).subscription == BOUGHT
    assert await counting(database) == {SUBSCRIPTION.id, BOUGHT.id}


async def test_of_an_account_that_nobody_has_linked_all_count(database: Database) -> None:
    await fill(database, SUBSCRIPTION, buyer=NOOR)
    async with database.write() as connection:
        await customers.unlink(connection, MIA)

    assert await counting(database) == {SUBSCRIPTION.id, BOUGHT.id}


@pytest.mark.parametrize(
    ("buyer", "beside"), [(NOOR, []), (MIA, [SUBSCRIPTION.id])], ids=["another", "self"]
)
async def test_a_change_of_plan_tells_only_of_what_the_owner_has_beside_it(
    database: Database, context: Context, buyer: UserId, beside: list[SubscriptionId]
) -> None:
    """S8: the owner can neither cancel another's plan nor pay for it."""
    await fill(database, SUBSCRIPTION, buyer=buyer)

    purchase = await PurchaseService(context).look(MIA, PriceId("price_max_month"))

    assert [each.id for each in purchase.beside] == beside
