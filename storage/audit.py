"""The audit log: append-only, each row chained to the one before by its hash."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import UserId
from storage.schema import EPOCH, audit_log

GENESIS = "0" * 64
# Any constant: PostgreSQL's writers queue for it, so that two rows never share a predecessor.
_CHAIN_LOCK = 7_130_001
_PAGE = 1_000


def _hash(previous: str, at: datetime, actor: int | None, *rest: str) -> str:
    milliseconds = (at - EPOCH) // timedelta(milliseconds=1)
    sealed = json.dumps([previous, milliseconds, actor, *rest], ensure_ascii=False)
    return hashlib.sha256(sealed.encode()).hexdigest()


async def append(
    connection: AsyncConnection,
    *,
    actor_id: UserId | None,
    action: str,
    subject: str,
    details: Mapping[str, object],
    now: datetime,
) -> None:
    """Write one row. `actor_id` None means that Mooring acted by itself."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    newest = sa.select(audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
    previous = await connection.scalar(newest) or GENESIS
    text = json.dumps(details, ensure_ascii=False, sort_keys=True)
    await connection.execute(
        sa.insert(audit_log).values(
            at=now,
            actor_id=actor_id,
            action=action,
            subject=subject,
            details=text,
            previous_hash=previous,
            hash=_hash(previous, now, actor_id, action, subject, text),
        )
    )


async def first_broken_row(connection: AsyncConnection) -> int | None:
    """The id of the first row that was changed or follows a removed one; None when all holds.

    Rows cut off at the end cannot be seen from inside the table.
    """
    previous, last_id = GENESIS, 0
    page = sa.select(audit_log).order_by(audit_log.c.id).limit(_PAGE)
    while rows := (await connection.execute(page.where(audit_log.c.id > last_id))).all():
        for row in rows:
            expected = _hash(previous, row.at, row.actor_id, row.action, row.subject, row.details)
            if row.previous_hash != previous or row.hash != expected:
                return int(row.id)
            previous, last_id = row.hash, row.id
    return None
