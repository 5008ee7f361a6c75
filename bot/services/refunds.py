"""The refund desk: who may refund what, and what it would end (rules S11-S14, R9)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import (
    ConsequenceChanged,
    GroundNotAllowed,
    InvalidAmount,
    NoPayments,
    NoSuchThing,
    NotYours,
    OwnAccount,
    PartialRefundUnsupported,
    RefundOver,
    RefundsSwitchedOff,
)
from bot.domain.identifiers import PaymentId, RefundId, TicketId, UserId
from bot.domain.money import Money
from bot.domain.refund import Ground, Payment, Refund, RefundMode, RefundState
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.refund_approval import approve, current_case, owns_account
from bot.services.refund_cases import RefundCase, load_case, load_refund, require_refundable
from bot.services.refund_consequences import consequence_of
from bot.services.screens import Screen
from storage import customers, payments, refunds


class RefundService:
    """Drafts, from looking at a payment to a moderator's yes."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says who is a moderator."""
        self._context = context
        self._guilds = guilds

    @property
    def grounds(self) -> Sequence[Ground]:
        """What the vendor's policy lets people choose from."""
        return self._context.policy.refunds.grounds

    @property
    def is_switched_off(self) -> bool:
        """R9: no refunds under any circumstances."""
        return self._context.policy.refunds.mode is RefundMode.NONE

    async def payments(self, actor: Actor, member_id: UserId) -> Sequence[Payment]:
        """The member's payments with something left to refund, newest first."""
        await self._require_desk(actor, member_id)
        async with self._context.database.read() as connection:
            return await refundable_payments(connection, member_id)

    async def draft(self, actor: Actor, member_id: UserId, payment_id: PaymentId) -> RefundCase:
        """Work out what refunding this payment would do, for the moderator to look at."""
        await self._require_desk(actor, member_id)
        async with self._context.database.write() as connection:
            refund = await add_draft(
                connection, self._context, actor, member_id, payment_id, moderator_id=actor.user_id
            )
            return await load_case(connection, self._context, refund)

    async def set_ground(self, actor: Actor, refund_id: RefundId, ground: Ground) -> RefundCase:
        """Choose why; can be chosen again until the refund is confirmed or submitted."""
        await self._require_own(actor, refund_id)
        if ground not in self.grounds:
            raise GroundNotAllowed
        async with self._context.database.write() as connection:
            refund = await _load_draft(connection, refund_id)
            return await self._change(connection, refund, ground=ground.value)

    async def own_draft(self, actor: Actor, refund_id: RefundId) -> RefundCase:
        """The actor's own refund, as long as it may still be changed."""
        await self._require_own(actor, refund_id)
        async with self._context.database.read() as connection:
            refund = await _load_draft(connection, refund_id)
            return await load_case(connection, self._context, refund)

    async def set_amount(self, actor: Actor, refund_id: RefundId, amount: Money) -> RefundCase:
        """Give back less than everything; raises InvalidAmount or PartialRefundUnsupported."""
        await self._require_own(actor, refund_id)
        async with self._context.database.write() as connection:
            refund = await _load_draft(connection, refund_id)
            case = await load_case(connection, self._context, refund)
            require_possible(case, amount)
            ends = await consequence_of(connection, self._context, case.payment, amount)
            return await self._change(
                connection, refund, amount=amount.amount, consequence=ends.value
            )

    async def _change(
        self, connection: AsyncConnection, refund: Refund, **values: object
    ) -> RefundCase:
        draft = RefundState.DRAFT
        changed = await refunds.advance(
            connection, refund.id, expected=(draft,), to=draft, **values
        )
        if changed is None:
            raise RefundOver(state=refund.state)
        return await load_case(connection, self._context, changed)

    async def confirm(self, actor: Actor, refund_id: RefundId, *, screen: Screen) -> RefundCase:
        """Commit to the refund, or let it wait for a second moderator where policy asks for one.

        Everything is checked once more, in the same transaction. Raises NotPermitted,
        NotRefundable, ConsequenceChanged, RefundOver or what the policy says.
        """
        await self._require_own(actor, refund_id)
        async with self._context.database.write() as connection:
            await refunds.have_desk_alone(connection)
            refund = await _load_draft(connection, refund_id)
            if refund.ground is None or refund.requester_id is not None:
                raise NoSuchThing("ground")
            case = await load_case(connection, self._context, refund)
            await require_unchanged(connection, self._context, case)
            approved = await approve(connection, self._context, case, actor.user_id, screen=screen)
            return await current_case(connection, self._context, case, approved)

    async def find(self, refund_id: RefundId) -> RefundCase:
        """A refund for showing its outcome."""
        async with self._context.database.read() as connection:
            refund = await load_refund(connection, refund_id)
            return await load_case(connection, self._context, refund)

    async def _require_desk(self, actor: Actor, member_id: UserId | None) -> None:
        await self._guilds.require(actor, Duty.MODERATOR)
        if self.is_switched_off:
            raise RefundsSwitchedOff
        if actor.user_id == member_id:
            raise OwnAccount

    async def _require_own(self, actor: Actor, refund_id: RefundId) -> None:
        """A moderator's own draft; or one for the queue, of whoever prepares it."""
        async with self._context.database.read() as connection:
            refund = await load_refund(connection, refund_id)
        if refund.requester_id is None:
            await self._require_desk(actor, refund.member_id)
            if refund.moderator_id != actor.user_id or refund.guild_id != actor.guild_id:
                raise NotYours
            return
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        if self.is_switched_off:
            raise RefundsSwitchedOff
        if actor.user_id == refund.member_id:
            raise OwnAccount
        # What a member has asked for is prepared by anybody of the team.
        if refund.requester_id not in (actor.user_id, refund.member_id):
            raise NotYours


