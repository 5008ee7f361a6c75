"""Deleting what is old in portions, so that nobody waits long for the writer."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

# A few milliseconds' work. Who deletes goes on while a whole portion was found.
PORTION = 5_000


async def purge_some(
    connection: AsyncConnection, table: sa.Table, *which: sa.ColumnElement[bool]
) -> int:
    """Delete at most a portion of those rows; returns how many."""
    key = sa.tuple_(*table.primary_key.columns)
    some = sa.select(*table.primary_key.columns).where(*which).limit(PORTION)
    result = await connection.execute(sa.delete(table).where(key.in_(some)))
    return int(result.rowcount)
