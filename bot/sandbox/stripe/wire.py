"""Stripe's v1 wire format: nested form parameters in, error bodies out."""

import re
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Json: TypeAlias = dict[str, Any]
"""A JSON object as the API sends it."""

Form: TypeAlias = "dict[str, Form | str]"
"""Decoded form parameters; arrays are groups whose keys are indices."""

API_VERSION = "2026-10-28.endive"

_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


class StripeError(Exception):
    """A refusal in Stripe's error shape. ``kind`` is the error's ``type``; ``facts`` are its
    further fields."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **facts: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self._error: Json = {"message": message, "type": kind, **facts}
        if code is not None:
            self._error["code"] = code
            self._error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param is not None:
            self._error["param"] = param

    def body(self, request_id: str) -> Json:
        log_url = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": {**self._error, "request_log_url": log_url}}


class ValidationError(StripeError):
    """The parameters were refused before the endpoint began its work (such answers are not saved
    under an idempotency key)."""


def missing(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    return StripeError(
        f"No such {kind.replace('_', ' ') if kind == 'payment_method' else kind}: '{object_id}'",
        status=status,
        code="resource_missing",
        param=param,
    )


def decode_form(text: str) -> Form:
    """``a[b][0][c]=1&e[]=x`` as nested groups. Raises ValidationError where two parameters
    clash."""
    form: Form = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        head = key.partition("[")[0]
        path = [head, *_SEGMENT.findall(key[len(head) :])]
        _place(form, path, value)
    return form


def _place(form: Form, path: list[str], value: str) -> None:
    group = form
    for segment in path[:-1]:
        inner = group.setdefault(segment or str(len(group)), {})
        if isinstance(inner, str):
            raise ValidationError(f"Invalid request: {path[0]} is both a value and a group")
        group = inner
    last = path[-1] or str(len(group))
    if last in group:
        raise ValidationError(f"Invalid request: {path[0]} was given more than once")
    group[last] = value
