"""What a provider's lists do not show is asked for one by one, at the end of a reconciliation.

A page that was paid, which Creem lists nowhere: the purchase is known, so its page is looked at.
An invoice that is still to be paid and a dispute that is still to be decided: lists go by the time
at which something was made, so one that is older than what a run looks back over is seen only where
the store holds it as open. A refund of an older payment, where refunds are not listed, and
everywhere one that the bank may still send back: some payments are read again in each run. Of each
kind those come first that were not asked for longest.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, Snapshot, UnreadableError
from bot.domain.identifiers import CheckoutId, DisputeId, InvoiceId, PaymentId
from bot.domain.returned_refund import MAY_RETURN_FOR
from bot.services.context import Context
from bot.services.mirror import if_there
from storage import checkouts, disputes, invoices, payments
from storage.reconciliations import Reconciliation

# A page that was paid may be told of later; no provider keeps one open for so long.
PAGES_SINCE = timedelta(days=35)
# Banks take disputes for about this time, and refunds are hardly ever later.
PAYMENTS_SINCE = timedelta(days=120)
# Each costs one to six requests.
PORTION = 5
PORTIONS_OF_PAYMENTS = 20
# Invoices that nobody will ever pay may pile up.
PORTIONS_OF_OPEN = 20
# No provider's cursor begins so.
_PAGES, _OPEN, _PAYMENTS = "~pages", "~open", "~payments"
FIRST_CURSOR = f"{_PAGES}:"


@dataclass(frozen=True, slots=True)
class Portion:
    """`payments`, `invoices` and `disputes` are those that were read again."""

    snapshots: Sequence[Snapshot]
    next_cursor: str | None
    payments: Sequence[PaymentId] = ()
    invoices: Sequence[InvoiceId] = ()
    disputes: Sequence[DisputeId] = ()


def is_unlisted(cursor: str | None) -> bool:
    """Whether a run has come to these."""
    return cursor is not None and cursor.partition(":")[0] in (_PAGES, _OPEN, _PAYMENTS)


class Unlisted:
    """Reads them in portions."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def fetch(self, run: Reconciliation, provider: BillingProvider) -> Portion:
        """The portion at which the run has come."""
        phase, _, after = (run.cursor or FIRST_CURSOR).partition(":")
        if phase == _PAGES:
            return await self._pages(run, provider, CheckoutId(after))
        if phase == _OPEN:
            return await self._open(run, provider, int(after))
        return await self._payments(run, provider, int(after))

    async def _pages(
        self, run: Reconciliation, provider: BillingProvider, after: CheckoutId
    ) -> Portion:
        async with self._context.database.read() as connection:
            unpaid = await checkouts.unpaid_pages(
                connection,
                run.provider,
                since=run.started_at - PAGES_SINCE,
                after=after,
                limit=PORTION,
            )
        found = [
            await _if_readable(provider.fetch_checkout(each.page_id))
            for each in unpaid
            if each.page_id is not None
        ]
        if len(unpaid) == PORTION:
            return Portion(found, f"{_PAGES}:{unpaid[-1].id}")
        return Portion(found, f"{_OPEN}:1")

    async def _open(self, run: Reconciliation, provider: BillingProvider, number: int) -> Portion:
        async with self._context.database.read() as connection:
            unpaid = await invoices.least_recently_asked(
                connection, run.provider, asked_before=run.started_at, limit=PORTION
            )
            undecided = await disputes.least_recently_asked(
                connection, run.provider, asked_before=run.started_at, limit=PORTION
            )
        found = [
            *[await _if_readable(provider.fetch_invoice(each)) for each in unpaid],
            *[await _if_readable(provider.fetch_dispute(each)) for each in undecided],
        ]
        goes_on = PORTION in (len(unpaid), len(undecided)) and number < PORTIONS_OF_OPEN
        following = f"{_OPEN}:{number + 1}" if goes_on else f"{_PAYMENTS}:1"
        return Portion(found, following, invoices=unpaid, disputes=undecided)

    async def _payments(
        self, run: Reconciliation, provider: BillingProvider, number: int
    ) -> Portion:
        async with self._context.database.read() as connection:
            ids = await payments.least_recently_asked(
                connection,
                run.provider,
                paid_after=None if provider.lists_refunds else run.started_at - PAYMENTS_SINCE,
                refunded_after=run.started_at - MAY_RETURN_FOR,
                asked_before=run.started_at,
                limit=PORTION,
            )
        found = [await _if_readable(provider.fetch_payment(each)) for each in ids]
        goes_on = len(ids) == PORTION and number < PORTIONS_OF_PAYMENTS
        return Portion(found, f"{_PAYMENTS}:{number + 1}" if goes_on else None, ids)


async def note(connection: AsyncConnection, portion: Portion, *, asked_at: datetime) -> None:
    """The next portion begins with others, also after one that the provider does not know."""
    await payments.note_asked(connection, portion.payments, asked_at=asked_at)
    await invoices.note_asked(connection, portion.invoices, asked_at=asked_at)
    await disputes.note_asked(connection, portion.disputes, asked_at=asked_at)


async def _if_readable(reading: Awaitable[Snapshot]) -> Snapshot:
    """What cannot be read, or is not there any more, keeps nothing else from being asked for."""
    try:
        return await if_there(reading)
    except UnreadableError as error:
        return Snapshot(unreadable=(error.what,))
