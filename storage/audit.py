"""The audit log: append-only, each row chained to the one before by its hash.

Who acted is sealed: the chain is over the seal, so that a member's id can be erased and the rest
still proves that nothing was changed. Erasing is itself a row, which names the rows concerned.
"""

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.audit import AuditEntry, AuditFilter, AuditHead
from bot.domain.identifiers import UserId
from storage.columns import EPOCH
from storage.schema import audit_log, customers, payments, subscriptions, tickets

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
    newest = sa.select(audit_log.c.id, audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
    found = (await connection.execute(newest)).first()
    last_id, previous = (found.id, found.hash) if found else (0, GENESIS)
    text = json.dumps(details, ensure_ascii=False, sort_keys=True)
    salt = None if actor_id is None else secrets.token_hex(16)
    seal = _seal(actor_id, salt)
    await connection.execute(
        sa.insert(audit_log).values(
            # Without gaps: a sequence would leave one at each transaction that is rolled back.
            id=last_id + 1,
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

    The rows are numbered 1, 2, 3 and so on: a row's place says its id. A row whose actor is gone
    counts as changed unless a later erasure names it. Rows cut off at the end cannot be seen from
    inside the table: see `head`.
    """
    previous, last_id = GENESIS, 0
    without_actor: dict[int, None] = {}
    ordered = page = sa.select(audit_log).order_by(audit_log.c.id).limit(_PAGE)
    while rows := (await connection.execute(page)).all():
        for row in rows:
            if row.id != last_id + 1:
                return int(row.id)
            expected = _hash(previous, row.at, row.actor_seal, row.action, row.subject, row.details)
            if row.previous_hash != previous or row.hash != expected:
                return int(row.id)
            nobody = row.actor_id is None and row.actor_salt is None
            if nobody and row.actor_seal is not None:
                without_actor[row.id] = None
            elif not nobody and not _is_sealed(row):
                return int(row.id)
            if row.action == ERASED:
                for erased in json.loads(row.details)[_ROWS_ERASED]:
                    without_actor.pop(erased, None)
            previous, last_id = row.hash, row.id
        page = ordered.where(audit_log.c.id > last_id)
    return next(iter(without_actor), None)


def _is_sealed(row: sa.Row[Any]) -> bool:
    """Whether the seal is this actor's; what Mooring did by itself has none, and no actor."""
    seal = _seal(row.actor_id, row.actor_salt)
    return seal is not None and seal == row.actor_seal


async def head(connection: AsyncConnection) -> AuditHead:
    """How many rows there are, and the newest one's hash, which stands for all of them."""
    rows = await connection.scalar(sa.select(sa.func.count()).select_from(audit_log))
    newest = sa.select(audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
    return AuditHead(int(rows or 0), await connection.scalar(newest) or GENESIS)


async def holds_head(connection: AsyncConnection, head_hash: str) -> bool:
    """Whether a row with this hash is still there; the chain before it was so then."""
    if head_hash == GENESIS:
        return True
    found = sa.select(audit_log.c.id).where(audit_log.c.hash == head_hash)
    return await connection.scalar(found) is not None


async def search(
    connection: AsyncConnection, wanted: AuditFilter, *, before: int | None, limit: int
) -> list[AuditEntry]:
    """Newest first; `before` is the id at which the page before ended."""
    statement = sa.select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit_log.c.id < before)
    if wanted.since is not None:
        statement = statement.where(audit_log.c.at >= wanted.since)
    if wanted.action is not None:
        statement = statement.where(audit_log.c.action.startswith(wanted.action, autoescape=True))
    if wanted.member_id is not None:
        statement = statement.where(_concerns(wanted.member_id))
    if wanted.reference is not None:
        quoted = json.dumps(wanted.reference, ensure_ascii=False)
        named = audit_log.c.details.contains(quoted, autoescape=True)
        statement = statement.where((audit_log.c.subject == wanted.reference) | named)
    return [_entry(row) for row in await connection.execute(statement)]


async def entries(connection: AsyncConnection) -> AsyncIterator[Mapping[str, Any]]:
    """Every row as it is stored, oldest first: enough to recompute the chain elsewhere."""
    last_id = 0
    page = sa.select(audit_log).order_by(audit_log.c.id).limit(_PAGE)
    while rows := (await connection.execute(page.where(audit_log.c.id > last_id))).all():
        for row in rows:
            yield dict(row._mapping)
        last_id = rows[-1].id


def _concerns(member_id: UserId) -> sa.ColumnElement[bool]:
    """What the member did, and what was done to what is linked to them now."""
    accounts = sa.select(customers.c.id).where(customers.c.user_id == member_id)
    theirs = (
        accounts,
        sa.select(subscriptions.c.id).where(subscriptions.c.customer_id.in_(accounts)),
        sa.select(payments.c.id).where(payments.c.customer_id.in_(accounts)),
        sa.select(tickets.c.id).where(tickets.c.opener_id == member_id),
    )
    return sa.or_(
        audit_log.c.actor_id == member_id, *(audit_log.c.subject.in_(each) for each in theirs)
    )


def _entry(row: sa.Row[tuple[object, ...]]) -> AuditEntry:
    erased = row.actor_seal is not None and row.actor_id is None
    return AuditEntry(
        row.id, row.at, row.actor_id, erased, row.action, row.subject, json.loads(row.details)
    )
