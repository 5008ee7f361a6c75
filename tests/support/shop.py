"""The Stripe adapter pointed at a local Stripe in which Mia pays for Pro."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from bot.billing.stripe import StripeProvider
from bot.domain.identifiers import CustomerId, SubscriptionId
from bot.domain.refund import Payment
from bot.sandbox.scene import CONFIGURATION, STRIPE_KEY, WEBHOOK_SECRET, Scene
from bot.sandbox.stripe import StripeSandbox
from bot.settings import load_configuration


@dataclass(slots=True)
class Shop:
    """Mia pays for Pro in this Stripe."""

    stripe: StripeSandbox
    provider: StripeProvider
    mia: CustomerId
    pro: SubscriptionId

    @property
    def subscription(self) -> dict[str, object]:
        """Mia's, as Stripe has it now."""
        return self.stripe.get(self.pro)

    async def payment(self) -> Payment:
        """Mia's only one, as the adapter reads it."""
        [payment] = (await self.provider.fetch_account(self.mia)).payments
        return payment


def provider_of(url: str, *, key: str = STRIPE_KEY) -> StripeProvider:
    """The adapter, as production builds it."""
    return StripeProvider(
        api_key=SecretStr(key),
        webhook_secret=SecretStr(WEBHOOK_SECRET),
        api_url=url,
        catalogue=load_configuration(CONFIGURATION).to_catalogue(),
    )


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    """Started, and stopped at the end."""
    scene = Scene()
    await scene.stripe.start()
    provider = provider_of(scene.stripe.api_url)
    yield Shop(
        scene.stripe,
        provider,
        CustomerId(scene.mia_customer),
        SubscriptionId(scene.mia_subscription),
    )
    await provider.close()
    await scene.stripe.stop()
