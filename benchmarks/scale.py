"""The store with a thousand subscriptions and with a million: what each screen's queries take.

The large store holds ten ledger entries, an invoice and a payment for each subscription; each tenth
was cancelled once, and each hundredth payment is refunded. Both are asked in turns, in the same
run; what counts is how much longer the large one takes.
"""

import itertools
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.figures import Figure, Goal
from bot.domain.identifiers import CustomerId, SubscriptionId, UserId
from storage import (
    accounts,
    cancel_attempts,
    checkouts,
    customers,
    invoices,
    ledger,
    migrate,
    payments,
    refunds,
    subscriptions,
)
from storage.columns import EPOCH
from storage.database import Database

SMALL, LARGE = 1_000, 1_000_000
ENTRIES = 10
ROUNDS = 5
ASKED_EACH_ROUND = 200
MOST_TIMES = 2.0

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=30)
NOW = START + timedelta(days=10)
_Query = Callable[[AsyncConnection, int], Awaitable[object]]


def _millis(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


QUERIES: dict[str, _Query] = {
    "/balance": lambda connection, number: accounts.of_user(connection, UserId(number), now=NOW),
    "/invoices": lambda connection, number: invoices.page_of_user(connection, UserId(number), 0),
    "/refund": lambda connection, number: payments.of_user(connection, UserId(number)),
    "/change-plan": lambda connection, number: checkouts.unfinished(connection, UserId(number)),
    "/cancel": lambda connection, number: cancel_attempts.unfinished(
        connection, SubscriptionId(f"sub_{number:07}")
    ),
    "/resume": lambda connection, number: cancel_attempts.newest_cancelled(
        connection, SubscriptionId(f"sub_{number:07}")
    ),
    "/help": lambda connection, number: checkouts.unpaid_since(
        connection, UserId(number), since=START
    ),
    "/duplicates": lambda connection, _: payments.of_periods_paid_twice(connection, most=6),
    "the end of a plan": lambda connection, number: refunds.has_ended(
        connection, SubscriptionId(f"sub_{number:07}")
    ),
    "an event": lambda connection, number: subscriptions.find_many(
        connection, [SubscriptionId(f"sub_{number:07}")]
    ),
    "reported usage": lambda connection, number: ledger.sums_of_cycles(
        connection, [(SubscriptionId(f"sub_{number:07}"), START)]
    ),
    "/link": lambda connection, number: customers.find(connection, CustomerId(f"cus_{number:07}")),
}


async def measure(directory: Path) -> list[Figure]:
    """The largest ratio decides; each query's own explains."""
    small = await _filled(directory / "small.db", SMALL)
    large = await _filled(directory / "large.db", LARGE)
    ratios: dict[str, list[float]] = {name: [] for name in QUERIES}
    try:
        for _ in range(ROUNDS):
            for name, query in QUERIES.items():
                took = [
                    await _seconds(database, query, size)
                    for database, size in ((small, SMALL), (large, LARGE))
                ]
                ratios[name].append(took[1] / took[0])
    finally:
        await small.close()
        await large.close()
    worst = max(ratios.values(), key=lambda values: sorted(values)[len(values) // 2])
    return [
        Figure(
            f"slowest growth of a query, {LARGE:,} subscriptions by {SMALL:,}",
            "times",
            tuple(worst),
            Goal("at most", MOST_TIMES),
        ),
        *(Figure(f"  {name}", "times", tuple(values)) for name, values in ratios.items()),
    ]


async def _seconds(database: Database, query: _Query, size: int) -> float:
    """Different members each time, as in life: nothing is answered from the page read before."""
    numbers = [random.randrange(size) for _ in range(ASKED_EACH_ROUND)]  # noqa: S311 - any will do
    started = time.perf_counter()
    for number in numbers:
        async with database.read() as connection:
            await query(connection, number)
    return time.perf_counter() - started


async def _filled(path: Path, size: int) -> Database:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await migrate.upgrade(database)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for statement, rows in _rows(size):
            connection.executemany(statement, rows)
        connection.execute("ANALYZE")
    connection.close()
    return database


def _rows(size: int) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    start, end = _millis(START), _millis(END)
    yield (
        "INSERT INTO customers (id, provider, email, user_id, linked_at) VALUES (?,?,?,?,?)",
        (
            (f"cus_{number:07}", "stripe", f"m{number}@example.com", number, start)
            for number in range(size)
        ),
    )
    yield (
        "INSERT INTO subscriptions (id, provider, customer_id, plan_id, price_id, interval, amount,"
        " currency, status, created_at, period_start, period_end, cycle_start, quantity, asked_at)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                *(f"sub_{number:07}", "stripe", f"cus_{number:07}", "pro", "price_pro_month"),
                *("month", 2000, "usd", "active", start, start, end, start, 1, start),
            )
            for number in range(size)
        ),
    )
    yield (
        "INSERT INTO invoices (id, customer_id, subscription_id, number, status, amount, currency,"
        " issued_at, asked_at) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            (
                *(f"in_{number:07}", f"cus_{number:07}", f"sub_{number:07}", f"N-{number}"),
                *("paid", 2000, "usd", start, start),
            )
            for number in range(size)
        ),
    )
    yield (
        "INSERT INTO payments (id, provider, customer_id, invoice_id, subscription_id, purpose,"
        " amount, refunded, currency, disputed, paid_at, period_start, period_end, asked_at)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                *(f"pi_{number:07}", "stripe", f"cus_{number:07}", f"in_{number:07}"),
                *(f"sub_{number:07}", "subscription", 2000, 0, "usd", False),
                *(start, start, end, start),
            )
            for number in range(size)
        ),
    )
    yield (
        "INSERT INTO cancel_attempts (id, user_id, customer_id, subscription_id, state, started_at,"
        " finished_at, active_at) VALUES (?,?,?,?,?,?,?,?)",
        (
            (
                *(f"A{number:07}", number, f"cus_{number:07}", f"sub_{number:07}"),
                *("cancelled", start, start, start),
            )
            for number in range(0, size, 10)
        ),
    )
    yield (
        "INSERT INTO refunds (id, guild_id, payment_id, subscription_id, amount, currency,"
        " consequence, state, created_at) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            (
                *(f"R{number:07}", 1, f"pi_{number:07}", f"sub_{number:07}", 2000, "usd"),
                *("ends_subscription", "done", start),
            )
            for number in range(0, size, 100)
        ),
    )
    yield (
        "INSERT INTO ledger (key, customer_id, subscription_id, period_start, month_start, kind,"
        " amount, recorded_at) VALUES (?,?,?,?,?,?,?,?)",
        (
            (
                *(f"entry:{number:07}:{entry}", f"cus_{number:07}", f"sub_{number:07}"),
                *(start, start, "usage" if entry else "grant", 10 if entry else 1000, start),
            )
            for number, entry in itertools.product(range(size), range(ENTRIES))
        ),
    )
