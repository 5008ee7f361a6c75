"""Asking for a refund from a ticket: the member's wish, and support's request (S14, S30)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import (
    NoSuchThing,
    NotInTicket,
    NotRefundable,
    NotYours,
    OwnAccount,
    RefundOver,
    RefundsSwitchedOff,
    TicketOver,
)
from bot.domain.identifiers import (
    ERASED_USER,
    ChannelId,
    PaymentId,
    RefundId,
    TicketId,
    UserId,
)
from bot.domain.refund import (
    TOLD_TO_WHO_ASKED,
    Ground,
    Payment,
    Refund,
    RefundMode,
    RefundState,
    answer_to,
    is_proven_duplicate,
    is_settled_otherwise,
)
from bot.domain.refund_decision import Decision, DecisionKind
from bot.domain.refund_policy import Barred, OutsideWindow, OverCap
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import Ticket, TicketState
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.refund_approval import current_case, judge, move, refusal_of
from bot.services.refund_cases import (
    RefundCase,
    load_case,
    load_refund,
    record,
    require_refundable,
)
from bot.services.refund_jobs import bring_card_up_to_date, tell_ticket, tell_wish
from bot.services.refund_queue import deny_within
from bot.services.refunds import add_draft, refundable_payments, require_unchanged
from bot.services.ticket_turns import hand_to_member
from storage import jobs, payments, refund_wishes, refunds, ticket_work, tickets

# Stands for any moderator: what the policy would say to whoever comes.
NOBODY = ERASED_USER


class RefundRequestService:
    """From a ticket to the moderators' queue."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says who is support."""
        self._context = context
        self._guilds = guilds

    # The member

    async def choices(self, user_id: UserId, ticket_id: TicketId) -> Sequence[Payment]:
        """What the member of this ticket may ask back; raises RefundsSwitchedOff or NoPayments."""
        self._require_switched_on()
        await self._own_ticket(user_id, ticket_id)
        async with self._context.database.read() as connection:
            return await refundable_payments(connection, user_id)

    async def wish(
        self, actor: Actor, ticket_id: TicketId, payment_id: PaymentId, *, why: str
    ) -> RefundCase:
        """The member asks. It counts from this moment on, and support takes it up in the ticket.

        The ground is filled in where the bot can see it by itself: a proven duplicate (S30).
        """
        self._require_switched_on()
        await self._own_ticket(actor.user_id, ticket_id)
        member_id, now = actor.user_id, self._context.clock()
        async with self._context.database.write() as connection:
            ticket = await ticket_work.hold(connection, ticket_id)
            if ticket is None or ticket.state is not TicketState.OPEN:
                raise TicketOver  # closed meanwhile: a wish there would have no end
            if await refund_wishes.wish_of(connection, member_id, payment_id) is not None:
                raise NotRefundable(why="asked")
            wished = await add_draft(
                connection,
                self._context,
                actor,
                member_id,
                payment_id,
                requester_id=member_id,
                ticket_id=ticket_id,
                ground=await self._visible_ground(connection, payment_id),
                note=remove_secrets(why)[0] or None,
            )
            await record(connection, self._context, wished, "refund.asked", member_id)
            await jobs.add(connection, [tell_wish(wished)], now=now)
            return await load_case(connection, self._context, wished)

    async def _visible_ground(
        self, connection: AsyncConnection, payment_id: PaymentId
    ) -> Ground | None:
        ground = Ground.DUPLICATE_CHARGE
        payment = await payments.find(connection, payment_id)
        if payment is None or ground not in self._context.policy.refunds.grounds:
            return None
        others = await payments.of_customer(connection, payment.customer_id)
        return ground if is_proven_duplicate(payment, others) else None

    async def _own_ticket(self, user_id: UserId, ticket_id: TicketId) -> Ticket:
        ticket = await self._open_ticket(ticket_id)
        if ticket.opener_id != user_id:
            raise NotYours
        return ticket

    async def _open_ticket(self, ticket_id: TicketId) -> Ticket:
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
        if ticket is None:
            raise NoSuchThing("ticket")
        if ticket.state is not TicketState.OPEN:
            raise TicketOver
        return ticket

    # Support

    async def ticket_in(
        self, actor: Actor, channel_id: ChannelId
    ) -> tuple[Ticket, Sequence[Payment]]:
        """The open ticket of this channel and its member's payments, for support."""
        await self._require_team(actor)
        async with self._context.database.read() as connection:
            ticket = await tickets.at_channel(connection, channel_id)
            if ticket is None or ticket.guild_id != actor.guild_id:
                raise NotInTicket
            if ticket.state is not TicketState.OPEN:
                raise TicketOver
            if ticket.opener_id == actor.user_id:
                raise OwnAccount
            return ticket, await refundable_payments(connection, ticket.opener_id)

    async def draft(self, actor: Actor, ticket_id: TicketId, payment_id: PaymentId) -> RefundCase:
        """Support begins a request for the member of a ticket."""
        await self._require_team(actor)
        ticket = await self._open_ticket(ticket_id)
        if ticket.guild_id != actor.guild_id:
            raise NotInTicket
        async with self._context.database.write() as connection:
            drafted = await add_draft(
                connection,
                self._context,
                actor,
                ticket.opener_id,
                payment_id,
                requester_id=actor.user_id,
                ticket_id=ticket_id,
            )
            return await load_case(connection, self._context, drafted)

    async def take_up(self, actor: Actor, refund_id: RefundId) -> RefundCase:
        """Look at what the member has asked for, as somebody of the team."""
        await self._require_team(actor)
        async with self._context.database.read() as connection:
            refund = await load_refund(connection, refund_id)
            if refund.state is not RefundState.DRAFT:
                raise RefundOver(state=refund.state)
            if refund.requester_id not in (actor.user_id, refund.member_id):
                raise NotYours
            if refund.member_id == actor.user_id:
                raise OwnAccount
            return await load_case(connection, self._context, refund)

    async def submit(self, actor: Actor, refund_id: RefundId, *, note: str) -> RefundCase:
        """Put it before the moderators. Whoever does cannot approve it.

        Raises NotRefundable, ConsequenceChanged, or what the policy says to every moderator.
        """
        await self.take_up(actor, refund_id)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await self._hold_ticket(connection, refund_id)
            refund = await load_refund(connection, refund_id)
            if refund.state is not RefundState.DRAFT:
                raise RefundOver(state=refund.state)
            case = await load_case(connection, self._context, refund)
            await require_unchanged(connection, self._context, case)
            verdict = await judge(connection, self._context, case, NOBODY, now=now)
            if isinstance(verdict, Barred | OutsideWindow | OverCap):
                raise refusal_of(verdict)
            submitted = await move(connection, refund, RefundState.SUBMITTED, submitted_at=now)
            said = remove_secrets(note)[0] or None
            decision = Decision(actor.user_id, DecisionKind.SUBMITTED, said, now)
            await refunds.add_decision(connection, refund.id, decision)
            await record(connection, self._context, submitted, "refund.submitted", actor.user_id)
            new = [bring_card_up_to_date(submitted, "submitted"), tell_ticket(submitted)]
            await jobs.add(connection, new, now=now)
            await self._end_of_wish(connection, submitted)
            return await current_case(connection, self._context, case, submitted)

    async def require_declining(self, actor: Actor, refund_id: RefundId) -> RefundCase:
        """The member's wish, if this person of the team may say no to it now; raises otherwise."""
        async with self._context.database.read() as connection:
            return await self._undecided_wish(connection, actor, refund_id)

    async def decline(self, actor: Actor, refund_id: RefundId, *, reason: str) -> RefundCase:
        """Say no without the moderators, with a reason that the member can read."""
        await self.require_declining(actor, refund_id)
        said = remove_secrets(reason)[0]
        async with self._context.database.write() as connection:
            await self._hold_ticket(connection, refund_id)
            case = await self._undecided_wish(connection, actor, refund_id)
            denied = await deny_within(connection, self._context, case, actor.user_id, why=said)
            await self._end_of_wish(connection, denied.refund)
            return denied

    async def _end_of_wish(self, connection: AsyncConnection, refund: Refund) -> None:
        """The member has been heard: from now on silence counts again in their ticket."""
        if refund.is_by_member and refund.ticket_id is not None:
            await hand_to_member(connection, self._context, refund.ticket_id)

    async def _hold_ticket(self, connection: AsyncConnection, refund_id: RefundId) -> None:
        """First the ticket, then what was asked for in it, as whoever closes it does."""
        refund = await load_refund(connection, refund_id)
        if refund.ticket_id is not None:
            await ticket_work.hold(connection, refund.ticket_id)

    async def _undecided_wish(
        self, connection: AsyncConnection, actor: Actor, refund_id: RefundId
    ) -> RefundCase:
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        refund = await load_refund(connection, refund_id)
        if refund.state is not RefundState.DRAFT:
            raise RefundOver(state=refund.state)
        if not refund.is_by_member:
            raise NoSuchThing("request")
        if refund.member_id == actor.user_id:
            raise OwnAccount
        case = await load_case(connection, self._context, refund)
        of_payment = await refunds.of_payment(connection, refund.payment_id)
        if is_settled_otherwise(refund, case.payment, of_payment):
            await require_refundable(connection, case.payment, besides=refund.id)
            answer = answer_to(refund, of_payment)
            if answer is not None and answer.state in TOLD_TO_WHO_ASKED:
                raise RefundOver(state=answer.state)
            raise NotRefundable(why="in_progress")
        return case

    async def _require_team(self, actor: Actor) -> None:
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        self._require_switched_on()

    def _require_switched_on(self) -> None:
        if self._context.policy.refunds.mode is RefundMode.NONE:
            raise RefundsSwitchedOff
