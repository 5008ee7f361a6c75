"""A member's wish for a refund lives in a ticket: it ends with it, or goes on with it (S14)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import TicketId
from bot.domain.refund import Refund, RefundState, is_answered
from bot.domain.ticket import Ticket
from bot.services.refund_cases import record_at
from bot.services.refund_jobs import tell_member, tell_wish
from storage import jobs, refunds


async def end_wishes(
    connection: AsyncConnection, ticket_id: TicketId, *, now: datetime
) -> Sequence[Refund]:
    """End what nobody has taken up in a ticket that closes, and have the member told.

    Returns what ended without an answer. Of a wish whose payment was dealt with in another way the
    member has heard.
    """
    unanswered = []
    for wish in await refunds.lapse_wishes(connection, ticket_id, now=now):
        await record_at(connection, wish, "refund.lapsed", None, now=now)
        if not is_answered(wish, await refunds.of_payment(connection, wish.payment_id)):
            unanswered.append(wish)
    await jobs.add(connection, [job for each in unanswered for job in tell_member(each)], now=now)
    return unanswered


async def go_along(
    connection: AsyncConnection, source: Ticket, target: TicketId, *, now: datetime
) -> None:
    """What is not over in a ticket that is merged goes on in the other one: a wish can be taken up
    there."""
    moved = await refunds.move_to_ticket(connection, source.id, target)
    wishes = [
        tell_wish(each, asked_in=source.number)
        for each in moved
        if each.is_by_member and each.state is RefundState.DRAFT
    ]
    await jobs.add(connection, wishes, now=now)
