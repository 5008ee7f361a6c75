"""Idempotency keys: the saved answers of POST requests.

Stripe saves the status and body of the first request under a key once its work began, errors and
500s included, and replays them. Answers given before the work (validation, rate limits, a conflict)
are not saved. The sandbox keeps keys for as long as it lives; Stripe promises at least 24 hours.
"""

from dataclasses import dataclass

from bot.sandbox.stripe.wire import Json, StripeError

MAX_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Saved:
    status: int
    body: Json


class IdempotencyKeys:
    def __init__(self) -> None:
        self._fingerprints: dict[str, str] = {}
        self._saved: dict[str, Saved] = {}
        self._running: set[str] = set()

    def begin(self, key: str, fingerprint: str) -> Saved | None:
        """The saved answer, or None for a new key, which then is in use until ``finish`` or
        ``abandon_unfinished``. Raises StripeError for a key with other parameters or one whose
        first request still runs."""
        if not 0 < len(key) <= MAX_LENGTH:
            raise StripeError(
                f"Idempotency keys must be between 1 and {MAX_LENGTH} characters.",
                kind="idempotency_error",
            )
        known = self._fingerprints.setdefault(key, fingerprint)
        if known != fingerprint:
            raise StripeError(
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                kind="idempotency_error",
            )
        saved = self._saved.get(key)
        if saved is None and key in self._running:
            raise StripeError(
                "There is currently another in-progress request using this Idempotent Key (that "
                "probably means you submitted twice, and the other request is still going "
                f"through): {key}. Please try again later.",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        if saved is None:
            self._running.add(key)
        return saved

    def finish(self, key: str, saved: Saved) -> None:
        self._running.discard(key)
        self._saved[key] = saved

    def abandon_unfinished(self, key: str) -> None:
        """Free a key whose request ended without an answer to save. Finished ones stay."""
        self._running.discard(key)
        if key not in self._saved:
            self._fingerprints.pop(key, None)
