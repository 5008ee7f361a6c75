"""When a save counts: once the member has paid again after it. Until then it is only a hope."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.invoice import Invoice
from bot.services.changes import Change
from storage import cancel_attempts

_PAID = "paid"


async def count_saves(
    connection: AsyncConnection, changed: Sequence[Change[Invoice]], *, now: datetime
) -> int:
    """Count the saves that these invoices prove, in the caller's transaction; returns how many.

    One whose subscription ends before is never counted: no invoice of it is paid any more.
    """
    paid = {
        each.after.customer_id
        for each in changed
        if each.after.status == _PAID
        and each.after.total.amount > 0
        and (each.before is None or each.before.status != _PAID)
    }
    if not paid:
        return 0
    return await cancel_attempts.note_kept(connection, sorted(paid), now=now)
