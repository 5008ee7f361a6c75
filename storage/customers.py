"""Billing customers and the Discord users that they are linked to."""

from collections.abc import Collection, Sequence
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
    """`email` is None when the provider has none; `user_id` is None until somebody links."""

    id: CustomerId
    provider: ProviderName
    email: str | None
    user_id: UserId | None


def _customer(row: sa.Row[tuple[object, ...]]) -> Customer:
    return Customer(row.id, row.provider, row.email, row.user_id)


async def save(
    connection: AsyncConnection,
    customer_id: CustomerId,
    *,
    provider: ProviderName,
    email: str | None,
    card: Card | None = None,
) -> None:
    """Remember the customer; the link to a Discord user stays, and so does a card unless given."""
    row = {"id": customer_id, "provider": provider, "email": email}
    await insert_new(connection, customers, [row], unique=["id"])
    seen: dict[str, object] = {"email": email}
    if card is not None:
        seen |= {"card_last_digits": card.last_digits, "card_expires_at": card.expires_at}
    await connection.execute(
        sa.update(customers).where(customers.c.id == customer_id).values(**seen)
    )


async def find(connection: AsyncConnection, customer_id: CustomerId) -> Customer | None:
    """The customer, if it was ever seen."""
    row = (
        await connection.execute(sa.select(customers).where(customers.c.id == customer_id))
    ).first()
    return None if row is None else _customer(row)


async def find_many(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> list[Customer]:
    """Those of the customers that were ever seen."""
    rows = await connection.execute(sa.select(customers).where(customers.c.id.in_(customer_ids)))
    return [_customer(row) for row in rows]


async def users_of(
    connection: AsyncConnection, customer_ids: Collection[CustomerId]
) -> dict[CustomerId, UserId]:
    """The Discord users to whom these customers are linked, for those that are."""
    rows = await connection.execute(
        sa.select(customers.c.id, customers.c.user_id).where(
            customers.c.id.in_(customer_ids), customers.c.user_id.is_not(None)
        )
    )
    return {row.id: row.user_id for row in rows}


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
        .values(user_id=user_id, linked_at=now)
    )
    return bool(result.rowcount)
