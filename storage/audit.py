"""The audit log: append-only, each row chained to the one before by its hash.

Who acted is sealed: the chain is over the seal, so that a member's id can be erased and the rest
still proves that nothing was changed. Erasing is itself a row, which names the rows concerned.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import UserId
from storage.columns import EPOCH
from storage.schema import audit_log

ERASED = "privacy.erased"
_ROWS_ERASED = "audit_rows"
GENESIS = "0" * 64
# Any constant: PostgreSQL's writers queue for it, so that two rows never share a predecessor.
_CHAIN_LOCK = 7_130_001
_PAGE = 1_000


def _hash(previous: str, at: datetime, actor_seal: str | None, *rest: str) -> str:
    milliseconds = (at - EPOCH) // timedelta(milliseconds=1)
    sealed = json.dumps([previous, milliseconds, actor_seal, *rest], ensure_ascii=False)
    return hashlib.sha256(sealed.encode()).hexdigest()


def _seal(actor_id: int | None, salt: str | None) -> str | None:
    """Salted, because there are few enough Discord users to try them all."""
    if actor_id is None or salt is None:
        return None
    return hashlib.sha256(f"{salt}:{actor_id}".encode()).hexdigest()


async def append(
    connection: AsyncConnection,
    *,
    actor_id: UserId | None,
    action: str,
    subject: str,
    details: Mapping[str, object],
    now: datetime,
) -> None:
    """Write one row. `actor_id` None means that Mooring acted by itself.

    `details` name no person: they stay when a member has everything erased.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    newest = sa.select(audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
    previous = await connection.scalar(newest) or GENESIS
    text = json.dumps(details, ensure_ascii=False, sort_keys=True)
    salt = None if actor_id is None else secrets.token_hex(16)
    seal = _seal(actor_id, salt)
    await connection.execute(
        sa.insert(audit_log).values(
            at=now,
            actor_id=actor_id,
            actor_salt=salt,
            actor_seal=seal,
            action=action,
            subject=subject,
            details=text,
            previous_hash=previous,
            hash=_hash(previous, now, seal, action, subject, text),
        )
    )


async def erase_actor(
    connection: AsyncConnection, which: sa.ColumnElement[bool], *, reference: str, now: datetime
) -> int:
    """Forget who acted in these rows, and append which rows they were; returns how many."""
    rows = sorted(
        await connection.scalars(
            sa.update(audit_log)
            .where(which, audit_log.c.actor_id.is_not(None))
            .values(actor_id=None, actor_salt=None)
            .returning(audit_log.c.id)
        )
    )
    await append(
        connection,
        actor_id=None,
        action=ERASED,
        subject=reference,
        details={_ROWS_ERASED: rows},
        now=now,
    )
    return len(rows)


async def first_broken_row(connection: AsyncConnection) -> int | None:
    """The id of the first row that was changed or follows a removed one; None when all holds.

    A row whose actor is gone counts as changed unless a later erasure names it. Rows cut off at the
    end cannot be seen from inside the table.
    """
    previous, last_id = GENESIS, 0
    without_actor: dict[int, None] = {}
    page = sa.select(audit_log).order_by(audit_log.c.id).limit(_PAGE)
    while rows := (await connection.execute(page.where(audit_log.c.id > last_id))).all():
        for row in rows:
            expected = _hash(previous, row.at, row.actor_seal, row.action, row.subject, row.details)
            if row.previous_hash != previous or row.hash != expected:
                return int(row.id)
            if row.actor_seal is not None and row.actor_id is None and row.actor_salt is None:
                without_actor[row.id] = None
            elif _seal(row.actor_id, row.actor_salt) != row.actor_seal:
                return int(row.id)
            if row.action == ERASED:
                for erased in json.loads(row.details)[_ROWS_ERASED]:
                    without_actor.pop(erased, None)
            previous, last_id = row.hash, row.id
    return next(iter(without_actor), None)
