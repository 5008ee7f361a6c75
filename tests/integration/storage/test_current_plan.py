"""Which of several plans the screens show: the query and the domain's rule agree (S3)."""

from datetime import timedelta
from itertools import product

from bot.domain.identifiers import CustomerId, SubscriptionId, UserId
from bot.domain.subscription import TOLERANCE, Status, current_first
from storage import accounts, customers, subscriptions
from storage.database import Database
from tests.integration.storage.samples import NOW, STRIPE, SUBSCRIPTION, subscription

END = SUBSCRIPTION.period_end
SECOND = timedelta(seconds=1)
ENDS = (None, END, END + TOLERANCE, END + TOLERANCE + SECOND, END + timedelta(days=100))


async def test_the_query_and_the_rule_show_the_same_plan(database: Database) -> None:
    """Every pair is one more customer."""
    kinds = list(product(Status, ENDS))
    shown = {}
    async with database.write() as connection:
        for user, (older, newer) in enumerate(product(kinds, kinds[::3]), start=1):
            customer = CustomerId(f"cus_{user}")
            await customers.save(connection, customer, provider=STRIPE, email=None, card=None)
            await customers.link(connection, customer, UserId(user), now=NOW)
            known = [
                subscription(
                    id=SubscriptionId(f"sub_{user}_{number}"),
                    customer_id=customer,
                    status=status,
                    cancel_at=cancel_at,
                    created_at=SUBSCRIPTION.created_at + number * SECOND,
                )
                for number, (status, cancel_at) in enumerate((older, newer))
            ]
            for each in known:
                await subscriptions.save(connection, each, asked_at=NOW)
            shown[UserId(user)] = current_first(known)[0]

    async with database.read() as connection:
        for user_id, expected in shown.items():
            account = await accounts.of_user(connection, user_id, now=NOW)
            assert account is not None
            assert account.subscription == expected


async def test_of_two_plans_of_one_second_every_screen_shows_the_same(database: Database) -> None:
    customer = CustomerId("cus_1")
    async with database.write() as connection:
        await customers.save(connection, customer, provider=STRIPE, email=None, card=None)
        await customers.link(connection, customer, UserId(1), now=NOW)
        for name in ("sub_b", "sub_c", "sub_a"):
            twin = subscription(id=SubscriptionId(name), customer_id=customer)
            await subscriptions.save(connection, twin, asked_at=NOW)

    async with database.read() as connection:
        account = await accounts.of_user(connection, UserId(1), now=NOW)
        known = await subscriptions.of_customers(connection, [customer])
    assert account is not None
    assert account.subscription == current_first(known)[0]
    assert [each.id for each in known] == ["sub_c", "sub_b", "sub_a"]
