"""The mirror of the payments that have gone through."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import CustomerId, PaymentId, ProviderName, UserId
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose, RefundState
from storage import upsert
from storage.schema import customers, payments, refunds
from storage.upsert import replace_older

# As the index of periods says it.
_NOT_BACK = payments.c.refunded == sa.literal_column("0")
_UNREFUNDED = payments.c.period_start.is_not(None) & _NOT_BACK


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
        None if row.invoice_total is None else Money(row.invoice_total, row.currency),
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
        "invoice_total": payment.invoice_total.amount if payment.invoice_total else None,
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


async def of_periods(connection: AsyncConnection, given: Sequence[Payment]) -> list[Payment]:
    """Everything paid for the same periods of the same subscriptions, nothing of it given back."""
    rows = await connection.execute(
        sa.select(payments).where(
            payments.c.subscription_id.in_({each.subscription_id for each in given}),
            payments.c.period_start.in_({each.period_start for each in given}),
            _UNREFUNDED,
        )
    )
    return [_payment(row) for row in rows]


async def note_paid_twice(
    connection: AsyncConnection, ids: Collection[PaymentId], *, now: datetime
) -> None:
    """Put them on the list of `of_periods_paid_twice`, where those that count are told apart."""
    await connection.execute(
        sa.update(payments)
        .where(payments.c.id.in_(ids), payments.c.paid_twice_at.is_(None))
        .values(paid_twice_at=now)
    )


async def of_periods_paid_twice(
    connection: AsyncConnection, *, most: int, besides: int = 0
) -> list[Payment]:
    """The payments of those periods that have more than one, newest first; `most` periods, without
    the newest `besides`."""
    period = (payments.c.subscription_id, payments.c.period_start, payments.c.period_end)
    twice = (
        sa.select(*period)
        # Not as the index of periods says it: that one holds every payment.
        .where(payments.c.paid_twice_at.is_not(None), _NOT_BACK)
        .group_by(*period)
        .having(sa.func.count() > 1)
        .order_by(sa.func.max(payments.c.paid_at).desc())
        .limit(most)
        .offset(besides)
        .subquery()
    )
    rows = await connection.execute(
        sa.select(payments)
        .join(
            twice,
            (payments.c.subscription_id == twice.c.subscription_id)
            & (payments.c.period_start == twice.c.period_start)
            & (payments.c.period_end == twice.c.period_end),
        )
        .where(_UNREFUNDED)
        .order_by(payments.c.paid_at.desc(), payments.c.id)
    )
    return [_payment(row) for row in rows]


async def least_recently_asked(
    connection: AsyncConnection,
    provider: ProviderName,
    *,
    paid_after: datetime | None,
    refunded_after: datetime,
    asked_before: datetime,
    limit: int,
) -> list[PaymentId]:
    """A portion of those of which something can still be given back, if they are not too old, and
    of those whose refund may still come back."""
    refunded = sa.select(refunds.c.payment_id).where(
        refunds.c.state == RefundState.DONE.value, refunds.c.finished_at > refunded_after
    )
    which: sa.ColumnElement[bool] = payments.c.id.in_(refunded)
    if paid_after is not None:
        something_left = payments.c.refunded < payments.c.amount
        which |= (payments.c.paid_at > paid_after) & something_left
    found = await connection.scalars(
        sa.select(payments.c.id)
        .where(payments.c.provider == provider, payments.c.asked_at < asked_before, which)
        .order_by(payments.c.asked_at, payments.c.id)
        .limit(limit)
    )
    return list(found)


async def note_asked(
    connection: AsyncConnection, ids: Collection[PaymentId], *, asked_at: datetime
) -> None:
    """The provider was asked for them, whatever it said."""
    await upsert.note_asked(connection, payments, ids, asked_at=asked_at)
