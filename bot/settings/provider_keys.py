"""Which payment providers' accounts the environment opens."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from bot.domain.identifiers import CREEM, STRIPE, ProviderName
from bot.settings.environment import Environment, Unchecked
from bot.settings.problems import SettingsError


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """One account. `api_url` is the provider's own address unless a proxy stands in its place."""

    api_key: SecretStr
    webhook_secret: SecretStr
    api_url: str


def provider_keys(
    environment: Environment | Unchecked, *, sold_through: Collection[ProviderName]
) -> Mapping[ProviderName, ProviderKeys]:
    """The accounts that are given; raises SettingsError where one is missing or half given.

    A provider through which nothing is sold any more may still have paying customers, so its keys
    are taken as well.
    """
    given = {
        STRIPE: (
            environment.stripe_api_key,
            environment.stripe_webhook_secret,
            environment.stripe_api_url,
        ),
        CREEM: (
            environment.creem_api_key,
            environment.creem_webhook_secret,
            environment.creem_api_url,
        ),
    }
    problems: list[str] = []
    keys: dict[ProviderName, ProviderKeys] = {}
    for provider, (api_key, webhook_secret, api_url) in given.items():
        if api_key is not None and webhook_secret is not None:
            keys[provider] = ProviderKeys(api_key, webhook_secret, api_url)
        elif provider in sold_through or api_key is not None or webhook_secret is not None:
            for name, secret in (("API_KEY", api_key), ("WEBHOOK_SECRET", webhook_secret)):
                if secret is None:
                    problems.append(f"{provider.upper()}_{name} (environment or .env) is missing.")
    if problems:
        raise SettingsError(problems)
    return keys
