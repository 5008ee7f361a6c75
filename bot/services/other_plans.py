"""What a member has besides one subscription, read for the screens that tell of its end."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import AttemptState
from bot.domain.identifiers import CustomerId, SubscriptionId
from bot.domain.other_plans import OtherPlan, plans_besides
from storage import cancel_attempts, subscriptions


async def other_plans(
    connection: AsyncConnection,
    customer_id: CustomerId,
    *,
    besides: SubscriptionId,
    after: datetime,
    now: datetime,
) -> tuple[OtherPlan, ...]:
    """Of this customer's other subscriptions, what goes on or is still on after that moment."""
    known = await subscriptions.of_customers(connection, [customer_id])
    requested_ends: dict[SubscriptionId, datetime] = {}
    for each in known:
        attempt = await cancel_attempts.unfinished(connection, each.id)
        if attempt is not None and attempt.state is AttemptState.REQUESTED:
            requested_ends[each.id] = attempt.effective_at or now
    return plans_besides(
        known, besides=besides, requested_ends=requested_ends, after=after, now=now
    )
