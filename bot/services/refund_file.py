"""The facts of a refund that waits, for the moderators who decide (rule S14)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ChannelId, TicketId
from bot.domain.refund import Payment, Refund
from bot.domain.ticket import Ticket, TicketState
from bot.services.context import Context
from bot.services.refund_cases import RefundCase, load_case
from storage import (
    ledger,
    payments,
    refunds,
    ticket_people,
    ticket_work,
    tickets,
    withdrawals,
)

MOST_CHARGES = 5
MOST_EARLIER = 5
# A withdrawal has to be paid back within this time of the member's statement.
PAY_BACK_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class RefundFile:
    """A case with what a person needs to decide it.

    `used` is what was used in the period that was paid for, `granted` what there was to use; both
    None for a payment without a period. `charges` are the customer's other payments in that
    period, `earlier` what was decided about their other payments, newest first. `due_at` is set
    for a withdrawal, `window_end` where the policy has one. `is_overheard`: others were added to
    the ticket, and it may have been asked for in one that was merged into it, which they do not
    read.
    """

    case: RefundCase
    used: int | None
    granted: int | None
    charges: tuple[Payment, ...]
    earlier: tuple[Refund, ...]
    ticket: Ticket | None
    window_end: datetime | None
    due_at: datetime | None
    is_overheard: bool = False

    @property
    def ticket_channel_id(self) -> ChannelId | None:
        """Where the member can be told; None once the ticket is closed."""
        if self.ticket is None or self.ticket.state is not TicketState.OPEN:
            return None
        return self.ticket.channel_id


async def open_file(connection: AsyncConnection, context: Context, refund: Refund) -> RefundFile:
    """Everything that the store knows about it right now."""
    case = await load_case(connection, context, refund)
    payment, policy = case.payment, context.policy.refunds
    used = granted = None
    if payment.subscription_id and payment.period_start and payment.period_end:
        used, granted = await ledger.used_between(
            connection,
            payment.subscription_id,
            since=payment.period_start,
            until=payment.period_end,
        )
    charges = [
        other
        for other in await payments.of_customer(connection, payment.customer_id)
        if other.id != payment.id and _same_time(other, payment)
    ]
    earlier = await refunds.earlier(
        connection, payment.customer_id, besides=refund.id, limit=MOST_EARLIER
    )
    ticket = await tickets.find(connection, refund.ticket_id) if refund.ticket_id else None
    withdrawn = (
        await withdrawals.find(connection, refund.withdrawal_id) if refund.withdrawal_id else None
    )
    has_window = refund.ground is not None and withdrawn is None
    return RefundFile(
        case=case,
        used=used,
        granted=granted,
        charges=tuple(charges[:MOST_CHARGES]),
        earlier=tuple(earlier),
        ticket=ticket,
        window_end=(
            policy.window_end(refund.ground, payment.paid_at)
            if has_window and refund.ground
            else None
        ),
        due_at=withdrawn.requested_at + PAY_BACK_WITHIN if withdrawn else None,
        is_overheard=ticket is not None and await _is_overheard(connection, refund, ticket.id),
    )


async def _is_overheard(connection: AsyncConnection, refund: Refund, ticket_id: TicketId) -> bool:
    if not await ticket_people.of_ticket(connection, ticket_id):
        return False
    merged = await ticket_work.merged_into(connection, ticket_id)
    return any(each.closed_at and each.closed_at >= refund.created_at for each in merged)


def _same_time(other: Payment, payment: Payment) -> bool:
    """Whether it was paid in the period that the payment paid for, or within a day of it."""
    if payment.period_start is None or payment.period_end is None:
        return abs(other.paid_at - payment.paid_at) <= timedelta(days=1)
    return payment.period_start <= other.paid_at < payment.period_end or (
        (other.period_start, other.period_end) == (payment.period_start, payment.period_end)
    )
