"""Refunds that the provider fails days after it has made them: the vendor has the money again.

What the refund has ended stays ended. People are told, and the payment can be refunded once more.
"""

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import PaymentId
from bot.domain.job import Job
from bot.domain.refund import UNDER_WAY, Refund, RefundState
from bot.domain.returned_refund import made_of, missing, returned
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.refund_cases import record
from bot.services.refund_jobs import tell_member, tell_outcome, tell_returned
from storage import jobs, payments, refunds

_log = structlog.get_logger(__name__)


class ReturnedRefundsService:
    """Finds them, once the mirror shows that less was given back than before."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def look(self, job: Job) -> None:
        """Ask the provider about each refund, and mark those that it has failed."""
        payment_id = PaymentId(str(job.payload["payment_id"]))
        async with self._context.database.read() as connection:
            payment = await payments.find(connection, payment_id)
            known = await refunds.of_payment(connection, payment_id)
        if payment is None:
            raise NoSuchThing("payment")
        if any(each.state in UNDER_WAY for each in known):
            raise TryAgainError("a refund is under way")
        made = made_of(known)
        if missing(made, refunded=payment.refunded).amount == 0:
            return
        provider = self._context.provider_of(payment.provider)
        not_there = {each.id for each in made if not await _is_there(provider, each)}
        async with self._context.database.write() as connection:
            now_paid = await payments.find(connection, payment_id) or payment
            made = made_of(await refunds.of_payment(connection, payment_id))
            gone = returned(made, refunded=now_paid.refunded, not_there=not_there)
            for refund in gone:
                await self._mark(connection, refund)
        if not gone:
            _log.warning("refund_missing", payment=payment_id)

    async def _mark(self, connection: AsyncConnection, refund: Refund) -> None:
        marked = await refunds.advance(
            connection,
            refund.id,
            expected=(RefundState.DONE,),
            to=RefundState.RETURNED,
            provider_status="failed",
            failure="returned",
        )
        if marked is None:
            return
        await record(connection, self._context, marked, "refund.returned", None)
        new = [
            tell_returned(marked),
            *tell_outcome(marked),
            *tell_member(marked),
        ]
        await jobs.add(connection, new, now=self._context.clock())


async def _is_there(provider: BillingProvider, refund: Refund) -> bool:
    receipt = await provider.find_refund(refund.payment_id, reference=refund.id)
    return receipt is not None and not receipt.is_lost
