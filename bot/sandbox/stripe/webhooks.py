"""Stripe's events on their way to the webhook endpoints: which get them, and signed how."""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence

from bot.sandbox.delivery import DeliveryLoop, Letter
from bot.sandbox.stripe.wire import Json
from bot.sandbox.stripe.world import World


def signature(secret: str, payload: bytes, at: int) -> str:
    """The ``Stripe-Signature`` header: HMAC-SHA256 of ``"{t}.{body}"``."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Webhooks(DeliveryLoop):
    """``wall_clock`` signs, because a receiver checks the signature's age with its own clock. An
    endpoint is a webhook endpoint's id, None for ``url``."""

    def __init__(
        self,
        world: World,
        *,
        secret: str,
        retry_delays: Sequence[float],
        timeout: float,
        wall_clock: Callable[[], float],
    ) -> None:
        super().__init__(
            retry_delays=retry_delays, timeout=timeout, now=world.clock.now, taken=_count_down
        )
        self._world = world
        self._secret = secret
        self._wall_clock = wall_clock
        world.on_event = self.accept
        world.webhook_count = lambda kind: len(self._endpoints_for(kind))

    def accept(self, event: Json) -> None:
        for endpoint in self._endpoints_for(event["type"]):
            self.send(event, endpoint)

    def letter(self, event: Json, endpoint: str | None, /) -> Letter | None:
        url, secret = self._address(endpoint)
        if url is None:
            return None
        payload = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(secret, payload, int(self._wall_clock())),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        return Letter(url, payload, headers)

    def _endpoints_for(self, kind: str) -> list[str | None]:
        endpoints: list[str | None] = [
            endpoint["id"]
            for endpoint in self._world.store.oldest_first("webhook_endpoint")
            if endpoint["status"] == "enabled" and {"*", kind} & set(endpoint["enabled_events"])
        ]
        return [None, *endpoints] if self.url else endpoints

    def _address(self, endpoint: str | None) -> tuple[str | None, str]:
        """URL (None when it is gone) and secret."""
        if endpoint is None:
            return self.url, self._secret
        found = self._world.store.find("webhook_endpoint", endpoint)
        return found["url"] if found else None, self._world.endpoint_secrets[endpoint]


def _count_down(event: Json) -> None:
    event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
