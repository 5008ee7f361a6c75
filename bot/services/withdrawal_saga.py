"""Carrying a withdrawal out: the contract ends at once, then people decide about the money.

The statement is committed before the provider is asked. A run that was cut short is repeated:
ending what has ended changes nothing.
"""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import ProviderRefusedError, Snapshot
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import GuildId, PaymentId, RefundId, WithdrawalId
from bot.domain.job import Job, NewJob
from bot.domain.refund import WAITING, Ground, Payment, Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind
from bot.domain.withdrawal import Withdrawal, WithdrawalState
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.jobs import TryAgainError
from bot.services.mirror import apply, if_there, provider_of
from bot.services.refund_cases import record
from bot.services.refund_consequences import consequence_of
from bot.services.refund_jobs import bring_card_up_to_date
from storage import audit, jobs, payments, refunds, withdrawals


class WithdrawalSaga:
    """Takes a withdrawal from `requested` to `done` or `failed`, however often cut short."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says where there is a team to decide about the money."""
        self._context = context
        self._guilds = guilds

    async def carry_out(self, job: Job) -> None:
        """Ask the provider to end the contract, and commit its answer."""
        withdrawal_id = WithdrawalId(str(job.payload["withdrawal_id"]))
        async with self._context.database.read() as connection:
            withdrawal = await withdrawals.find(connection, withdrawal_id)
            if withdrawal is None:
                raise NoSuchThing("withdrawal")
            provider = await provider_of(connection, self._context, withdrawal.subscription_id)
        if withdrawal.state is not WithdrawalState.REQUESTED:
            return
        ended, failure = Snapshot(), None
        try:
            ended = await provider.end_subscription(
                withdrawal.subscription_id,
                # Each try has a key of its own: Stripe repeats a saved error for a day.
                idempotency_key=f"mooring-withdraw-{withdrawal.id}-{job.attempts}",
            )
        except ProviderRefusedError as refusal:
            failure = refusal.code
        asked_at = self._context.clock()
        # What was paid, freshly: the news of a payment may be late.
        account = await if_there(provider.fetch_account(withdrawal.customer_id))
        guild_id = withdrawal.guild_id or await self._guilds.team_guild()
        async with self._context.database.write() as connection:
            # Nobody approves meanwhile what is being raised to the whole payment.
            await refunds.have_desk_alone(connection)
            await apply(connection, self._context, account, asked_at=asked_at)
            await apply(connection, self._context, ended, asked_at=asked_at)
            await self._finish(connection, withdrawal, job, failure, guild_id)

    async def ask_for_the_rest(self, job: Job) -> None:
        """What a refund that was approved before has left of a payment, once that has ended."""
        async with self._context.database.write() as connection:
            await refunds.have_desk_alone(connection)
            withdrawal = await withdrawals.find(
                connection, WithdrawalId(str(job.payload["withdrawal_id"]))
            )
            payment = await payments.find(connection, PaymentId(str(job.payload["payment_id"])))
            if withdrawal is None or payment is None:
                raise NoSuchThing("withdrawal")
            if payment.refundable.amount <= 0:
                return
            guild_id, now = GuildId(int(job.payload["guild_id"])), self._context.clock()
            refund = await self._request(connection, withdrawal, payment, guild_id, now)
            if refund is None:
                raise TryAgainError("a refund of this payment is under way")
            await self._submit(connection, withdrawal, refund, now)

    async def _finish(
        self,
        connection: AsyncConnection,
        withdrawal: Withdrawal,
        job: Job,
        failure: str | None,
        guild_id: GuildId | None,
    ) -> None:
        """The outcome and what follows from it, in the caller's transaction."""
        now = self._context.clock()
        finished = await withdrawals.advance(
            connection,
            withdrawal.id,
            to=WithdrawalState.DONE if failure is None else WithdrawalState.FAILED,
            finished_at=now,
            failure=failure,
        )
        if finished is None:
            return
        queued = 0
        if guild_id is not None:
            queued = await self._ask_for_the_money(connection, finished, guild_id, now)
        await audit.append(
            connection,
            actor_id=None,
            action="withdrawal.done" if failure is None else "withdrawal.failed",
            subject=finished.subscription_id,
            details={"withdrawal": finished.id, "code": failure, "refunds": queued},
            now=now,
        )
        reference = {"withdrawal_id": finished.id}
        with_screen = {**reference, "screen": job.payload["screen"]}
        new = [
            NewJob("withdrawal.show", f"withdraw-show:{finished.id}", with_screen),
            NewJob("withdrawal.tell_member", f"withdraw-done-dm:{finished.id}", reference),
        ]
        if failure is not None:
            new.append(
                NewJob("withdrawal.tell_failed", f"withdraw-failed:{finished.id}", reference)
            )
        await jobs.add(connection, new, now=now)

    async def _ask_for_the_money(
        self,
        connection: AsyncConnection,
        withdrawal: Withdrawal,
        guild_id: GuildId,
        now: datetime,
    ) -> int:
        """One request for each payment of the contract; returns how many wait for a person."""
        paid = [
            each
            for each in await payments.of_customer(connection, withdrawal.customer_id)
            if each.subscription_id == withdrawal.subscription_id and each.refundable.amount > 0
        ]
        waiting = 0
        for payment in paid:
            refund = await self._request(connection, withdrawal, payment, guild_id, now)
            if refund is None:
                rest = _ask_for_the_rest(withdrawal, payment, guild_id)
                await jobs.add(connection, [rest], now=now)
                continue
            await self._submit(connection, withdrawal, refund, now)
            waiting += 1
        return waiting

    async def _submit(
        self, connection: AsyncConnection, withdrawal: Withdrawal, refund: Refund, now: datetime
    ) -> None:
        """It is on the record, and before the moderators."""
        await record(connection, self._context, refund, "refund.submitted", None)
        card = bring_card_up_to_date(refund, f"withdrawal:{withdrawal.id}")
        await jobs.add(connection, [card], now=now)

    async def _request(
        self,
        connection: AsyncConnection,
        withdrawal: Withdrawal,
        payment: Payment,
        guild_id: GuildId,
        now: datetime,
    ) -> Refund | None:
        """A new one, unless something was asked for before; None when that is approved already."""
        refund = Refund(
            id=RefundId(self._context.new_id()),
            guild_id=guild_id,
            moderator_id=None,
            member_id=withdrawal.user_id,
            payment_id=payment.id,
            subscription_id=payment.subscription_id,
            amount=payment.refundable,
            ground=Ground.WITHDRAWAL,
            note=f"withdrawal {withdrawal.reference}",
            consequence=await consequence_of(
                connection, self._context, payment, payment.refundable
            ),
            state=RefundState.SUBMITTED,
            created_at=withdrawal.requested_at,
            requested_at=None,
            finished_at=None,
            provider_refund_id=None,
            provider_status=None,
            failure=None,
            requester_id=withdrawal.user_id,
            withdrawal_id=withdrawal.id,
            submitted_at=now,
        )
        try:
            async with connection.begin_nested():
                await refunds.add(connection, refund)
        except IntegrityError:
            return await self._take_over(connection, withdrawal, payment, refund)
        return refund

    async def _take_over(
        self,
        connection: AsyncConnection,
        withdrawal: Withdrawal,
        payment: Payment,
        wanted: Refund,
    ) -> Refund | None:
        """What was asked for before under the vendor's policy is the law's now, and so is its
        amount: who has said yes has said it to something else. None for one that is approved
        already."""
        known = await refunds.unfinished_of_payment(connection, payment.id)
        if known is None:
            return None
        taken = await refunds.advance(
            connection,
            known.id,
            expected=WAITING,
            to=RefundState.SUBMITTED,
            ground=Ground.WITHDRAWAL.value,
            withdrawal_id=withdrawal.id,
            amount=wanted.amount.amount,
            consequence=wanted.consequence.value,
        )
        if taken is not None:
            now = self._context.clock()
            decision = Decision(withdrawal.user_id, DecisionKind.WITHDRAWN, None, now)
            await refunds.add_decision(connection, taken.id, decision)
        return taken


def _ask_for_the_rest(withdrawal: Withdrawal, payment: Payment, guild_id: GuildId) -> NewJob:
    """Once the refund that is under way has ended; in nobody's way, neither out nor to money."""
    return NewJob(
        "withdrawal.ask_rest",
        f"withdraw-rest:{withdrawal.id}:{payment.id}",
        {"withdrawal_id": withdrawal.id, "payment_id": payment.id, "guild_id": guild_id},
        line=f"withdraw-rest:{payment.id}",
    )
