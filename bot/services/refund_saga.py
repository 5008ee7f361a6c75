"""Carrying a confirmed refund out: the money first, then the end of the subscription (S11).

Each step's intent is committed before the provider is asked and its outcome after it. A step that
was cut short is asked again under the same idempotency key, or looked up by its reference.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import (
    BillingProvider,
    ProviderRefusedError,
    RefundReceipt,
    Snapshot,
)
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import RefundId
from bot.domain.job import Job, NewJob
from bot.domain.refund import UNDER_WAY, Consequence, Ground, Refund, RefundState
from bot.domain.returned_refund import made_of, missing
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.mirror import apply
from bot.services.refund_cases import load_refund, record
from bot.services.refund_jobs import (
    look_for_returned,
    tell_member,
    tell_outcome,
    tell_stuck,
)
from storage import jobs, payments, refunds

# Providers forget keys after a day, and a run that was cut short may not be counted: a refund that
# was not asked for just now is looked for before it is asked for again.
ASKED_JUST_NOW = timedelta(minutes=5)


class RefundSaga:
    """Takes a refund from `requested` to `done` or `failed`, however often it is cut short."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def carry_out(self, job: Job) -> None:
        """Refund, then end what the payment paid for. Each half happens once."""
        refund_id = RefundId(str(job.payload["refund_id"]))
        async with self._context.database.read() as connection:
            refund = await load_refund(connection, refund_id)
        if refund.state is RefundState.REQUESTED:
            refund = await self._move_money(refund, job)
        if refund.state is RefundState.REFUNDED:
            await self._end_subscription(refund, job)

    async def look(self, job: Job) -> None:
        """After a while: what is still under way is told to the team."""
        async with self._context.database.write() as connection:
            refund = await load_refund(connection, RefundId(str(job.payload["refund_id"])))
            if refund.state in UNDER_WAY:
                await jobs.add(connection, [tell_stuck(refund)], now=self._context.clock())

    async def _move_money(self, refund: Refund, job: Job) -> Refund:
        receipt: RefundReceipt | None = None
        failure: str | None = None
        provider = await self._provider_of(refund)
        waited = self._context.clock() - (refund.requested_at or refund.created_at)
        if job.attempts > 1 or waited > ASKED_JUST_NOW:
            receipt = await provider.find_refund(refund.payment_id, reference=refund.id)
        if receipt is None:
            try:
                receipt = await provider.refund(
                    refund.payment_id,
                    amount=refund.amount,
                    ground=refund.ground or Ground.OUR_ERROR,
                    reference=refund.id,
                    idempotency_key=refund.idempotency_key,
                )
            except ProviderRefusedError as refusal:
                # "Refunded already" may speak of this very refund, whose answer was lost.
                receipt = await provider.find_refund(refund.payment_id, reference=refund.id)
                failure = None if receipt is not None else refusal.code
        if receipt is not None and receipt.is_lost:
            failure = f"refund_{receipt.status}"
        async with self._context.database.write() as connection:
            if failure is not None or receipt is None:
                return await self._fail(connection, refund, job, failure or "unknown")
            refunded = await refunds.advance(
                connection,
                refund.id,
                expected=(RefundState.REQUESTED,),
                to=RefundState.REFUNDED,
                provider_refund_id=receipt.provider_refund_id,
                provider_status=receipt.status,
            )
            if refunded is None:
                return await load_refund(connection, refund.id)
            await record(connection, self._context, refunded, "refund.made", None)
            return refunded

    async def _fail(
        self, connection: AsyncConnection, refund: Refund, job: Job, failure: str
    ) -> Refund:
        failed = await refunds.advance(
            connection,
            refund.id,
            expected=(RefundState.REQUESTED,),
            to=RefundState.FAILED,
            failure=failure,
            finished_at=self._context.clock(),
        )
        if failed is None:
            return await load_refund(connection, refund.id)
        await record(connection, self._context, failed, "refund.failed", None)
        await self._announce(connection, failed, job)
        return failed

    async def _end_subscription(self, refund: Refund, job: Job) -> None:
        provider, asked_at = await self._provider_of(refund), self._context.clock()
        snapshot = Snapshot()
        if refund.consequence is Consequence.ENDS_SUBSCRIPTION and refund.subscription_id:
            try:
                snapshot = await provider.end_subscription(
                    refund.subscription_id, idempotency_key=f"mooring-refund-end-{refund.id}"
                )
            except ProviderRefusedError as refusal:
                await self._call_for_help(refund)
                raise TryAgainError(f"not ended: {refusal.code}") from refusal
        payment = await provider.fetch_payment(refund.payment_id)
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)
            await apply(connection, self._context, payment, asked_at=asked_at)
            done = await refunds.advance(
                connection,
                refund.id,
                expected=(RefundState.REFUNDED,),
                to=RefundState.DONE,
                finished_at=self._context.clock(),
            )
            if done is None:
                return
            await record(connection, self._context, done, "refund.done", None)
            await self._announce(connection, done, job)
            await self._look_if_missing(connection, done)

    async def _look_if_missing(self, connection: AsyncConnection, done: Refund) -> None:
        """The provider may have failed it before its money was ever seen as given back."""
        payment = await payments.find(connection, done.payment_id)
        made = made_of(await refunds.of_payment(connection, done.payment_id))
        if payment is not None and missing(made, refunded=payment.refunded).amount > 0:
            look = look_for_returned(done.payment_id, done.id)
            await jobs.add(connection, [look], now=self._context.clock())

    async def _provider_of(self, refund: Refund) -> BillingProvider:
        async with self._context.database.read() as connection:
            payment = await payments.find(connection, refund.payment_id)
        if payment is None:
            raise NoSuchThing("payment")
        return self._context.provider_of(payment.provider)

    async def _call_for_help(self, refund: Refund) -> None:
        """Money is back and the subscription goes on: people end it by hand, and are told once."""
        async with self._context.database.write() as connection:
            await jobs.add(connection, [tell_stuck(refund)], now=self._context.clock())

    async def _announce(self, connection: AsyncConnection, refund: Refund, job: Job) -> None:
        reference = {"refund_id": refund.id}
        with_screen = {**reference, "screen": job.payload["screen"]}
        new = [
            NewJob("refund.show", f"refund-show:{refund.id}", with_screen),
            NewJob("refund.tell_staff", f"refund-log:{refund.id}", reference),
            *tell_outcome(refund),
        ]
        if refund.state is RefundState.DONE:
            new += tell_member(refund)
        await jobs.add(connection, new, now=self._context.clock())
