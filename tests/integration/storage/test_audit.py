"""The audit log cannot be rewritten quietly."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from bot.domain.audit import AuditFilter
from bot.domain.errors import NotPermitted
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import RoleId
from bot.services.audit_log import PAGE, AuditService, exported, verify
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from storage import audit, payments
from storage.database import Database
from storage.schema import audit_log
from tests.integration.storage.samples import GUILD, MAX, MIA, NOW, PAYMENT, add_customer

_GUARDS = {
    "sqlite": [
        "DROP TRIGGER audit_log_no_update",
        "DROP TRIGGER audit_log_no_other_actor",
        "DROP TRIGGER audit_log_no_delete",
    ],
    "postgresql": [
        "DROP TRIGGER audit_log_append_only ON audit_log",
        "DROP TRIGGER audit_log_no_other_actor ON audit_log",
    ],
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
        "actor_id = NULL, actor_salt = NULL",
        "actor_id = NULL, actor_salt = NULL, actor_seal = NULL",
        "actor_seal = 'x'",
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


@pytest.mark.parametrize("change", ["actor_id = 1", "actor_salt = 'x'", "actor_seal = 'x'"])
async def test_an_actor_written_onto_what_mooring_did_itself_is_found(
    database: Database, change: str
) -> None:
    await append(database, "pi_1")
    async with database.write() as connection:
        await audit.append(
            connection, actor_id=None, action="refund.denied", subject="pi_2", details={}, now=NOW
        )
    second = (await ids(database))[1]
    assert await first_broken(database) is None

    await tamper(database, f"UPDATE audit_log SET {change} WHERE id = {second}")  # noqa: S608

    assert await first_broken(database) == second


@pytest.mark.parametrize(
    ("row", "becomes", "found_at"), [(1, 0, 0), (1, -1, -1), (2, 77, 3), (3, 77, 77)]
)
async def test_another_number_of_a_row_is_found(
    database: Database, row: int, becomes: int, found_at: int
) -> None:
    """Erasures name rows by it, so that it must not lead to another one."""
    await append(database, "pi_1", "pi_2", "pi_3")

    await tamper(database, f"UPDATE audit_log SET id = {becomes} WHERE id = {row}")  # noqa: S608

    assert await first_broken(database) == found_at


async def test_a_row_put_before_all_others_is_found(database: Database) -> None:
    await append(database, "pi_1")
    columns = "at, action, subject, details, previous_hash"
    await tamper(
        database,
        f"INSERT INTO audit_log (id, {columns}, hash) "  # noqa: S608
        f"SELECT -7, {columns}, 'x' FROM audit_log",
    )
    assert await first_broken(database) == -7


async def test_a_write_that_was_rolled_back_leaves_no_gap(database: Database) -> None:
    await append(database, "pi_1")
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await audit.append(
                connection, actor_id=MAX, action="x", subject="pi_2", details={}, now=NOW
            )
            raise RuntimeError
    await append(database, "pi_3")

    assert await ids(database) == [1, 2]
    assert await first_broken(database) is None


async def test_an_actor_can_be_erased_and_the_chain_still_holds(database: Database) -> None:
    """The row says that somebody acted, and the log says that the name was erased."""
    await append(database, "pi_1", "pi_2", "pi_3")

    async with database.write() as connection:
        which = audit_log.c.subject != "pi_2"
        assert await audit.erase_actor(connection, which, reference="E-1", now=NOW) == 2

    assert await first_broken(database) is None
    async with database.read() as connection:
        rows = (await connection.execute(sa.select(audit_log).order_by(audit_log.c.id))).all()
    assert [row.actor_id for row in rows] == [None, MAX, None, None]
    assert [row.actor_salt is None for row in rows] == [True, False, True, True]
    assert rows[0].actor_seal != rows[1].actor_seal != rows[2].actor_seal
    assert (rows[3].action, rows[3].subject) == (audit.ERASED, "E-1")


async def test_what_mooring_did_itself_has_no_actor_to_erase(database: Database) -> None:
    async with database.write() as connection:
        await audit.append(
            connection, actor_id=None, action="refund.done", subject="pi", details={}, now=NOW
        )
        assert await audit.erase_actor(connection, sa.true(), reference="E-1", now=NOW) == 0
    assert await first_broken(database) is None


@pytest.mark.parametrize("other", ["actor_id = 1", "actor_salt = 'x'", "actor_id = actor_id"])
async def test_the_database_lets_no_actor_be_exchanged(database: Database, other: str) -> None:
    await append(database, "pi_1")
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as connection:
            await connection.execute(sa.text(f"UPDATE audit_log SET {other}"))  # noqa: S608


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


async def found(database: Database, **wanted: Any) -> list[str]:
    """The subjects of the entries that fit, newest first."""
    async with database.read() as connection:
        entries = await audit.search(connection, AuditFilter(**wanted), before=None, limit=50)
    return [each.subject for each in entries]


async def test_entries_are_found_by_person_action_time_and_reference(database: Database) -> None:
    await add_customer(database)
    later = NOW + timedelta(days=2)
    async with database.write() as connection:
        await payments.save(connection, PAYMENT, asked_at=NOW)
        for actor, action, subject, at in (
            (MIA, "account.linked", "cus_other", NOW),
            (MAX, "refund.requested", PAYMENT.id, NOW),
            (None, "refund.done", PAYMENT.id, later),
            (MAX, "refundable%_x", "ticket_1", later),
        ):
            details = {"refund": "ABC", "why": "50% off"}
            await audit.append(
                connection, actor_id=actor, action=action, subject=subject, details=details, now=at
            )

    everything = ["ticket_1", "pi_mia", "pi_mia", "cus_other"]
    assert await found(database) == everything
    assert await found(database, member_id=MIA) == ["pi_mia", "pi_mia", "cus_other"]
    assert await found(database, member_id=MAX) == ["ticket_1", "pi_mia"]
    assert await found(database, action="refund.") == ["pi_mia", "pi_mia"]
    assert await found(database, action="%") == []
    assert await found(database, since=later) == ["ticket_1", "pi_mia"]
    assert await found(database, reference="pi_mia") == ["pi_mia", "pi_mia"]
    assert await found(database, reference="ABC") == everything
    assert await found(database, reference="AB") == []
    assert await found(database, member_id=MAX, action="refund.", since=later) == []


async def test_pages_follow_one_another_and_only_moderators_turn_them(context: Context) -> None:
    numbers = [f"pi_{number}" for number in range(PAGE + 2)]
    await append(context.database, *numbers)
    role = RoleId(6)
    guilds = GuildService(context, {GUILD: GuildSettings(moderator_role_id=role)})
    service = AuditService(context, guilds)
    desk = Actor(MAX, GUILD, frozenset({role}), manages_guild=False)

    first = await service.page(desk, AuditFilter())
    second = await service.page(desk, AuditFilter(), before=first.older_than)

    assert second.older_than is None
    shown = [each.subject for each in (*first.entries, *second.entries)]
    assert shown == numbers[::-1]
    with pytest.raises(NotPermitted):
        await service.page(Actor(MIA, GUILD, frozenset(), manages_guild=True), AuditFilter())


async def test_rows_cut_off_at_the_end_are_found_by_the_head_that_was_kept(
    database: Database,
) -> None:
    empty = await verify(database, kept_head=None)
    await append(database, "pi_1", "pi_2", "pi_3")
    kept = (await verify(database, kept_head=empty.head.hash)).head
    assert kept.rows == 3
    await append(database, "pi_4")
    assert (await verify(database, kept_head=kept.hash)).holds

    third = (await ids(database))[2]
    await tamper(database, f"DELETE FROM audit_log WHERE id >= {third}")  # noqa: S608

    assert (await verify(database, kept_head=None)).holds
    cut = await verify(database, kept_head=kept.hash)
    assert (cut.holds, cut.lost_head, cut.broken_row) == (False, True, None)


async def test_what_is_exported_is_every_row_as_it_is_stored(database: Database) -> None:
    await append(database, "pi_1", "pi_2")
    rows = [json.loads(line) async for line in exported(database)]
    assert [row["subject"] for row in rows] == ["pi_1", "pi_2"]
    assert rows[1]["previous_hash"] == rows[0]["hash"]
