"""The mirror of the provider: later answers win, and one query shows a member's account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.account import Account
from bot.domain.allowance import EMPTY_BALANCE, Balance, EntryKind
from bot.domain.identifiers import CustomerId, InvoiceId, PaymentId, SubscriptionId, UserId
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.subscription import Status, Subscription
from storage import accounts, customers, invoices, ledger, payments, subscriptions
from storage.database import Database
from tests.integration.storage.samples import (
    INVOICE,
    MIA,
    MIAS,
    NOOR,
    NOW,
    PAYMENT,
    STRIPE,
    SUBSCRIPTION,
    add_customer,
    invoice,
    payment,
    subscription,
)

EARLIER, LATER = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)


async def test_an_answer_that_was_asked_for_earlier_does_not_undo_a_later_one(
    database: Database,
) -> None:
    await add_customer(database)
    cancelled = subscription(cancel_at=NOW + timedelta(days=20))
    refunded = payment(refunded=Money(2000, "usd"))
    void = invoice(status="void")
    async with database.write() as connection:
        assert await subscriptions.save(connection, cancelled, asked_at=NOW)
        assert await payments.save(connection, refunded, asked_at=NOW)
        assert await invoices.save(connection, void, asked_at=NOW)
        assert not await subscriptions.save(connection, SUBSCRIPTION, asked_at=EARLIER)
        assert not await payments.save(connection, PAYMENT, asked_at=EARLIER)
        assert not await invoices.save(connection, INVOICE, asked_at=EARLIER)
        assert await subscriptions.find(connection, SUBSCRIPTION.id) == cancelled
        assert await payments.find(connection, PAYMENT.id) == refunded

        assert await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
        assert await payments.save(connection, PAYMENT, asked_at=LATER)
        assert await subscriptions.find(connection, SUBSCRIPTION.id) == SUBSCRIPTION
        assert await payments.find(connection, PAYMENT.id) == PAYMENT


async def test_every_field_comes_back(database: Database) -> None:
    await add_customer(database)
    odd = subscription(
        id=SubscriptionId("sub_odd"),
        plan_id=None,
        status=Status.UNKNOWN,
        price=Money(2**40, "jpy"),
        cancel_at=NOW,
        ended_at=NOW + timedelta(milliseconds=1),
    )
    bare = payment(
        id=PaymentId("pi_odd"),
        invoice_id=None,
        subscription_id=None,
        period_start=None,
        period_end=None,
        disputed=True,
    )
    async with database.write() as connection:
        await subscriptions.save(connection, odd, asked_at=NOW)
        await payments.save(connection, bare, asked_at=NOW)
        assert await subscriptions.find(connection, odd.id) == odd
        assert await payments.find(connection, bare.id) == bare


async def test_a_naive_time_is_a_defect(database: Database) -> None:
    await add_customer(database)
    naive = subscription(created_at=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(Exception, match="naive"):
        async with database.write() as connection:
            await subscriptions.save(connection, naive, asked_at=NOW)


async def test_payments_newest_first_of_the_right_people(database: Database) -> None:
    await add_customer(database)
    noors = CustomerId("cus_noor")
    await add_customer(database, noors, user_id=NOOR)
    made = [
        payment(id=PaymentId("pi_old"), paid_at=NOW - timedelta(days=40)),
        payment(id=PaymentId("pi_new"), paid_at=NOW),
        payment(id=PaymentId("pi_noor"), customer_id=noors),
    ]
    async with database.write() as connection:
        for each in made:
            await payments.save(connection, each, asked_at=NOW)
        of_mia = await payments.of_user(connection, MIA)
        of_mias = await payments.of_customer(connection, MIAS)
        nobody = await payments.of_user(connection, UserId(1))

    assert [each.id for each in of_mia] == ["pi_new", "pi_old"]
    assert of_mias == of_mia
    assert nobody == []


async def test_subscriptions_of_several_customers_newest_first(database: Database) -> None:
    await add_customer(database)
    second = CustomerId("cus_second")
    await add_customer(database, second, user_id=None)
    new = subscription(id=SubscriptionId("sub_new"), customer_id=second, created_at=NOW)
    async with database.write() as connection:
        for each in (SUBSCRIPTION, new):
            await subscriptions.save(connection, each, asked_at=NOW)
        assert await subscriptions.of_customers(connection, [MIAS, second]) == [new, SUBSCRIPTION]
        assert await subscriptions.of_customers(connection, []) == []


async def test_a_ledger_entry_counts_once(database: Database) -> None:
    await add_customer(database)
    async with database.write() as connection:
        results = [
            await ledger.record(
                connection,
                [
                    ledger.Entry(
                        key="grant:1",
                        customer_id=MIAS,
                        subscription_id=SUBSCRIPTION.id,
                        period_start=SUBSCRIPTION.period_start,
                        month_start=SUBSCRIPTION.period_start,
                        kind=EntryKind.GRANT,
                        amount=amount,
                    )
                ],
                now=NOW,
            )
            for amount in (1000, 5)
        ]
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
        account = await accounts.of_user(connection, MIA, now=NOW)

    assert results == [1, 0]
    assert account is not None
    assert account.balance == Balance(1000, 0, 0)


async def test_nobody_has_no_account_and_a_customer_without_anything_an_empty_one(
    database: Database,
) -> None:
    await add_customer(database)
    async with database.read() as connection:
        assert await accounts.of_user(connection, NOOR, now=NOW) is None
        assert await accounts.of_user(connection, MIA, now=NOW) == Account(
            MIAS, STRIPE, "mia@example.com", None, EMPTY_BALANCE, ()
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger entry. `place` is the index of the subscription it belongs to."""

    place: int
    kind: EntryKind
    amount: int
    in_current_period: bool


