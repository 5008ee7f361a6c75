"""Carrying a confirmed refund out: the money first, then the end of the subscription (S11).

Each step's intent is committed before the provider is asked and its outcome after it. A step that
was cut short is looked up by its reference, and asked again under the same idempotency key. Each
half is a job: a member who leaves waits for the second at most, never for the money.
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
    end_outside_the_line,
    end_what_it_paid_for,
    look_for_returned,
    tell_member,
    tell_outcome,
    tell_stuck,
)
from storage import jobs, payments, refunds

# Stripe repeats a saved error for a day to whoever asks under the same key. Another key could make
# a second refund while a request under the first is still under way: a run lasts a minute at most,
# and by then they are further apart than this.
ANOTHER_KEY_AFTER = timedelta(minutes=4)


class RefundSaga:
    """Takes a refund from `requested` to `done` or `failed`, however often it is cut short."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def carry_out(self, job: Job) -> None:
        """The first half: give the money back, once."""
        refund = await self._load(job)
        if refund.state is RefundState.REQUESTED:
            await self._move_money(refund, job)

    async def end(self, job: Job) -> None:
        """The second half, in the subscription's line: end what the payment paid for.

        What was confirmed meanwhile has been carried out: ending what is to end, or has ended, is
        no error.
        """
        refund = await self._load(job)
        if refund.state is RefundState.REFUNDED:
            await self._end_subscription(refund, job)

    async def look(self, job: Job) -> None:
        """After a while: what is still under way is told to the team."""
        async with self._context.database.write() as connection:
            refund = await load_refund(connection, RefundId(str(job.payload["refund_id"])))
            if refund.state in UNDER_WAY:
                await jobs.add(connection, [tell_stuck(refund)], now=self._context.clock())

    async def _load(self, job: Job) -> Refund:
        async with self._context.database.read() as connection:
            return await load_refund(connection, RefundId(str(job.payload["refund_id"])))

    async def _move_money(self, refund: Refund, job: Job) -> None:
        receipt: RefundReceipt | None = None
        failure: str | None = None
        provider = await self._provider_of(refund)
        if refund.tried_at is not None:
            receipt = await provider.find_refund(refund.payment_id, reference=refund.id)
        if receipt is None:
            refund = await self._begin_try(refund)
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
                await self._fail(connection, refund, job, failure or "unknown")
                return
            refunded = await refunds.advance(
                connection,
                refund.id,
                expected=(RefundState.REQUESTED,),
                to=RefundState.REFUNDED,
                provider_refund_id=receipt.provider_refund_id,
                provider_status=receipt.status,
            )
            if refunded is None:
                return
            await record(connection, self._context, refunded, "refund.made", None)
            end = end_what_it_paid_for(refunded, job.payload["screen"])
            await jobs.add(connection, [end], now=self._context.clock())

    async def _begin_try(self, refund: Refund) -> Refund:
        """Commit under which key the provider is asked, for a refund that it has not made yet."""
        now, generation = self._context.clock(), refund.generation
        if refund.tried_at is not None and now - refund.tried_at >= ANOTHER_KEY_AFTER:
            generation += 1
        async with self._context.database.write() as connection:
            begun = await refunds.begin_try(connection, refund, generation=generation, now=now)
        if begun is None:
            raise TryAgainError("another run has begun to ask for it")
        return begun

    async def _fail(
        self, connection: AsyncConnection, refund: Refund, job: Job, failure: str
    ) -> None:
        failed = await refunds.advance(
            connection,
            refund.id,
            expected=(RefundState.REQUESTED,),
            to=RefundState.FAILED,
            failure=failure,
            finished_at=self._context.clock(),
        )
        if failed is None:
            return
        await record(connection, self._context, failed, "refund.failed", None)
        await self._announce(connection, failed, job)

    async def _end_subscription(self, refund: Refund, job: Job) -> None:
        provider, snapshot = await self._provider_of(refund), Snapshot()
        if refund.consequence is Consequence.ENDS_SUBSCRIPTION and refund.subscription_id:
            try:
                snapshot = await provider.end_subscription(
                    refund.subscription_id, idempotency_key=f"mooring-refund-end-{refund.id}"
                )
            except ProviderRefusedError as refusal:
                if not job.payload.get("is_refused"):
                    await self._call_for_help(refund, job)
                    return
                raise TryAgainError(f"not ended: {refusal.code}") from refusal
        asked_at = self._context.clock()
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

    async def _call_for_help(self, refund: Refund, job: Job) -> None:
        """Money is back and the subscription goes on: people end it by hand, and are told once.

        It is tried again all the same, where it is in nobody's way.
        """
        again = end_outside_the_line(refund, job.payload["screen"])
        async with self._context.database.write() as connection:
            await jobs.add(connection, [tell_stuck(refund), again], now=self._context.clock())

    async def _announce(self, connection: AsyncConnection, refund: Refund, job: Job) -> None:
        reference = {"refund_id": refund.id}
        with_screen = {**reference, "screen": job.payload["screen"]}
        new = [
            NewJob("refund.show", f"refund-show:{refund.id}", with_screen),
            NewJob("refund.tell_staff", f"refund-log:{refund.id}", reference),
            *tell_outcome(refund),
        ]
        if refund.state is RefundState.DONE or refund.was_asked_for:
            new += tell_member(refund)
        await jobs.add(connection, new, now=self._context.clock())
