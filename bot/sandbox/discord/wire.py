"""What goes over the wire: JSON encoding, timestamps and Discord's error shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object whose shape Discord's API description defines."""

# One prepared encoder: json.dumps with own separators would build a new one for every call.
encode = json.JSONEncoder(separators=(",", ":")).encode


def iso(timestamp: float) -> str:
    """A Unix time in seconds as Discord writes times."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="microseconds")


class ApiError(Exception):
    """A refusal in Discord's shape.

    Args:
        status: the HTTP status.
        code: Discord's JSON error code (0 for a plain HTTP error).
        message: the text beside the code.
        errors: for code 50035, the tree of field errors.
        headers: extra response headers.
        extra: further top-level keys of the body (``retry_after`` and ``global`` of a 429).
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        headers: dict[str, str] | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra or {}

    def body(self) -> Json:
        """The JSON body of the answer."""
        body: Json = {"message": self.message, "code": self.code, **self.extra}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


def unknown(code: int, noun: str) -> ApiError:
    """404 for an object that does not exist (codes 10003 and following)."""
    return ApiError(404, code, f"Unknown {noun}")


def not_found() -> ApiError:
    """404 for a path that the API does not have."""
    return ApiError(404, 0, "404: Not Found")


def missing_access() -> ApiError:
    """The caller cannot see the channel."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """The caller sees the object but may not do this."""
    return ApiError(403, 50013, "Missing Permissions")