@dataclass(frozen=True, slots=True)
class History:
    """All that the store knows of one customer."""

    subscriptions: Sequence[tuple[Status, int]]
    invoices: Sequence[tuple[str, int]]
    entries: Sequence[Entry]


_ages = st.integers(0, 400)
histories = st.builds(
    History,
    st.lists(st.tuples(st.sampled_from(Status), _ages), max_size=4, unique_by=lambda each: each[1]),
    st.lists(
        st.tuples(st.sampled_from(["draft", "open", "paid", "void"]), _ages),
        max_size=6,
        unique_by=lambda each: each[1],
    ),
    st.lists(
        st.builds(
            Entry,
            st.integers(0, 3),
            st.sampled_from(EntryKind),
            st.integers(0, 10**12),
            st.booleans(),
        ),
        max_size=8,
    ),
)


def _plainly(user: int, history: History) -> tuple[list[Subscription], list[Invoice], Account]:
    """The account recomputed without SQL."""
    customer_id = CustomerId(f"cus_{user}")
    made = [
        subscription(
            id=SubscriptionId(f"sub_{user}_{place}"),
            customer_id=customer_id,
            status=status,
            created_at=NOW - timedelta(days=age),
        )
        for place, (status, age) in enumerate(history.subscriptions)
    ]
    billed = [
        invoice(
            id=InvoiceId(f"in_{user}_{place}"),
            customer_id=customer_id,
            status=status,
            issued_at=NOW - timedelta(days=age),
        )
        for place, (status, age) in enumerate(history.invoices)
    ]
    newest_first = sorted(made, key=lambda each: each.created_at, reverse=True)
    live = [each for each in newest_first if each.is_live]
    current = next(iter(live or newest_first), None)
    running, last = dict.fromkeys(EntryKind, 0), dict.fromkeys(EntryKind, 0)
    for entry in history.entries:
        if entry.place < len(made) and made[entry.place] is current:
            (running if entry.in_current_period else last)[entry.kind] += entry.amount
    awaits_payment = not running[EntryKind.GRANT] and bool(last[EntryKind.GRANT])
    sums = {kind: running[kind] + last[kind] * awaits_payment for kind in EntryKind}
    shown = sorted(
        (each for each in billed if each.status != "draft"),
        key=lambda each: each.issued_at,
        reverse=True,
    )[: accounts.INVOICES_SHOWN]
    balance = Balance(
        sums[EntryKind.GRANT], sums[EntryKind.TOP_UP], sums[EntryKind.USAGE], awaits_payment
    )
    return (
        made,
        billed,
        Account(customer_id, STRIPE, "mia@example.com", current, balance, tuple(shown)),
    )


async def _store(
    database: Database,
    user: int,
    history: History,
    made: Sequence[Subscription],
    billed: Sequence[Invoice],
) -> None:
    async with database.write() as connection:
        customer_id = CustomerId(f"cus_{user}")
        await customers.save(connection, customer_id, provider=STRIPE, email="mia@example.com")
        await customers.link(connection, customer_id, UserId(user), now=NOW)
        for each in made:
            await subscriptions.save(connection, each, asked_at=NOW)
        for bill in billed:
            await invoices.save(connection, bill, asked_at=NOW)
        for number, entry in enumerate(history.entries):
            current = SUBSCRIPTION.period_start
            start = current if entry.in_current_period else current - timedelta(days=30)
            await ledger.record(
                connection,
                [
                    ledger.Entry(
                        key=f"{user}:{number}",
                        customer_id=customer_id,
                        subscription_id=SubscriptionId(f"sub_{user}_{entry.place}"),
                        period_start=start,
                        month_start=start,
                        kind=entry.kind,
                        amount=entry.amount,
                    )
                ],
                now=NOW,
            )


async def test_the_account_query_agrees_with_a_plain_recomputation(database: Database) -> None:
    """Every example is one more customer in the same store, so that they could mix."""
    examples: list[History] = []

    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(histories)
    def collect(history: History) -> None:
        examples.append(history)

    collect()
    expected = {}
    for user, history in enumerate(examples, start=1):
        made, billed, account = _plainly(user, history)
        await _store(database, user, history, made, billed)
        expected[user] = account

    async with database.read() as connection:
        for user, account in expected.items():
            assert await accounts.of_user(connection, UserId(user), now=NOW) == account, examples[
                user - 1
            ]
