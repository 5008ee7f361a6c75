"""A small grammar of request parameters: what an endpoint accepts, and how each value is read.

Stripe refuses unknown, missing, empty and malformed parameters, each with its own error code. The
sandbox also refuses, as unknown, the parameters Stripe knows and the sandbox does not implement:
accepting them silently would make a test pass for the wrong reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Protocol

from bot.sandbox.stripe.wire import Form, Json, ValidationError

METADATA_KEYS = 50
METADATA_KEY_LENGTH = 40
METADATA_VALUE_LENGTH = 500


class Param(Protocol):
    """Reads one raw parameter; ``name`` is its full name on the wire, for errors."""

    def parse(self, raw: Form | str, name: str) -> object: ...


def _scalar(raw: Form | str, name: str, noun: str) -> str:
    if not isinstance(raw, str):
        raise ValidationError(f"Invalid {noun}: {name} must not be a group", param=name)
    if raw == "":
        raise ValidationError(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to "
            f"unset a parameter; however '{name}' cannot be unset. You should remove '{name}' "
            "from your request or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=name,
        )
    return raw


@dataclass(frozen=True, slots=True)
class Text:
    max_length: int = 5000

    def parse(self, raw: Form | str, name: str) -> object:
        value = _scalar(raw, name, "string")
        if len(value) > self.max_length:
            raise ValidationError(
                f"Invalid string: {value[:10]}...; must be at most {self.max_length} characters",
                param=name,
            )
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    minimum: int | None = None

    def parse(self, raw: Form | str, name: str) -> object:
        value = _scalar(raw, name, "integer")
        try:
            number = int(value)
        except ValueError:
            raise ValidationError(
                f"Invalid integer: {value}", code="parameter_invalid_integer", param=name
            ) from None
        if self.minimum is not None and number < self.minimum:
            raise ValidationError(
                f"Invalid {name}: must be greater than or equal to {self.minimum}",
                code="parameter_invalid_integer",
                param=name,
            )
        return number


@dataclass(frozen=True, slots=True)
class Number:
    def parse(self, raw: Form | str, name: str) -> object:
        value = _scalar(raw, name, "decimal")
        try:
            return float(Decimal(value))
        except InvalidOperation:
            raise ValidationError(f"Invalid decimal: {value}", param=name) from None


@dataclass(frozen=True, slots=True)
class Boolean:
    def parse(self, raw: Form | str, name: str) -> object:
        value = _scalar(raw, name, "boolean")
        if value not in ("true", "false"):
            raise ValidationError(f"Invalid boolean: {value}", param=name)
        return value == "true"


class Choice:
    """One of a closed set of strings."""

    def __init__(self, *values: str) -> None:
        self.values = values

    def parse(self, raw: Form | str, name: str) -> object:
        value = _scalar(raw, name, "string")
        if value not in self.values:
            options = ", ".join(self.values[:-1]) + f", or {self.values[-1]}"
            listed = options if len(self.values) > 1 else self.values[0]
            raise ValidationError(f"Invalid {name}: must be one of {listed}", param=name)
        return value


@dataclass(frozen=True, slots=True)
class Clearable:
    """An empty string unsets the field: read as None."""

    of: Param

    def parse(self, raw: Form | str, name: str) -> object:
        return None if raw == "" else self.of.parse(raw, name)


@dataclass(frozen=True, slots=True)
class Either:
    """The first reading that fits; the last one's error otherwise."""

    first: Param
    second: Param

    def parse(self, raw: Form | str, name: str) -> object:
        try:
            return self.first.parse(raw, name)
        except ValidationError:
            return self.second.parse(raw, name)


@dataclass(frozen=True, slots=True)
class Many:
    of: Param

    def parse(self, raw: Form | str, name: str) -> object:
        if isinstance(raw, str) or not all(key.isdecimal() for key in raw):
            raise ValidationError("Invalid array", param=name)
        indices = sorted(raw, key=int)
        return [self.of.parse(raw[index], f"{name}[{index}]") for index in indices]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Key-value strings; an empty value removes its key, an empty whole removes all (None)."""

    def parse(self, raw: Form | str, name: str) -> object:
        if raw == "":
            return None
        if isinstance(raw, str):
            raise ValidationError("Invalid object", param=name)
        if len(raw) > METADATA_KEYS:
            raise ValidationError(
                f"You may only specify up to {METADATA_KEYS} metadata keys", param=name
            )
        for key, value in raw.items():
            if not isinstance(value, str):
                raise ValidationError("Metadata values must be strings", param=f"{name}[{key}]")
            if len(key) > METADATA_KEY_LENGTH or len(value) > METADATA_VALUE_LENGTH:
                raise ValidationError(
                    f"Metadata keys can be up to {METADATA_KEY_LENGTH} characters and values up to "
                    f"{METADATA_VALUE_LENGTH} characters",
                    param=f"{name}[{key}]",
                )
        return dict(raw)


@dataclass(frozen=True, slots=True)
class Group:
    """Named parameters, of which some are required."""

    fields: Mapping[str, Param] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    def parse(self, raw: Form | str, name: str) -> Json:
        if isinstance(raw, str):
            raise ValidationError("Invalid object", param=name)
        unknown = [self._full(name, key) for key in raw if key not in self.fields]
        if unknown:
            noun = "parameter" if len(unknown) == 1 else "parameters"
            raise ValidationError(
                f"Received unknown {noun}: {', '.join(unknown)}",
                code="parameter_unknown",
                param=unknown[0],
            )
        for key in self.required:
            if key not in raw:
                full = self._full(name, key)
                raise ValidationError(
                    f"Missing required param: {full}.", code="parameter_missing", param=full
                )
        return {
            key: self.fields[key].parse(value, self._full(name, key)) for key, value in raw.items()
        }

    @staticmethod
    def _full(name: str, key: str) -> str:
        return f"{name}[{key}]" if name else key


EXPAND = Many(Text())
RANGE = Either(
    Integer(), Group({"gt": Integer(), "gte": Integer(), "lt": Integer(), "lte": Integer()})
)


def body(required: tuple[str, ...] = (), /, **fields: Param) -> Group:
    """Parameters of a request that answers with one object."""
    return Group({"expand": EXPAND, **fields}, required)


def listing(required: tuple[str, ...] = (), /, **fields: Param) -> Group:
    """Parameters of a request that answers with a page of objects."""
    page: dict[str, Param] = {
        "limit": Integer(minimum=1),
        "starting_after": Text(),
        "ending_before": Text(),
        "expand": EXPAND,
    }
    return Group({**page, **fields}, required)


def merge_metadata(current: dict[str, str], change: dict[str, str] | None) -> dict[str, str]:
    """Metadata after an update: given keys replaced, empty ones removed, None clears all."""
    if change is None:
        return {}
    return {key: value for key, value in {**current, **change}.items() if value != ""}
