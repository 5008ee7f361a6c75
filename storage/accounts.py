"""What a member's screens show about their account, read in one query."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Account
from bot.domain.allowance import EMPTY_BALANCE, Balance
from bot.domain.identifiers import UserId
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.subscription import TOLERANCE, Status
from storage import ledger
from storage.schema import customers, invoices, subscriptions
from storage.subscriptions import WITH_TERMS, bought_by_another, to_subscription

INVOICES_SHOWN = 3


_each = subscriptions.alias("each")
# Constants are written into this statement, which runs more often than any other: a parameter costs
# more to bind than the row costs to find.
# The order of `current_first`.
_LIVE_FIRST = sa.text(
    "CASE WHEN each.status IN ('incomplete', 'canceled') THEN 2 "
    "WHEN each.status IN ('past_due', 'unpaid') THEN 0 "
    f"WHEN each.cancel_at <= each.period_end + {TOLERANCE // timedelta(milliseconds=1)} THEN 1 "
    "ELSE 0 END"
)
# What somebody else has bought into this account is not the member's plan while theirs is on.
_OWN_FIRST = sa.case(
    (sa.text("each.status IN ('incomplete', 'canceled')"), sa.literal_column("2")),
    (bought_by_another(_each), sa.literal_column("1")),
    else_=sa.literal_column("0"),
)
_current = (
    sa.select(_each.c.id)
    .where(_each.c.customer_id == customers.c.id)
    .order_by(_OWN_FIRST, _LIVE_FIRST, _each.c.created_at.desc(), _each.c.id.desc())
    .limit(sa.literal_column("1"))
    .correlate(customers)
    .scalar_subquery()
)
_newest_invoices = (
    sa.select(invoices.c.id)
    .where(
        invoices.c.customer_id == customers.c.id, invoices.c.status != sa.literal_column("'draft'")
    )
    .order_by(invoices.c.issued_at.desc())
    .limit(sa.literal_column(str(INVOICES_SHOWN)))
    .correlate(customers)
)
_shown = invoices.alias("shown")
_billed = subscriptions.alias("billed")
_ACCOUNT = (
    sa.select(
        customers.c.id.label("account_id"),
        customers.c.provider.label("account_provider"),
        customers.c.email,
        *WITH_TERMS,
        ledger.month_sums_of(subscriptions.c.id, subscriptions.c.cycle_start).label("sums"),
        _shown.c.id.label("invoice_id"),
        _shown.c.subscription_id.label("invoice_subscription_id"),
        _shown.c.number,
        _shown.c.status.label("invoice_status"),
        _shown.c.amount.label("invoice_amount"),
        _shown.c.currency.label("invoice_currency"),
        _shown.c.issued_at,
        _shown.c.page_url,
        _shown.c.pdf_url,
        _billed.c.status.label("billed_status"),
    )
    .select_from(
        customers.outerjoin(subscriptions, subscriptions.c.id == _current)
        .outerjoin(_shown, _shown.c.id.in_(_newest_invoices))
        .outerjoin(_billed, _billed.c.id == _shown.c.subscription_id)
    )
    .where(customers.c.user_id == sa.bindparam("user_id"))
    .order_by(_shown.c.issued_at.desc())
)


def _invoice(row: sa.Row[tuple[object, ...]]) -> Invoice:
    return Invoice(
        row.invoice_id,
        row.account_id,
        row.invoice_subscription_id,
        row.number,
        row.invoice_status,
        Money(row.invoice_amount, row.invoice_currency),
        row.issued_at,
        row.page_url,
        row.pdf_url,
        row.billed_status == Status.CANCELED,
    )


def _account(rows: Sequence[sa.Row[tuple[object, ...]]], balance: Balance) -> Account:
    first = rows[0]
    return Account(
        customer_id=first.account_id,
        provider=first.account_provider,
        email=first.email,
        subscription=None if first.id is None else to_subscription(first),
        balance=balance,
        invoices=tuple(_invoice(row) for row in rows if row.invoice_id is not None),
    )


async def of_user(connection: AsyncConnection, user_id: UserId, *, now: datetime) -> Account | None:
    """The account linked to this Discord user; None when none is.

    One query; one more while the payment of a new period is awaited.
    """
    rows = (await connection.execute(_ACCOUNT, {"user_id": user_id})).all()
    if not rows:
        return None
    first, balance = rows[0], EMPTY_BALANCE
    if first.id is not None:
        cycle = (first.id, first.cycle_start)
        months = ledger.parse_month_sums(first.sums)
        balance = await ledger.balance(connection, cycle, months, now=now)
    return _account(rows, balance)
