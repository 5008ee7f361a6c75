"""INSERT ... ON CONFLICT, which SQLAlchemy spells once per database."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]


def _insert(connection: AsyncConnection, table: sa.Table) -> SqliteInsert | PostgresqlInsert:
    if connection.dialect.name == "sqlite":
        return sqlite_insert(table)
    return postgresql_insert(table)


async def insert_new(
    connection: AsyncConnection, table: sa.Table, rows: Sequence[Row], *, unique: Sequence[str]
) -> int:
    """Insert the rows whose `unique` columns are new; returns how many were."""
    if not rows:
        return 0
    statement = _insert(connection, table).values([dict(row) for row in rows])
    result = await connection.execute(statement.on_conflict_do_nothing(index_elements=list(unique)))
    return int(result.rowcount)


async def replace_older(
    connection: AsyncConnection, table: sa.Table, row: Row, *, key: str = "id"
) -> bool:
    """Insert `row`, or overwrite the one that was asked for no later; False when it stayed."""
    statement = _insert(connection, table).values(**row)
    changed = {name: statement.excluded[name] for name in row if name != key}
    result = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_=changed,
            where=table.c.asked_at <= statement.excluded.asked_at,
        )
    )
    return bool(result.rowcount)
