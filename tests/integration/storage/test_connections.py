"""Transactions: all or nothing, nothing lost among many writers, readers that cannot write."""

import asyncio
import logging

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage import customers, guilds
from storage.database import Database
from storage.schema import customers as customers_table
from storage.schema import guilds as guilds_table
from tests.integration.storage.samples import GUILD, MIA, MIAS, NOW, STRIPE, add_customer


async def test_many_writers_lose_no_update(database: Database, database_url: str) -> None:
    """Two processes, twenty tasks: each reads a number and writes the next one."""
    other = Database(database_url)

    async def take(store: Database) -> int:
        async with store.write() as connection:
            return await guilds.take_ticket_number(connection, GUILD)

    try:
        numbers = await asyncio.gather(*(take(each) for each in [database, other] * 20))
    finally:
        await other.close()

    assert sorted(numbers) == list(range(1, 41))


async def test_what_raises_leaves_no_trace(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await customers.save(connection, MIAS, provider=STRIPE, email=None)
            raise RuntimeError
    async with database.read() as connection:
        assert await customers.find(connection, MIAS) is None


async def test_a_cancelled_writer_leaves_no_trace_and_no_lock(database: Database) -> None:
    inside = asyncio.Event()

    async def write_for_ever() -> None:
        async with database.write() as connection:
            await customers.save(connection, MIAS, provider=STRIPE, email=None)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_for_ever())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(5):
        await add_customer(database, user_id=None)
    async with database.read() as connection:
        found = await customers.find(connection, MIAS)
    assert found is not None
    assert found.email == "mia@example.com"


async def test_a_reader_sees_what_was_committed_before_and_not_what_is_open(
    database: Database,
) -> None:
    async with database.read() as reader:
        async with database.write() as writer:
            await customers.save(writer, MIAS, provider=STRIPE, email=None)
            assert await customers.find(reader, MIAS) is None
        assert await customers.find(reader, MIAS) is not None


@pytest.mark.parametrize("backend", ["sqlite"])  # PostgreSQL's readers are its writers
async def test_readers_cannot_write(database: Database) -> None:
    async with database.read() as connection:
        with pytest.raises(DBAPIError):
            await connection.execute(sa.insert(guilds_table).values(guild_id=1))


async def test_what_refers_to_nothing_is_refused(database: Database) -> None:
    statement = sa.text(
        "INSERT INTO ledger (key, customer_id, subscription_id, period_start, kind, amount, "
        "recorded_at) VALUES ('k', 'cus_nobody', 's', 0, 'grant', 1, 0)"
    )
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(statement)


async def test_errors_do_not_repeat_the_values(database: Database) -> None:
    await add_customer(database, user_id=None)
    duplicate = sa.insert(customers_table).values(
        id=MIAS, provider=STRIPE, email="hunter2@example.com"
    )
    with pytest.raises(IntegrityError) as caught:
        async with database.write() as connection:
            await connection.execute(duplicate)

    formatted = logging.Formatter().formatException((type(caught.value), caught.value, None))
    assert "hunter2" not in formatted


async def test_one_customer_one_user_both_ways(database: Database) -> None:
    await add_customer(database)
    async with database.write() as connection:
        assert await customers.link(connection, MIAS, MIA, now=NOW)
        assert not await customers.link(connection, MIAS, type(MIA)(MIA + 1), now=NOW)

    with pytest.raises(IntegrityError):
        await add_customer(database, type(MIAS)("cus_second"), user_id=MIA)


async def test_saving_a_customer_keeps_the_link(database: Database) -> None:
    await add_customer(database)
    async with database.write() as connection:
        await customers.save(connection, MIAS, provider=STRIPE, email="new@example.com")
    async with database.read() as connection:
        found = await customers.of_user(connection, MIA)
        assert await customers.find_many(connection, [MIAS]) == [found]
    assert found is not None
    assert (found.id, found.provider, found.email) == (MIAS, STRIPE, "new@example.com")
    assert (found.user_id, found.linked_at) == (MIA, NOW)
