"""The mirror of the payments that have gone through."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import CustomerId, PaymentId, ProviderName, UserId
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from storage.schema import customers, payments
from storage.upsert import replace_older


def _payment(row: sa.Row[tuple[object, ...]]) -> Payment:
    return Payment(
        row.id,
        row.provider,
        row.customer_id,
        row.invoice_id,
        row.subscription_id,
        PaymentPurpose(row.purpose),
        Money(row.amount, row.currency),
        Money(row.refunded, row.currency),
        row.disputed,
        row.paid_at,
        row.period_start,
        row.period_end,
    )


async def save(connection: AsyncConnection, payment: Payment, *, asked_at: datetime) -> bool:
    """Take over a payment, unless a later asked state of it is there already."""
    row = {
        "id": payment.id,
        "provider": payment.provider,
        "customer_id": payment.customer_id,
        "invoice_id": payment.invoice_id,
        "subscription_id": payment.subscription_id,
        "purpose": payment.purpose.value,
        "amount": payment.amount.amount,
        "refunded": payment.refunded.amount,
        "currency": payment.amount.currency,
        "disputed": payment.disputed,
        "paid_at": payment.paid_at,
        "period_start": payment.period_start,
        "period_end": payment.period_end,
        "asked_at": asked_at,
    }
    return await replace_older(connection, payments, row)


async def find(connection: AsyncConnection, payment_id: PaymentId) -> Payment | None:
    """The payment as last seen."""
    statement = sa.select(payments).where(payments.c.id == payment_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _payment(row)


async def find_many(
    connection: AsyncConnection, ids: Sequence[PaymentId]
) -> dict[PaymentId, Payment]:
    """Those of them that are known."""
    if not ids:
        return {}
    rows = await connection.execute(sa.select(payments).where(payments.c.id.in_(ids)))
    return {row.id: _payment(row) for row in rows}


async def of_customer(connection: AsyncConnection, customer_id: CustomerId) -> list[Payment]:
    """Every payment of the customer, newest first."""
    rows = await connection.execute(
        sa.select(payments)
        .where(payments.c.customer_id == customer_id)
        .order_by(payments.c.paid_at.desc(), payments.c.id)
    )
    return [_payment(row) for row in rows]


async def of_user(connection: AsyncConnection, user_id: UserId) -> list[Payment]:
    """Every payment of the customer linked to this Discord user, newest first."""
    rows = await connection.execute(
        sa.select(payments)
        .join(customers, customers.c.id == payments.c.customer_id)
        .where(customers.c.user_id == user_id)
        .order_by(payments.c.paid_at.desc(), payments.c.id)
    )
    return [_payment(row) for row in rows]


async def least_recently_asked(
    connection: AsyncConnection,
    provider: ProviderName,
    *,
    paid_after: datetime,
    asked_before: datetime,
    limit: int,
) -> list[PaymentId]:
    """A portion of those of which something can still be given back."""
    found = await connection.scalars(
        sa.select(payments.c.id)
        .where(
            payments.c.provider == provider,
            payments.c.paid_at > paid_after,
            payments.c.asked_at < asked_before,
            payments.c.refunded < payments.c.amount,
        )
        .order_by(payments.c.asked_at, payments.c.id)
        .limit(limit)
    )
    return list(found)


async def note_asked(
    connection: AsyncConnection, ids: Collection[PaymentId], *, asked_at: datetime
) -> None:
    """The provider was asked for them, whatever it said."""
    await connection.execute(
        sa.update(payments)
        .where(payments.c.id.in_(ids), payments.c.asked_at < asked_at)
        .values(asked_at=asked_at)
    )
