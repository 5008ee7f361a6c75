"""What is charged next, as the reminder of it says (fairness rule 7)."""

from bot.billing.provider import BillingProvider, ProviderRefusedError, ProviderUnavailableError
from bot.domain.identifiers import SubscriptionId
from bot.domain.money import Money
from bot.domain.subscription import Subscription

TRIES_FOR_A_PREVIEW = 4


async def next_charge(
    provider: BillingProvider, subscription: Subscription, *, attempts: int
) -> Money:
    """The provider's own figure; where it has none, the price with what was agreed to."""
    charge = await _preview(provider, subscription.id, attempts=attempts)
    return subscription.next_charge if charge is None else charge


async def _preview(
    provider: BillingProvider, subscription_id: SubscriptionId, *, attempts: int
) -> Money | None:
    """A provider that stays silent, for example for want of a right, does not hold it back."""
    try:
        return await provider.next_charge(subscription_id)
    except ProviderRefusedError:
        return None
    except ProviderUnavailableError:
        if attempts < TRIES_FOR_A_PREVIEW:
            raise
        return None
