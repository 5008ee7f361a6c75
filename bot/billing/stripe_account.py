"""The connection to one Stripe account, and what its errors mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import stripe
from pydantic import SecretStr

from bot.billing.provider import ProviderRefusedError, ProviderUnavailableError
from bot.domain.catalogue import Catalogue

# Stripe answers well within this; a member's screen must not hang on a dead connection.
TIMEOUT_SECONDS = 20


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Raise the two errors of `bot.billing.provider` in place of Stripe's."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as error:
        raise ProviderUnavailableError(type(error).__name__) from error
    except stripe.StripeError as error:
        # A key that was rolled or lacks a right (401, 403) is for the vendor to mend. What members
        # have confirmed waits until then, as in every other outage.
        if error.http_status is not None and (
            error.http_status >= 500 or error.http_status in (401, 403, 409, 429)
        ):
            raise ProviderUnavailableError(type(error).__name__) from error
        raise ProviderRefusedError(error.code or type(error).__name__) from error


class StripeAccount:
    """What the parts of the adapter share."""

    def __init__(
        self,
        *,
        api_key: SecretStr,
        webhook_secret: SecretStr,
        api_url: str,
        catalogue: Catalogue,
    ) -> None:
        """`api_url` is Stripe's own address unless a proxy or a test stands in its place."""
        self._webhook_secret = webhook_secret
        self._catalogue = catalogue
        self._session = aiohttp.ClientSession()
        http_client = stripe.AIOHTTPClient(timeout=TIMEOUT_SECONDS, session=self._session)
        self._v1 = stripe.StripeClient(
            api_key.get_secret_value(),
            http_client=http_client,
            base_addresses={"api": api_url.rstrip("/")},
            max_network_retries=2,
        ).v1

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
