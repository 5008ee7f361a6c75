"""The audit log cannot be rewritten quietly."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage import audit
from storage.database import Database
from tests.integration.storage.samples import MAX, NOW

_GUARDS = {
    "sqlite": ["DROP TRIGGER audit_log_no_update", "DROP TRIGGER audit_log_no_delete"],
    "postgresql": ["DROP TRIGGER audit_log_append_only ON audit_log"],
}


async def append(database: Database, *subjects: str) -> None:
    for subject in subjects:
        async with database.write() as connection:
            await audit.append(
                connection,
                actor_id=MAX,
                action="refund.made",
                subject=subject,
                details={"amount": 2000, "note": "Grüße", "none": None},
                now=NOW,
            )


async def first_broken(database: Database) -> int | None:
    async with database.read() as connection:
        return await audit.first_broken_row(connection)


async def ids(database: Database) -> list[int]:
    async with database.read() as connection:
        return list(await connection.scalars(sa.text("SELECT id FROM audit_log ORDER BY id")))


async def tamper(database: Database, statement: str) -> None:
    """As somebody with every right on the database could."""
    guards = _GUARDS["sqlite" if database.is_sqlite else "postgresql"]
    async with database.write() as connection:
        for guard in guards:
            await connection.execute(sa.text(guard))
        await connection.execute(sa.text(statement))


async def test_an_untouched_log_holds(database: Database) -> None:
    assert await first_broken(database) is None
    await append(database, "pi_1", "pi_2", "pi_3")
    assert await first_broken(database) is None


async def test_a_log_of_several_pages_holds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_PAGE", 2)
    await append(database, *(f"pi_{number}" for number in range(5)))

    assert await first_broken(database) is None
    last = (await ids(database))[-1]
    await tamper(database, f"UPDATE audit_log SET subject = 'x' WHERE id = {last}")  # noqa: S608
    assert await first_broken(database) == last


@pytest.mark.parametrize(
    "change",
    [
        "actor_id = 1",
        "actor_id = NULL",
        "action = 'refund.refused'",
        "subject = 'pi_9'",
        "details = '{}'",
        "at = at + 1",
        "hash = 'x'",
    ],
)
async def test_a_changed_row_is_found(database: Database, change: str) -> None:
    await append(database, "pi_1", "pi_2", "pi_3")
    second = (await ids(database))[1]

    await tamper(database, f"UPDATE audit_log SET {change} WHERE id = {second}")  # noqa: S608

    assert await first_broken(database) == second


@pytest.mark.parametrize("place", [0, 1])
async def test_a_removed_row_is_found_at_the_one_after_it(database: Database, place: int) -> None:
    await append(database, "pi_1", "pi_2", "pi_3")
    rows = await ids(database)

    await tamper(database, f"DELETE FROM audit_log WHERE id = {rows[place]}")  # noqa: S608

    assert await first_broken(database) == rows[place + 1]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET subject = 'x'", "DELETE FROM audit_log"]
)
async def test_the_database_itself_refuses_changes(database: Database, statement: str) -> None:
    await append(database, "pi_1")
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as connection:
            await connection.execute(sa.text(statement))
    assert len(await ids(database)) == 1


async def test_writers_that_come_together_make_one_chain(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    try:
        await asyncio.gather(*(append(each, "pi") for each in [database, other] * 10))
    finally:
        await other.close()

    assert len(await ids(database)) == 20
    assert await first_broken(database) is None
