"""The mirror of the providers' invoices (rule S18)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import InvoiceId
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from storage.schema import invoices
from storage.upsert import replace_older


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
