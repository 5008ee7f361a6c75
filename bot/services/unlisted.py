"""What a provider's lists do not show is asked for one by one, at the end of a reconciliation.

A page that was paid, which Creem lists nowhere: the purchase is known, so its page is looked at.
A refund of an older payment, where refunds are not listed, and everywhere one that the bank may
still send back: some payments are read again in each run, those first that were not asked for
longest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, Snapshot
from bot.domain.identifiers import CheckoutId, PaymentId
from bot.domain.returned_refund import MAY_RETURN_FOR
from bot.services.context import Context
from bot.services.mirror import if_there
from storage import checkouts, payments
from storage.reconciliations import Reconciliation

# A page that was paid may be told of later; no provider keeps one open for so long.
PAGES_SINCE = timedelta(days=35)
# Banks take disputes for about this time, and refunds are hardly ever later.
PAYMENTS_SINCE = timedelta(days=120)
# Each costs one to six requests.
PORTION = 5
PORTIONS_OF_PAYMENTS = 20
# No provider's cursor begins so.
_PAGES, _PAYMENTS = "~pages", "~payments"
FIRST_CURSOR = f"{_PAGES}:"


@dataclass(frozen=True, slots=True)
class Portion:
    """`asked_for` are the payments that were read again."""

    snapshots: Sequence[Snapshot]
    next_cursor: str | None
    asked_for: Sequence[PaymentId] = ()


def is_unlisted(cursor: str | None) -> bool:
    """Whether a run has come to these."""
    return cursor is not None and cursor.partition(":")[0] in (_PAGES, _PAYMENTS)


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
            await if_there(provider.fetch_checkout(each.page_id))
            for each in unpaid
            if each.page_id is not None
        ]
        if len(unpaid) == PORTION:
            return Portion(found, f"{_PAGES}:{unpaid[-1].id}")
        return Portion(found, f"{_PAYMENTS}:1")

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
        found = [await if_there(provider.fetch_payment(each)) for each in ids]
        goes_on = len(ids) == PORTION and number < PORTIONS_OF_PAYMENTS
        return Portion(found, f"{_PAYMENTS}:{number + 1}" if goes_on else None, ids)


async def note(connection: AsyncConnection, portion: Portion, *, asked_at: datetime) -> None:
    """The next portion begins with others, also after one that the provider does not know."""
    if portion.asked_for:
        await payments.note_asked(connection, portion.asked_for, asked_at=asked_at)
