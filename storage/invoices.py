"""The mirror of the providers' invoices (rule S18)."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import InvoiceId, ProviderName, UserId
from bot.domain.invoice import INVOICES_ON_A_PAGE, BilledInvoice, Invoice, InvoicePage
from bot.domain.money import Money
from bot.domain.subscription import Status
from storage import upsert
from storage.schema import customers, invoices, payments, subscriptions
from storage.upsert import replace_older

# What is not final yet has no number and may still change.
_SHOWN = sa.and_(invoices.c.customer_id == customers.c.id, invoices.c.status != "draft")
# As the index of open ones says it: what may still be paid, or become something that is.
_OPEN = sa.text("invoices.status NOT IN ('paid', 'void')")


def _invoice(row: sa.Row[tuple[object, ...]], *, subscription_over: bool = False) -> Invoice:
    return Invoice(
        row.id,
        row.customer_id,
        row.subscription_id,
        row.number,
        row.status,
        Money(row.amount, row.currency),
        row.issued_at,
        row.page_url,
        row.pdf_url,
        subscription_over,
    )


async def save(connection: AsyncConnection, invoice: Invoice, *, asked_at: datetime) -> bool:
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


async def find_many(
    connection: AsyncConnection, ids: Sequence[InvoiceId]
) -> dict[InvoiceId, Invoice]:
    """Those of them that are known."""
    if not ids:
        return {}
    rows = await connection.execute(sa.select(invoices).where(invoices.c.id.in_(ids)))
    return {row.id: _invoice(row) for row in rows}


async def page_of_user(
    connection: AsyncConnection, user_id: UserId, number: int
) -> InvoicePage | None:
    """A page of the invoices of the customer linked to this user; None when none is linked."""
    total = sa.select(sa.func.count()).where(_SHOWN).correlate(customers).scalar_subquery()
    page = (
        sa.select(invoices.c.id)
        .where(_SHOWN)
        .order_by(invoices.c.issued_at.desc(), invoices.c.id)
        .limit(INVOICES_ON_A_PAGE)
        .offset(number * INVOICES_ON_A_PAGE)
        .correlate(customers)
    )
    refunded = (
        sa.select(sa.func.coalesce(sa.func.sum(payments.c.refunded), 0))
        .where(payments.c.customer_id == customers.c.id, payments.c.invoice_id == invoices.c.id)
        .correlate(customers, invoices)
        .scalar_subquery()
    )
    rows = (
        await connection.execute(
            sa.select(
                invoices,
                total.label("total"),
                refunded.label("refunded"),
                subscriptions.c.status.label("subscription_status"),
            )
            .select_from(
                customers.outerjoin(invoices, invoices.c.id.in_(page)).outerjoin(
                    subscriptions, subscriptions.c.id == invoices.c.subscription_id
                )
            )
            .where(customers.c.user_id == user_id)
            .order_by(invoices.c.issued_at.desc(), invoices.c.id)
        )
    ).all()
    if not rows:
        return None
    items = tuple(
        BilledInvoice(
            _invoice(row, subscription_over=row.subscription_status == Status.CANCELED),
            Money(int(row.refunded), row.currency),
        )
        for row in rows
        if row.id is not None
    )
    return InvoicePage(items, number, rows[0].total)


async def least_recently_asked(
    connection: AsyncConnection, provider: ProviderName, *, asked_before: datetime, limit: int
) -> list[InvoiceId]:
    """A portion of those that may still be paid. The last ones of plans that are over come after
    all others: providers leave them open for ever, and more come with each end."""
    is_over = sa.exists().where(
        subscriptions.c.id == invoices.c.subscription_id,
        subscriptions.c.status == Status.CANCELED.value,
    )
    found = await connection.scalars(
        sa.select(invoices.c.id)
        .join(customers, customers.c.id == invoices.c.customer_id)
        .where(_OPEN, invoices.c.asked_at < asked_before, customers.c.provider == provider)
        .order_by(is_over, invoices.c.asked_at, invoices.c.id)
        .limit(limit)
    )
    return list(found)


async def note_asked(
    connection: AsyncConnection, ids: Collection[InvoiceId], *, asked_at: datetime
) -> None:
    """The provider was asked for them, whatever it said."""
    await upsert.note_asked(connection, invoices, ids, asked_at=asked_at)
