"""What the next renewal takes, as the reminder of it says (fairness rule 7)."""

from bot.billing.provider import BillingProvider, ProviderRefusedError, ProviderUnavailableError
from bot.domain.identifiers import SubscriptionId
from bot.domain.money import Money
from bot.domain.notice import RenewalComing
from bot.domain.offer import discount_of, next_price
from bot.domain.subscription import Subscription
from bot.services.context import Context
from storage import offers

TRIES_FOR_A_PREVIEW = 4


async def renewal_coming(
    context: Context, provider: BillingProvider, subscription: Subscription, *, attempts: int
) -> RenewalComing:
    """The provider's own figure; where it has none, the price with what was agreed to."""
    async with context.database.read() as connection:
        agreed = await offers.terms_in_effect(connection, subscription.id)
    discount = discount_of(subscription, agreed, now=context.clock())
    charge = await _preview(provider, subscription.id, attempts=attempts)
    return RenewalComing(subscription, charge or next_price(subscription, discount), discount)


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
