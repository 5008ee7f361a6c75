"""Billing customers and the Discord users that they are linked to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Card
from bot.domain.identifiers import CustomerId, ProviderName, UserId
from storage.schema import customers
from storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Customer:
    """`email` is None when the provider has none; `user_id` is None until somebody links.

    `linked_at` without a user: it was linked, and is not any more.
    """

    id: CustomerId
    provider: ProviderName
    email: str | None
    user_id: UserId | None
    linked_at: datetime | None = None
    card: Card | None = None


def _customer(row: sa.Row[tuple[object, ...]]) -> Customer:
    card = Card(row.card_last_digits, row.card_expires_at) if row.card_expires_at else None
    return Customer(row.id, row.provider, row.email, row.user_id, row.linked_at, card)


async def save(
    connection: AsyncConnection,
    customer_id: CustomerId,
    *,
    provider: ProviderName,
    email: str | None,
    card: Card | None = None,
) -> None:
    """Remember the customer; the link to a Discord user stays, and so does a card unless given.

    Of one whose member had their data erased nothing is remembered but that it is there.
    """
    row = {"id": customer_id, "provider": provider}
    await insert_new(connection, customers, [row], unique=["id"])
    seen: dict[str, object] = {"email": email}
    if card is not None:
        seen |= {"card_last_digits": card.last_digits, "card_expires_at": card.expires_at}
    await connection.execute(
        sa.update(customers)
        .where(customers.c.id == customer_id, customers.c.erased_at.is_(None))
        .values(**seen)
    )


async def find(connection: AsyncConnection, customer_id: CustomerId) -> Customer | None:
    """The customer, if it was ever seen."""
    row = (
        await connection.execute(sa.select(customers).where(customers.c.id == customer_id))
    ).first()
    return None if row is None else _customer(row)


async def hold(connection: AsyncConnection, customer_id: CustomerId) -> Customer | None:
    """The customer, whom nobody else changes until this transaction ends."""
    statement = sa.select(customers).where(customers.c.id == customer_id)
    row = (await connection.execute(statement.with_for_update())).first()
    return None if row is None else _customer(row)


async def take_turns(connection: AsyncConnection, ids: Collection[CustomerId]) -> None:
    """Let nobody else take over payments of these customers until this transaction ends.

    Two of one period, or a purchase and its refund, would not see each other otherwise. Rows that
    name the customer may be added meanwhile. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql" and ids:
        held = sa.select(customers.c.id).where(customers.c.id.in_(ids)).order_by(customers.c.id)
        await connection.execute(held.with_for_update(key_share=True))


async def find_many(
    connection: AsyncConnection, customer_ids: Collection[CustomerId]
) -> list[Customer]:
    """Those of the customers that were ever seen."""
    rows = await connection.execute(sa.select(customers).where(customers.c.id.in_(customer_ids)))
    return [_customer(row) for row in rows]


async def find_by(
    connection: AsyncConnection, *, ids: Collection[CustomerId], user_ids: Collection[UserId]
) -> list[Customer]:
    """Those of the customers that were ever seen, and those linked to these Discord users."""
    rows = await connection.execute(
        sa.select(customers).where(
            sa.or_(customers.c.id.in_(ids), customers.c.user_id.in_(user_ids))
        )
    )
    return [_customer(row) for row in rows]


async def linked_through(connection: AsyncConnection) -> list[ProviderName]:
    """Every provider that a linked member pays through."""
    statement = sa.select(customers.c.provider).where(customers.c.user_id.is_not(None)).distinct()
    return sorted(await connection.scalars(statement))


async def of_user(connection: AsyncConnection, user_id: UserId) -> Customer | None:
    """The customer linked to this Discord user."""
    row = (
        await connection.execute(sa.select(customers).where(customers.c.user_id == user_id))
    ).first()
    return None if row is None else _customer(row)


async def link(
    connection: AsyncConnection, customer_id: CustomerId, user_id: UserId, *, now: datetime
) -> bool:
    """Link a customer that nobody has; False when somebody else has it."""
    result = await connection.execute(
        sa.update(customers)
        .where(
            customers.c.id == customer_id,
            sa.or_(customers.c.user_id.is_(None), customers.c.user_id == user_id),
        )
        .values(user_id=user_id, linked_at=now, erased_at=None)
    )
    return bool(result.rowcount)


async def remember_address(
    connection: AsyncConnection, customer_id: CustomerId, address: str
) -> None:
    """The address that was just proven, where it was forgotten before; the provider's stays."""
    await connection.execute(
        sa.update(customers)
        .where(customers.c.id == customer_id, customers.c.email.is_(None))
        .values(email=address)
    )


async def unlink(connection: AsyncConnection, user_id: UserId) -> CustomerId | None:
    """The customer that was this user's and is nobody's any more; None when there was none."""
    unlinked: CustomerId | None = await connection.scalar(
        sa.update(customers)
        .where(customers.c.user_id == user_id)
        .values(user_id=None)
        .returning(customers.c.id)
    )
    return unlinked
