"""Payments for what had ended by then: they start nothing, and a person decides (rule S14).

A provider can leave the last invoice of an ended subscription open, and it can be paid for months.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import PaymentId, UserId
from bot.domain.job import NewJob
from bot.domain.refund import Payment
from bot.domain.subscription import Subscription
from bot.services.changes import Change
from bot.services.context import Context
from storage import customers, jobs, payments, subscriptions

TELL = "payment.tell_late"
# As far back as payments are read: what a debit takes days for, or an outage has hidden, is money.
TOLD_FOR = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class LatePayment:
    """`member_id` is None where nobody has linked the customer."""

    payment: Payment
    subscription: Subscription
    member_id: UserId | None


async def note_late(
    connection: AsyncConnection, changed: Sequence[Change[Payment]], *, now: datetime
) -> None:
    """Have the team told of each once, in the transaction that learns of it."""
    new = [
        each.after
        for each in changed
        if each.before is None
        and each.after.subscription_id is not None
        and each.after.paid_at > now - TOLD_FOR
    ]
    known = await subscriptions.find_many(
        connection, [each.subscription_id for each in new if each.subscription_id is not None]
    )
    late = [
        NewJob(TELL, f"payment-late:{each.id}", {"payment_id": each.id})
        for each in new
        if each.subscription_id in known and each.came_after(known[each.subscription_id])
    ]
    if late:
        await jobs.add(connection, late, now=now)


class LatePaymentService:
    """Reading, for the team."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def find(self, payment_id: PaymentId) -> LatePayment | None:
        """None when there is nothing left to decide."""
        async with self._context.database.read() as connection:
            payment = await payments.find(connection, payment_id)
            if payment is None or payment.subscription_id is None:
                raise NoSuchThing("payment")
            subscription = await subscriptions.find(connection, payment.subscription_id)
            customer = await customers.find(connection, payment.customer_id)
        if subscription is None or not payment.came_after(subscription):
            return None
        if payment.refundable.amount == 0:
            return None
        return LatePayment(payment, subscription, customer.user_id if customer else None)
