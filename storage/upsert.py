"""INSERT ... ON CONFLICT, which SQLAlchemy spells once per database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]

# Milliseconds; longer than a job may take.
OVERTAKING = 120_000
# Both databases refuse a statement with more than some 32,766 parameters.
ROWS_AT_ONCE = 1_000


def _insert(connection: AsyncConnection, table: sa.Table) -> SqliteInsert | PostgresqlInsert:
    if connection.dialect.name == "sqlite":
        return sqlite_insert(table)
    return postgresql_insert(table)


async def insert_new(
    connection: AsyncConnection, table: sa.Table, rows: Sequence[Row], *, unique: Sequence[str]
) -> int:
    """Insert the rows whose `unique` columns are new; returns how many were."""
    inserted = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = [dict(row) for row in rows[start : start + ROWS_AT_ONCE]]
        statement = _insert(connection, table).values(some)
        result = await connection.execute(
            statement.on_conflict_do_nothing(index_elements=list(unique))
        )
        inserted += int(result.rowcount)
    return inserted


async def insert_returning_new(
    connection: AsyncConnection, table: sa.Table, rows: Sequence[Row], *, unique: sa.Column[Any]
) -> list[Any]:
    """Insert the rows whose `unique` column is new; returns its values in those that were."""
    inserted: list[Any] = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = [dict(row) for row in rows[start : start + ROWS_AT_ONCE]]
        statement = _insert(connection, table).values(some)
        inserted += await connection.scalars(
            statement.on_conflict_do_nothing(index_elements=[unique.name]).returning(unique)
        )
    return inserted


async def insert_many_new(
    connection: AsyncConnection, table: sa.Table, rows: Sequence[Row], *, unique: Sequence[str]
) -> None:
    """Like `insert_new` where nobody asks how many: one statement, compiled once, for all rows."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing(index_elements=list(unique))
        await connection.execute(statement, [dict(row) for row in rows])


async def replace_older(
    connection: AsyncConnection,
    table: sa.Table,
    row: Row,
    *,
    key: str = "id",
    kept_with: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Insert `row`, or overwrite the one that was asked for no later; False when it stayed.

    `kept_with` names columns that stay as they are while another column stays the same.
    """
    statement = _insert(connection, table).values(**row)
    changed: dict[str, sa.ColumnElement[Any]] = {
        name: statement.excluded[name] for name in row if name != key
    }
    for name, other in kept_with.items():
        is_same = table.c[other] == statement.excluded[other]
        changed[name] = sa.case((is_same, table.c[name]), else_=statement.excluded[name])
    result = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_=changed,
            where=sa.or_(
                table.c.asked_at <= statement.excluded.asked_at,
                # Answers overtake each other by seconds. One from further ahead was written by a
                # clock that has been set back since, and would stand in the way until it is there.
                sa.type_coerce(table.c.asked_at, sa.BigInteger)
                > sa.type_coerce(statement.excluded.asked_at, sa.BigInteger) + OVERTAKING,
            ),
        )
    )
    return bool(result.rowcount)


async def note_asked(
    connection: AsyncConnection, table: sa.Table, ids: Collection[str], *, asked_at: datetime
) -> None:
    """The provider was asked for these rows, whatever it said."""
    if ids:
        await connection.execute(
            sa.update(table)
            .where(table.c.id.in_(ids), table.c.asked_at < asked_at)
            .values(asked_at=asked_at)
        )
