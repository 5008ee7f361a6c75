"""A member's wish for a refund lives in a ticket: it ends with it, or goes on with it (S14)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import TicketId
from bot.domain.refund import Refund, is_settled_otherwise
from bot.domain.ticket import Ticket
from bot.services.refund_cases import record_at
from bot.services.refund_jobs import tell_member, tell_wish
from storage import jobs, payments, refund_wishes, refunds


async def end_wishes(
    connection: AsyncConnection, ticket_id: TicketId, *, now: datetime
) -> Sequence[Refund]:
    """End what nobody has taken up in a ticket that closes, and have the member told.

    Returns what ended without an answer. A wish that was settled in another way ends without a
    word: the member has heard of it, or has the money.
    """
    unanswered = []
    for wish in await refund_wishes.lapse_wishes(connection, ticket_id, now=now):
        await record_at(connection, wish, "refund.lapsed", None, now=now)
        of_payment = await refunds.of_payment(connection, wish.payment_id)
        payment = await payments.find(connection, wish.payment_id)
        if payment is None or not is_settled_otherwise(wish, payment, of_payment):
            unanswered.append(wish)
    await jobs.add(connection, [job for each in unanswered for job in tell_member(each)], now=now)
    return unanswered


async def go_along(
    connection: AsyncConnection, source: Ticket, target: TicketId, *, now: datetime
) -> None:
    """A wish in a ticket that is merged can be taken up in the other one.

    What was taken up stays with its own ticket: who was added to the other one reads nothing of it,
    and the member hears how it ends by direct message and by mail.
    """
    moved = await refund_wishes.move_wishes(connection, source.id, target)
    wishes = [tell_wish(each, asked_in=source.number) for each in moved]
    await jobs.add(connection, wishes, now=now)
