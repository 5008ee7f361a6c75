"""The payment providers that Mooring speaks: the one list to which another is added."""

from collections.abc import Callable, Mapping

from bot.billing.creem import CreemProvider
from bot.billing.provider import BillingProvider
from bot.billing.stripe import StripeProvider
from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import CREEM, STRIPE, ProviderName
from bot.settings import ProviderKeys

_ADAPTERS: Mapping[ProviderName, Callable[[ProviderKeys, Catalogue], BillingProvider]] = {
    STRIPE: lambda keys, catalogue: StripeProvider(
        api_key=keys.api_key,
        webhook_secret=keys.webhook_secret,
        api_url=keys.api_url,
        catalogue=catalogue,
    ),
    CREEM: lambda keys, catalogue: CreemProvider(
        api_key=keys.api_key,
        webhook_secret=keys.webhook_secret,
        api_url=keys.api_url,
        catalogue=catalogue,
    ),
}


def build_providers(
    keys: Mapping[ProviderName, ProviderKeys], catalogue: Catalogue
) -> dict[ProviderName, BillingProvider]:
    """An adapter for each account; the caller closes them."""
    return {name: _ADAPTERS[name](each, catalogue) for name, each in keys.items()}