async def refundable_payments(connection: AsyncConnection, member_id: UserId) -> Sequence[Payment]:
    """The member's payments with something left to refund, newest first; raises NoPayments."""
    found = await payments.of_user(connection, member_id)
    refundable = [payment for payment in found if payment.refundable.amount > 0]
    if not refundable:
        raise NoPayments(member_id)
    return refundable


async def add_draft(
    connection: AsyncConnection,
    context: Context,
    actor: Actor,
    member_id: UserId,
    payment_id: PaymentId,
    *,
    moderator_id: UserId | None = None,
    requester_id: UserId | None = None,
    ticket_id: TicketId | None = None,
    ground: Ground | None = None,
    note: str | None = None,
) -> Refund:
    """Store where a refund begins; raises NoSuchThing, NotRefundable, or OwnAccount for one of the
    team who would give something back to themselves."""
    payment = await payments.find(connection, payment_id)
    customer = await customers.of_user(connection, member_id)
    if payment is None or customer is None or payment.customer_id != customer.id:
        raise NoSuchThing("payment")
    by_member = actor.user_id == requester_id == member_id
    if not by_member and await owns_account(connection, actor.user_id, customer.id, member_id):
        raise OwnAccount
    await require_refundable(connection, payment)
    refund = Refund(
        id=RefundId(context.new_id()),
        guild_id=actor.guild_id,
        moderator_id=moderator_id,
        member_id=member_id,
        payment_id=payment_id,
        subscription_id=payment.subscription_id,
        amount=payment.refundable,
        ground=ground,
        note=note,
        consequence=await consequence_of(connection, context, payment, payment.refundable),
        state=RefundState.DRAFT,
        created_at=context.clock(),
        requested_at=None,
        finished_at=None,
        provider_refund_id=None,
        provider_status=None,
        failure=None,
        requester_id=requester_id,
        ticket_id=ticket_id,
    )
    await refunds.add(connection, refund)
    return refund


def require_possible(case: RefundCase, amount: Money) -> None:
    """Raise InvalidAmount or PartialRefundUnsupported for what cannot be given back."""
    left = case.payment.refundable
    if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
        raise InvalidAmount(left=left)
    if amount != left and not case.may_be_partial:
        raise PartialRefundUnsupported(left=left)


async def require_unchanged(
    connection: AsyncConnection, context: Context, case: RefundCase
) -> None:
    """Raise NotRefundable, or ConsequenceChanged when it is not what people have looked at."""
    refund = case.refund
    await require_refundable(connection, case.payment, besides=refund.id)
    ends = await consequence_of(connection, context, case.payment, refund.amount)
    if ends is not refund.consequence or refund.amount.amount > case.payment.refundable.amount:
        raise ConsequenceChanged


async def _load_draft(connection: AsyncConnection, refund_id: RefundId) -> Refund:
    refund = await load_refund(connection, refund_id)
    if refund.state is not RefundState.DRAFT:
        raise RefundOver(state=refund.state)
    return refund
