"""The mirror of the provider's subscriptions, payments and invoices."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, PaymentId, SubscriptionId, UserId
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Status, Subscription
from storage.schema import customers, invoices, payments, subscriptions
from storage.upsert import replace_older


def to_subscription(row: sa.Row[tuple[object, ...]]) -> Subscription:
    """A row with the columns of `subscriptions`."""
    return Subscription(
        row.id,
        row.provider,
        row.customer_id,
        row.plan_id,
        row.price_id,
        Interval(row.interval),
        Money(row.amount, row.currency),
        Status(row.status),
        row.created_at,
        row.period_start,
        row.period_end,
        row.cancel_at,
        row.ended_at,
    )


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


async def save(
    connection: AsyncConnection, subscription: Subscription, *, asked_at: datetime
) -> bool:
    """Take over the provider's state, unless a later asked one is there already."""
    row = {
        "id": subscription.id,
        "provider": subscription.provider,
        "customer_id": subscription.customer_id,
        "plan_id": subscription.plan_id,
        "price_id": subscription.price_id,
        "interval": subscription.interval.value,
        "amount": subscription.price.amount,
        "currency": subscription.price.currency,
        "status": subscription.status.value,
        "created_at": subscription.created_at,
        "period_start": subscription.period_start,
        "period_end": subscription.period_end,
        "cancel_at": subscription.cancel_at,
        "ended_at": subscription.ended_at,
        "asked_at": asked_at,
    }
    return await replace_older(connection, subscriptions, row)


async def save_payment(
    connection: AsyncConnection, payment: Payment, *, asked_at: datetime
) -> bool:
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


async def save_invoice(
    connection: AsyncConnection, invoice: Invoice, *, asked_at: datetime
) -> bool:
    """Take over an invoice, unless a later asked state of it is there already."""
    row = {
        "id": invoice.id,
        "customer_id": invoice.customer_id,
        "subscription_id": invoice.subscription_id,
        "number": invoice.number,
        "status": invoice.status,
        "amount": invoice.total.amount,
        "currency": invoice.total.currency,
        "issued_at": invoice.issued_at,
        "page_url": invoice.page_url,
        "pdf_url": invoice.pdf_url,
        "asked_at": asked_at,
    }
    return await replace_older(connection, invoices, row)


async def find(connection: AsyncConnection, subscription_id: SubscriptionId) -> Subscription | None:
    """The subscription as last seen."""
    statement = sa.select(subscriptions).where(subscriptions.c.id == subscription_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else to_subscription(row)


async def of_customers(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> list[Subscription]:
    """Every subscription of the customers, newest first."""
    rows = await connection.execute(
        sa.select(subscriptions)
        .where(subscriptions.c.customer_id.in_(customer_ids))
        .order_by(subscriptions.c.created_at.desc())
    )
    return [to_subscription(row) for row in rows]


async def find_payment(connection: AsyncConnection, payment_id: PaymentId) -> Payment | None:
    """The payment as last seen."""
    statement = sa.select(payments).where(payments.c.id == payment_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _payment(row)


async def payments_of_customer(
    connection: AsyncConnection, customer_id: CustomerId
) -> list[Payment]:
    """Every payment of the customer, newest first."""
    rows = await connection.execute(
        sa.select(payments)
        .where(payments.c.customer_id == customer_id)
        .order_by(payments.c.paid_at.desc(), payments.c.id)
    )
    return [_payment(row) for row in rows]


async def payments_of_user(connection: AsyncConnection, user_id: UserId) -> list[Payment]:
    """Every payment of the customer linked to this Discord user, newest first."""
    rows = await connection.execute(
        sa.select(payments)
        .join(customers, customers.c.id == payments.c.customer_id)
        .where(customers.c.user_id == user_id)
        .order_by(payments.c.paid_at.desc(), payments.c.id)
    )
    return [_payment(row) for row in rows]
