"""What a refund would end, by everything that the store knows right now."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.money import Money
from bot.domain.refund import Consequence, Payment, consequence
from bot.services.context import Context
from bot.services.disputes import undisputed_where_decided
from storage import payments, refunds, subscriptions


async def consequence_of(
    connection: AsyncConnection, context: Context, payment: Payment, amount: Money
) -> Consequence:
    """What giving back `amount` of this payment means; a payment whose refund is under way covers
    nothing any more."""
    under_way = await refunds.payments_under_way(connection)
    paid = await payments.of_customer(connection, payment.customer_id)
    others = [
        other
        for other in await undisputed_where_decided(connection, paid)
        if other.id not in under_way
    ]
    subscription = (
        await subscriptions.find(connection, payment.subscription_id)
        if payment.subscription_id
        else None
    )
    return consequence(
        payment,
        amount,
        others=others,
        subscription=subscription,
        partial_ends_subscription=context.policy.refunds.partial_ends_subscription,
    )
