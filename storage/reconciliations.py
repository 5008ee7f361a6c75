"""Runs of comparing the mirror with a provider, and how far each has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ProviderName
from storage.purge import purge_some
from storage.schema import reconciliations


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One run. `repaired` counts, by kind, what the mirror had missed; under `unreadable`, what
    could not be read and was left out.

    A finished run with a `cursor` was cut short there.
    """

    id: str
    provider: ProviderName
    started_at: datetime
    since: datetime
    is_first: bool
    cursor: str | None
    pages: int
    repaired: Mapping[str, int]
    finished_at: datetime | None


def _reconciliation(row: sa.Row[tuple[object, ...]]) -> Reconciliation:
    return Reconciliation(
        row.id,
        row.provider,
        row.started_at,
        row.since,
        row.is_first,
        row.cursor,
        row.pages,
        row.repaired,
        row.finished_at,
    )


async def newest(connection: AsyncConnection, provider: ProviderName) -> Reconciliation | None:
    """The run that started last, finished or not."""
    statement = (
        sa.select(reconciliations)
        .where(reconciliations.c.provider == provider)
        .order_by(reconciliations.c.started_at.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _reconciliation(row)


async def before(
    connection: AsyncConnection, run: Reconciliation, *, limit: int
) -> list[Reconciliation]:
    """The runs of this provider that started before this one, newest first."""
    statement = (
        sa.select(reconciliations)
        .where(
            reconciliations.c.provider == run.provider,
            reconciliations.c.started_at < run.started_at,
        )
        .order_by(reconciliations.c.started_at.desc())
        .limit(limit)
    )
    return [_reconciliation(row) for row in await connection.execute(statement)]


async def find(connection: AsyncConnection, run_id: str) -> Reconciliation | None:
    """The run with this id."""
    statement = sa.select(reconciliations).where(reconciliations.c.id == run_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _reconciliation(row)


async def start(
    connection: AsyncConnection,
    run_id: str,
    *,
    provider: ProviderName,
    since: datetime,
    is_first: bool,
    now: datetime,
) -> bool:
    """Begin a run; False while another of this provider is unfinished."""
    try:
        async with connection.begin_nested():
            await connection.execute(
                sa.insert(reconciliations).values(
                    id=run_id,
                    provider=provider,
                    started_at=now,
                    since=since,
                    is_first=is_first,
                    repaired={},
                )
            )
    except IntegrityError:
        return False
    return True


async def advance(
    connection: AsyncConnection,
    run: Reconciliation,
    *,
    cursor: str | None,
    repaired: Mapping[str, int],
    finished_at: datetime | None,
) -> bool:
    """A page is done; False when another process has done it already."""
    result = await connection.execute(
        sa.update(reconciliations)
        .where(
            reconciliations.c.id == run.id,
            reconciliations.c.pages == run.pages,
            reconciliations.c.finished_at.is_(None),
        )
        .values(
            cursor=cursor, pages=run.pages + 1, repaired=dict(repaired), finished_at=finished_at
        )
    )
    return bool(result.rowcount)


async def purge(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget a portion of the runs that were finished before that time."""
    return await purge_some(connection, reconciliations, reconciliations.c.finished_at < before)
