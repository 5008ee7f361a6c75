"""Disputed payments, for the team to see."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.dispute import Dispute, with_the_banks_word
from bot.domain.identifiers import PaymentId, UserId
from bot.domain.refund import Payment
from bot.services.context import Context
from storage import customers, disputes, payments


@dataclass(frozen=True, slots=True)
class DisputeCase:
    """A payment with its disputes, newest first, and the member who made it.

    The payment is None when it belongs to no customer; there are no disputes yet when only the
    payment has told of one.
    """

    payment: Payment | None
    member_id: UserId | None
    disputes: tuple[Dispute, ...]


class DisputeService:
    """Reading; the bank decides, and the provider's dashboard is where the vendor answers."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def find(self, payment_id: PaymentId) -> DisputeCase:
        """All that is known about a disputed payment."""
        async with self._context.database.read() as connection:
            payment = await payments.find(connection, payment_id)
            found = await disputes.of_payment(connection, payment_id)
            customer = await customers.find(connection, payment.customer_id) if payment else None
        return DisputeCase(payment, customer.user_id if customer else None, tuple(found))


async def undisputed_where_decided(
    connection: AsyncConnection, paid: Sequence[Payment]
) -> list[Payment]:
    """The payments, those not disputed any more that the bank has left to the vendor."""
    marked = [each.id for each in paid if each.disputed]
    return with_the_banks_word(paid, await disputes.of_payments(connection, marked))
