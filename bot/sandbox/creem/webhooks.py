"""Creem's events on their way to the vendor.

Documented: ``creem-signature`` is the hex HMAC-SHA256 of the raw body with the webhook secret,
without a time in it; retries come after 30 s, 1 min, 5 min and 1 h, then no more.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence

from bot.sandbox.creem.wire import Json
from bot.sandbox.creem.world import World
from bot.sandbox.delivery import DeliveryLoop, Letter


def signature(secret: str, payload: bytes) -> str:
    """The ``creem-signature`` header."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


class Webhooks(DeliveryLoop):
    """Events go to ``url``; without one they are only kept."""

    def __init__(
        self, world: World, *, secret: str, retry_delays: Sequence[float], timeout: float
    ) -> None:
        super().__init__(retry_delays=retry_delays, timeout=timeout, now=world.clock.now)
        self._secret = secret
        world.on_event = self.accept

    def accept(self, event: Json) -> None:
        if self.url:
            self.send(event)

    def letter(self, event: Json, _endpoint: str | None, /) -> Letter | None:
        if self.url is None:
            return None
        payload = json.dumps(event, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "creem-signature": signature(self._secret, payload),
        }
        return Letter(self.url, payload, headers)
