"""Creem's wire format: ids, times and error bodies.

Documented: the error body's fields, 400/403/404, a 403 without ``message``; ids of a prefix and
about 22 letters and digits; ISO times with milliseconds, except that transactions, refunds,
disputes and event envelopes carry milliseconds as numbers. Chosen: the wordings.
"""

import secrets
import string
import uuid
from datetime import UTC, datetime
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object as the API sends it."""

MODE = "test"
"""The ``mode`` of every object: this is a test environment."""

_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 22
_ERRORS = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


def new_id(prefix: str) -> str:
    """An id as Creem's look. Their length is none that the local Stripe gives."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))}"


def iso(at: int | None) -> str | None:
    """A time as most objects carry it."""
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def milliseconds(at: int | None) -> int | None:
    """A time as transactions carry it."""
    return None if at is None else at * 1000


class CreemError(Exception):
    """A refusal in Creem's error shape."""

    def __init__(self, *messages: str, status: int = 400) -> None:
        super().__init__("; ".join(messages))
        self.status = status
        self.messages = messages

    def body(self, *, at: float) -> Json:
        """What is answered; a refusal without a message (a wrong key) has no such field."""
        body: Json = {
            "trace_id": str(uuid.uuid4()),
            "status": self.status,
            "error": _ERRORS.get(self.status, "Internal Server Error"),
        }
        if self.messages:
            body["message"] = list(self.messages)
        return {**body, "timestamp": int(at * 1000)}


def not_found(noun: str) -> CreemError:
    """What a request for an unknown object gets."""
    return CreemError(f"{noun} not found", status=404)
