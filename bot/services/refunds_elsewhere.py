"""Refunds that the vendor made in the provider's dashboard: what they paid for goes on (S11)."""

from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing, NotRefundable
from bot.domain.identifiers import PaymentId, RefundId, UserId
from bot.domain.money import Money
from bot.domain.refund import Consequence, Payment, Refund, RefundState
from bot.domain.subscription import Subscription
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.jobs import TryAgainError
from bot.services.refund_cases import record
from bot.services.refund_consequences import consequence_of
from bot.services.refund_jobs import end_what_it_paid_for
from bot.services.screens import Screen
from bot.services.stuck import look_at_refund
from storage import customers, jobs, payments, refunds, subscriptions

_MADE = (RefundState.REFUNDED, RefundState.DONE)


@dataclass(frozen=True, slots=True)
class RefundElsewhere:
    """What was given back of a payment, but not by Mooring, and what that should end."""

    payment: Payment
    amount: Money
    consequence: Consequence
    subscription: Subscription | None
    member_id: UserId | None


class RefundsElsewhereService:
    """Finds them, and ends the plan when a moderator says so."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says who is a moderator."""
        self._context = context
        self._guilds = guilds

    async def find(self, payment_id: PaymentId) -> RefundElsewhere | None:
        """None when Mooring's own refunds explain what was given back.

        Raises TryAgainError while one of them may be the one.
        """
        async with self._context.database.read() as connection:
            under_way = await refunds.unfinished_of_payment(connection, payment_id)
            if under_way is not None and under_way.state is RefundState.REQUESTED:
                raise TryAgainError("a refund is under way")
            return await self._find(connection, payment_id)

    async def end(
        self, actor: Actor, payment_id: PaymentId, *, screen: Screen
    ) -> RefundElsewhere | None:
        """End what was refunded; None when there is nothing left to end.

        From here on it is a refund like Mooring's own whose money has moved. Raises NotPermitted,
        or NotRefundable for a second click.
        """
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.write() as connection:
            found = await self._find(connection, payment_id)
            if found is None or found.consequence is not Consequence.ENDS_SUBSCRIPTION:
                return None
            refund = self._refund(actor, found)
            try:
                async with connection.begin_nested():
                    await refunds.add(connection, refund)
            except IntegrityError as error:
                raise NotRefundable(why="in_progress") from error
            await record(connection, self._context, refund, "refund.end_requested", actor.user_id)
            job = end_what_it_paid_for(refund, screen.to_payload())
            now = self._context.clock()
            await jobs.add(connection, [job, look_at_refund(refund.id, now=now)], now=now)
        return found

    async def _find(
        self, connection: AsyncConnection, payment_id: PaymentId
    ) -> RefundElsewhere | None:
        payment = await payments.find(connection, payment_id)
        if payment is None:
            raise NoSuchThing("payment")
        made = sum(
            each.amount.amount
            for each in await refunds.of_payment(connection, payment_id)
            if each.state in _MADE
        )
        if payment.refunded.amount <= made:
            return None
        own = Money(made, payment.amount.currency)
        amount = payment.refunded - own
        ends = await consequence_of(
            connection, self._context, replace(payment, refunded=own), amount
        )
        customer = await customers.find(connection, payment.customer_id)
        bought = payment.subscription_id
        return RefundElsewhere(
            payment,
            amount,
            ends,
            subscription=await subscriptions.find(connection, bought) if bought else None,
            member_id=customer.user_id if customer else None,
        )

    def _refund(self, actor: Actor, found: RefundElsewhere) -> Refund:
        now = self._context.clock()
        return Refund(
            id=RefundId(self._context.new_id()),
            guild_id=actor.guild_id,
            moderator_id=actor.user_id,
            member_id=found.member_id,
            payment_id=found.payment.id,
            subscription_id=found.payment.subscription_id,
            amount=found.amount,
            ground=None,
            note="refunded in the provider's dashboard",
            consequence=found.consequence,
            state=RefundState.REFUNDED,
            created_at=now,
            requested_at=now,
            finished_at=None,
            provider_refund_id=None,
            provider_status="succeeded",
            failure=None,
        )
