"""Rate limits: per-route buckets, the global limit, and the slow limit on channel renames.

Discord does not publish its numbers except the global one (50 requests a second) and that of
renames; those of the buckets below were read off its response headers by the community.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.discord.wire import ApiError

GLOBAL_LIMIT = 50
GLOBAL_SECONDS = 1.0
RENAME_LIMIT = 2
RENAME_SECONDS = 600.0

MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
EXEMPT_PREFIXES = ("/interactions/", "/webhooks/")
"""Interaction callbacks and their webhooks do not count against the global limit."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``limit`` requests in ``seconds``."""

    limit: int
    seconds: float


_DEFAULT = Rule(10, 10.0)
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
_REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"
RULES: dict[tuple[str, str], Rule] = {
    ("POST", "/channels/{channel_id}/messages"): Rule(5, 5.0),
    ("GET", "/channels/{channel_id}/messages"): Rule(5, 5.0),
    ("PATCH", _MESSAGE): Rule(5, 5.0),
    ("DELETE", _MESSAGE): Rule(5, 1.0),
    ("POST", "/channels/{channel_id}/messages/bulk-delete"): Rule(1, 3.0),
    ("POST", "/channels/{channel_id}/typing"): Rule(5, 5.0),
    ("PUT", _REACTION): Rule(1, 0.25),
    ("DELETE", _REACTION): Rule(1, 0.25),
    ("PATCH", "/channels/{channel_id}"): Rule(5, 15.0),
    ("POST", "/guilds/{guild_id}/channels"): Rule(10, 10.0),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"): Rule(10, 10.0),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"): Rule(10, 10.0),
    ("GET", "/guilds/{guild_id}/members/{user_id}"): Rule(5, 1.0),
    ("POST", "/users/@me/channels"): Rule(10, 10.0),
    ("GET", "/users/{user_id}"): Rule(30, 30.0),
    ("GET", "/users/@me"): Rule(30, 30.0),
    ("POST", _WEBHOOK): Rule(5, 2.0),
    ("PATCH", f"{_WEBHOOK}/messages/@original"): Rule(5, 2.0),
    ("GET", f"{_WEBHOOK}/messages/@original"): Rule(5, 2.0),
    ("DELETE", f"{_WEBHOOK}/messages/@original"): Rule(5, 2.0),
}


@dataclass(slots=True)
class _Window:
    rule: Rule
    bucket: str
    opened: float
    used: int = 0


class RateLimits:
    """The state of every bucket. ``ticker`` is a monotonic clock in seconds."""

    def __init__(self, *, enforced: bool, ticker: Callable[[], float] = time.monotonic) -> None:
        self.enforced = enforced
        self._ticker = ticker
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._hashes: dict[tuple[str, str], str] = {}
        self._global = _Window(Rule(GLOBAL_LIMIT, GLOBAL_SECONDS), "global", 0.0)
        self._renames: dict[str, list[float]] = {}

    def spend(self, method: str, route: str, params: dict[str, str]) -> dict[str, str]:
        """Count a request; returns the headers that tell where its bucket stands.

        Raises:
            ApiError: 429, with Retry-After in header and body.
        """
        if route.endswith("/callback"):
            return {}
        now = self._ticker()
        if self.enforced and not route.startswith(EXEMPT_PREFIXES):
            self._spend_global(now)
        window = self._window(method, route, params, now)
        if not self.enforced:
            return self._headers(window, now, used=1)
        if window.used >= window.rule.limit:
            raise self._limited(window, now)
        window.used += 1
        return self._headers(window, now, used=window.used)

    def rename(self, channel_id: str) -> None:
        """Count a change of a channel's name or topic: two in ten minutes.

        Raises:
            ApiError: 429 with the time until the next one is allowed.
        """
        if not self.enforced:
            return
        now = self._ticker()
        recent = [at for at in self._renames.get(channel_id, ()) if now - at < RENAME_SECONDS]
        if len(recent) >= RENAME_LIMIT:
            raise too_many(recent[0] + RENAME_SECONDS - now, scope="shared")
        self._renames[channel_id] = [*recent, now]

    def _spend_global(self, now: float) -> None:
        window = self._global
        if now - window.opened >= window.rule.seconds:
            window.opened, window.used = now, 0
        if window.used >= window.rule.limit:
            raise too_many(window.opened + window.rule.seconds - now, scope="global")
        window.used += 1

    def _window(self, method: str, route: str, params: dict[str, str], now: float) -> _Window:
        key = (method, route, *(params[name] for name in MAJOR if name in params))
        window = self._windows.get(key)
        if window is None:
            rule = RULES.get((method, route), _DEFAULT)
            window = _Window(rule, self._bucket(method, route), now)
            self._windows[key] = window
        elif now - window.opened >= window.rule.seconds:
            window.opened, window.used = now, 0
        return window

    def _bucket(self, method: str, route: str) -> str:
        known = self._hashes.get((method, route))
        if known is None:
            digest = hashlib.blake2s(f"{method} {route}".encode(), digest_size=16)
            known = self._hashes[method, route] = digest.hexdigest()
        return known

    def _headers(self, window: _Window, now: float, *, used: int) -> dict[str, str]:
        reset_after = max(window.opened + window.rule.seconds - now, 0.001)
        return {
            "X-RateLimit-Limit": str(window.rule.limit),
            "X-RateLimit-Remaining": str(window.rule.limit - used),
            "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
            "X-RateLimit-Bucket": window.bucket,
        }

    def _limited(self, window: _Window, now: float) -> ApiError:
        error = too_many(window.opened + window.rule.seconds - now, scope="user")
        error.headers |= self._headers(window, now, used=window.rule.limit)
        return error


def too_many(retry_after: float, *, scope: str) -> ApiError:
    """A 429. discord.py takes one without a ``Via`` header for a ban by Cloudflare."""
    headers = {
        "Retry-After": str(max(1, math.ceil(retry_after))),
        "Via": "1.1 google",
        "X-RateLimit-Scope": scope,
    }
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return ApiError(
        429,
        0,
        "You are being rate limited.",
        headers=headers,
        extra={"retry_after": round(retry_after, 3), "global": scope == "global"},
    )
