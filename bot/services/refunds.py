"""The refund desk: who may refund what, and what it would end (rules S11-S14, R9)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.dispute import Dispute, why_not_refundable
from bot.domain.errors import (
    ConsequenceChanged,
    InvalidAmount,
    NoPayments,
    NoSuchThing,
    NotRefundable,
    NotYours,
    OwnAccount,
    PartialRefundUnsupported,
    RefundOver,
    RefundsSwitchedOff,
)
from bot.domain.identifiers import PaymentId, RefundId, UserId
from bot.domain.job import NewJob
from bot.domain.money import Money
from bot.domain.other_plans import OtherPlan
from bot.domain.refund import (
    Ground,
    Payment,
    Refund,
    RefundMode,
    RefundState,
)
from bot.domain.subscription import Subscription
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.other_plans import other_plans
from bot.services.refund_consequences import consequence_of
from bot.services.screens import Screen
from storage import audit, customers, disputes, jobs, payments, refunds, subscriptions


@dataclass(frozen=True, slots=True)
class RefundCase:
    """A refund with the payment and the subscription that it is about.

    `others` are the member's other subscriptions that go on or are still on, `disputes` those of
    the payment, newest first. `may_be_partial`: whether the payment's provider can give back less
    than all that is left.
    """

    refund: Refund
    payment: Payment
    subscription: Subscription | None
    others: tuple[OtherPlan, ...]
    disputes: tuple[Dispute, ...]
    may_be_partial: bool


class RefundService:
    """The refund desk."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says who is a moderator."""
        self._context = context
        self._guilds = guilds

    async def payments(self, actor: Actor, member_id: UserId) -> Sequence[Payment]:
        """The member's payments with something left to refund, newest first."""
        await self._require_desk(actor, member_id)
        async with self._context.database.read() as connection:
            found = await payments.of_user(connection, member_id)
        refundable = [payment for payment in found if payment.refundable.amount > 0]
        if not refundable:
            raise NoPayments(member_id)
        return refundable

    async def draft(self, actor: Actor, member_id: UserId, payment_id: PaymentId) -> RefundCase:
        """Work out what refunding this payment would do, for the moderator to look at."""
        await self._require_desk(actor, member_id)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            payment = await payments.find(connection, payment_id)
            customer = await customers.of_user(connection, member_id)
            if payment is None or customer is None or payment.customer_id != customer.id:
                raise NoSuchThing("payment")
            await self._require_refundable(connection, payment)
            ends = await consequence_of(connection, self._context, payment, payment.refundable)
            refund = Refund(
                id=RefundId(self._context.new_id()),
                guild_id=actor.guild_id,
                moderator_id=actor.user_id,
                member_id=member_id,
                payment_id=payment_id,
                subscription_id=payment.subscription_id,
                amount=payment.refundable,
                ground=None,
                note=None,
                consequence=ends,
                state=RefundState.DRAFT,
                created_at=now,
                requested_at=None,
                finished_at=None,
                provider_refund_id=None,
                provider_status=None,
                failure=None,
            )
            await refunds.add(connection, refund)
            return await self._case(connection, refund)

    async def set_ground(self, actor: Actor, refund_id: RefundId, ground: Ground) -> RefundCase:
        """Choose why; can be chosen again until the refund is confirmed."""
        await self._require_own(actor, refund_id)
        async with self._context.database.write() as connection:
            refund = await self._draft(connection, refund_id)
            changed = await refunds.advance(
                connection,
                refund.id,
                expected=(RefundState.DRAFT,),
                to=RefundState.DRAFT,
                ground=ground.value,
            )
            if changed is None:
                raise RefundOver(state=refund.state)
            return await self._case(connection, changed)

    async def own_draft(self, actor: Actor, refund_id: RefundId) -> RefundCase:
        """The actor's own refund, as long as it may still be changed."""
        await self._require_own(actor, refund_id)
        async with self._context.database.read() as connection:
            return await self._case(connection, await self._draft(connection, refund_id))

    async def set_amount(self, actor: Actor, refund_id: RefundId, amount: Money) -> RefundCase:
        """Give back less than everything; raises InvalidAmount or PartialRefundUnsupported."""
        await self._require_own(actor, refund_id)
        async with self._context.database.write() as connection:
            refund = await self._draft(connection, refund_id)
            case = await self._case(connection, refund)
            left = case.payment.refundable
            if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
                raise InvalidAmount(left=left)
            if amount != left and not case.may_be_partial:
                raise PartialRefundUnsupported(left=left)
            ends = await consequence_of(connection, self._context, case.payment, amount)
            changed = await refunds.advance(
                connection,
                refund.id,
                expected=(RefundState.DRAFT,),
                to=RefundState.DRAFT,
                amount=amount.amount,
                consequence=ends.value,
            )
            if changed is None:
                raise RefundOver(state=refund.state)
            return await self._case(connection, changed)

    async def confirm(self, actor: Actor, refund_id: RefundId, *, screen: Screen) -> RefundCase:
        """Commit to the refund. Everything is checked once more, in the same transaction.

        Raises NotPermitted, NotRefundable, ConsequenceChanged or RefundOver.
        """
        await self._require_own(actor, refund_id)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            refund = await self._draft(connection, refund_id)
            if refund.ground is None:
                raise NoSuchThing("ground")
            case = await self._case(connection, refund)
            left = case.payment.refundable
            await self._require_refundable(connection, case.payment)
            ends = await consequence_of(connection, self._context, case.payment, refund.amount)
            if ends is not refund.consequence or refund.amount.amount > left.amount:
                raise ConsequenceChanged
            try:
                async with connection.begin_nested():
                    requested = await refunds.advance(
                        connection,
                        refund_id,
                        expected=(RefundState.DRAFT,),
                        to=RefundState.REQUESTED,
                        requested_at=now,
                    )
            except IntegrityError as error:
                raise NotRefundable(why="in_progress") from error
            if requested is None:
                raise RefundOver(state=refund.state)
            await record(connection, self._context, requested, "refund.requested", actor.user_id)
            job = NewJob(
                "refund.carry_out",
                f"refund:{refund_id}",
                {"refund_id": refund_id, "screen": screen.to_payload()},
                line=refund.subscription_id,
            )
            await jobs.add(connection, [job], now=now)
        return replace(case, refund=requested)

    async def find(self, refund_id: RefundId) -> RefundCase:
        """A refund for showing its outcome."""
        async with self._context.database.read() as connection:
            return await self._case(connection, await load_refund(connection, refund_id))

    async def _require_desk(self, actor: Actor, member_id: UserId | None) -> None:
        await self._guilds.require(actor, Duty.MODERATOR)
        if self._context.policy.refund_mode is RefundMode.NONE:
            raise RefundsSwitchedOff
        if actor.user_id == member_id:
            raise OwnAccount

    async def _require_refundable(self, connection: AsyncConnection, payment: Payment) -> None:
        if await refunds.unfinished_of_payment(connection, payment.id) is not None:
            raise NotRefundable(why="in_progress")
        if payment.refundable.amount <= 0:
            raise NotRefundable(why="refunded")
        known = await disputes.of_payment(connection, payment.id)
        if (why := why_not_refundable(known, is_disputed=payment.disputed)) is not None:
            raise NotRefundable(why=why)

    async def _require_own(self, actor: Actor, refund_id: RefundId) -> None:
        async with self._context.database.read() as connection:
            refund = await load_refund(connection, refund_id)
        await self._require_desk(actor, refund.member_id)
        if refund.moderator_id != actor.user_id or refund.guild_id != actor.guild_id:
            raise NotYours

    async def _draft(self, connection: AsyncConnection, refund_id: RefundId) -> Refund:
        refund = await load_refund(connection, refund_id)
        if refund.state is not RefundState.DRAFT:
            raise RefundOver(state=refund.state)
        return refund

    async def _case(self, connection: AsyncConnection, refund: Refund) -> RefundCase:
        payment = await payments.find(connection, refund.payment_id)
        if payment is None:
            raise NoSuchThing("payment")
        subscription = (
            await subscriptions.find(connection, refund.subscription_id)
            if refund.subscription_id
            else None
        )
        others: tuple[OtherPlan, ...] = ()
        if subscription is not None:
            now = self._context.clock()
            others = await other_plans(
                connection, payment.customer_id, besides=subscription.id, after=now, now=now
            )
        return RefundCase(
            refund,
            payment,
            subscription,
            others,
            tuple(await disputes.of_payment(connection, payment.id)),
            self._may_be_partial(payment),
        )

    def _may_be_partial(self, payment: Payment) -> bool:
        provider = self._context.providers.get(payment.provider)
        return provider is not None and provider.partial_refunds


async def load_refund(connection: AsyncConnection, refund_id: RefundId) -> Refund:
    """The refund, whatever became of it; raises NoSuchThing."""
    refund = await refunds.find(connection, refund_id)
    if refund is None:
        raise NoSuchThing("refund")
    return refund


async def record(
    connection: AsyncConnection,
    context: Context,
    refund: Refund,
    action: str,
    actor: UserId | None,
) -> None:
    """Write a step of a refund to the audit log. `actor` None means Mooring itself."""
    await audit.append(
        connection,
        actor_id=actor,
        action=action,
        subject=refund.payment_id,
        details={
            "refund": refund.id,
            "amount": refund.amount.amount,
            "currency": refund.amount.currency,
            "ground": refund.ground,
            "consequence": refund.consequence,
            "provider_refund": refund.provider_refund_id,
            "failure": refund.failure,
        },
        now=context.clock(),
    )
