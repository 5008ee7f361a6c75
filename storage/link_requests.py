"""Requests to link a billing account, and the hashes of their one-time codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import CustomerId, LinkRequestId, UserId
from storage.purge import purge_some
from storage.schema import link_requests


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """`customer_ids` and the code are there once the code has been sent."""

    id: LinkRequestId
    user_id: UserId
    address: str
    requested_at: datetime
    expires_at: datetime
    code_hash: bytes | None
    code_salt: bytes | None
    customer_ids: tuple[CustomerId, ...]
    attempts: int
    verified_at: datetime | None
    closed_at: datetime | None


def _request(row: sa.Row[tuple[object, ...]]) -> LinkRequest:
    return LinkRequest(
        row.id,
        row.user_id,
        row.address,
        row.requested_at,
        row.expires_at,
        row.code_hash,
        row.code_salt,
        tuple(row.customer_ids or ()),
        row.attempts,
        row.verified_at,
        row.closed_at,
    )


async def add(
    connection: AsyncConnection,
    request_id: LinkRequestId,
    *,
    user_id: UserId,
    address: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """A new request; the user's earlier ones are closed, so that one code counts at a time."""
    await connection.execute(
        sa.update(link_requests)
        .where(link_requests.c.user_id == user_id, link_requests.c.closed_at.is_(None))
        .values(closed_at=now, code_hash=None, code_salt=None)
    )
    await connection.execute(
        sa.insert(link_requests).values(
            id=request_id,
            user_id=user_id,
            address=address,
            requested_at=now,
            expires_at=expires_at,
        )
    )


async def times_since(
    connection: AsyncConnection,
    since: datetime,
    *,
    user_id: UserId | None = None,
    address: str | None = None,
) -> list[datetime]:
    """When codes were requested after `since`, by the user or for the address, oldest first."""
    by = (
        link_requests.c.user_id == user_id
        if user_id is not None
        else link_requests.c.address == address
    )
    rows = await connection.scalars(
        sa.select(link_requests.c.requested_at)
        .where(by, link_requests.c.requested_at > since)
        .order_by(link_requests.c.requested_at)
    )
    return list(rows)


async def find(connection: AsyncConnection, request_id: LinkRequestId) -> LinkRequest | None:
    """The request, whatever became of it."""
    row = (
        await connection.execute(sa.select(link_requests).where(link_requests.c.id == request_id))
    ).first()
    return None if row is None else _request(row)


async def set_code(
    connection: AsyncConnection,
    request_id: LinkRequestId,
    *,
    code_hash: bytes,
    code_salt: bytes,
    customer_ids: Sequence[CustomerId],
) -> bool:
    """Store the hash before the code goes out; a code sent again replaces the earlier one.

    False when the request was replaced, closed or verified in the meantime.
    """
    result = await connection.execute(
        sa.update(link_requests)
        .where(
            link_requests.c.id == request_id,
            link_requests.c.closed_at.is_(None),
            link_requests.c.verified_at.is_(None),
        )
        .values(code_hash=code_hash, code_salt=code_salt, customer_ids=list(customer_ids))
    )
    return bool(result.rowcount)


async def count_attempt(
    connection: AsyncConnection, request_id: LinkRequestId, *, limit: int
) -> int | None:
    """Count a guess before it is compared; the new count, or None when the limit is reached."""
    counted: int | None = await connection.scalar(
        sa.update(link_requests)
        .where(
            link_requests.c.id == request_id,
            link_requests.c.attempts < limit,
            link_requests.c.closed_at.is_(None),
            link_requests.c.verified_at.is_(None),
        )
        .values(attempts=link_requests.c.attempts + 1)
        .returning(link_requests.c.attempts)
    )
    return counted


async def verify(connection: AsyncConnection, request_id: LinkRequestId, *, now: datetime) -> bool:
    """Use the code up; False when it was used, replaced or closed in the meantime."""
    result = await connection.execute(
        sa.update(link_requests)
        .where(
            link_requests.c.id == request_id,
            link_requests.c.verified_at.is_(None),
            link_requests.c.closed_at.is_(None),
        )
        .values(verified_at=now, code_hash=None, code_salt=None)
    )
    return bool(result.rowcount)


async def close(connection: AsyncConnection, request_id: LinkRequestId, *, now: datetime) -> None:
    """End the request."""
    await connection.execute(
        sa.update(link_requests)
        .where(link_requests.c.id == request_id)
        .values(closed_at=now, code_hash=None, code_salt=None)
    )


async def close_all(connection: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    """End every request of the user: a code that was entered already opens nothing any more."""
    await connection.execute(
        sa.update(link_requests)
        .where(link_requests.c.user_id == user_id, link_requests.c.closed_at.is_(None))
        .values(closed_at=now, code_hash=None, code_salt=None)
    )


async def purge(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget a portion of the requests made before that time."""
    return await purge_some(connection, link_requests, link_requests.c.requested_at < before)
