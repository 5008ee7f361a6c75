"""The mirror of the providers' invoices (rule S18)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import InvoiceId, UserId
from bot.domain.invoice import INVOICES_ON_A_PAGE, BilledInvoice, Invoice, InvoicePage
from bot.domain.money import Money
from storage.schema import customers, invoices, payments
from storage.upsert import replace_older

# What is not final yet has no number and may still change.
_SHOWN = sa.and_(invoices.c.customer_id == customers.c.id, invoices.c.status != "draft")


def _invoice(row: sa.Row[tuple[object, ...]]) -> Invoice:
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
            sa.select(invoices, total.label("total"), refunded.label("refunded"))
            .select_from(customers.outerjoin(invoices, invoices.c.id.in_(page)))
            .where(customers.c.user_id == user_id)
            .order_by(invoices.c.issued_at.desc(), invoices.c.id)
        )
    ).all()
    if not rows:
        return None
    items = tuple(
        BilledInvoice(_invoice(row), Money(int(row.refunded), row.currency))
        for row in rows
        if row.id is not None
    )
    return InvoicePage(items, number, rows[0].total)
