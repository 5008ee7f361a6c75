"""Reading request parameters: JSON bodies and query strings, all complaints at once.

Chosen: the wordings, after those of the framework that Creem's error examples suggest; that unknown
parameters are refused, because a client that relies on one would not find out here otherwise; that
a page holds at most 100 objects.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.creem.wire import CreemError, Json

Reader = Callable[[str, object], Any]
"""Turns a raw value into the one that is used. The text is the parameter's name, for errors."""

MAX_PAGE_SIZE = 100


def text(name: str, raw: object) -> str:
    if not isinstance(raw, str):
        raise CreemError(f"{name} must be a string")
    if not raw:
        raise CreemError(f"{name} should not be empty")
    return raw


def url(name: str, raw: object) -> str:
    value = text(name, raw)
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise CreemError(f"{name} must be a URL address")
    return value


def email(name: str, raw: object) -> str:
    value = text(name, raw)
    if not all(value.partition("@")):
        raise CreemError(f"{name} must be an email")
    return value


def boolean(name: str, raw: object) -> bool:
    if not isinstance(raw, bool):
        raise CreemError(f"{name} must be a boolean value")
    return raw


def number(name: str, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise CreemError(f"{name} must be a number")
    return raw


def integer(minimum: int) -> Reader:
    def read(name: str, raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise CreemError(f"{name} must be an integer number")
        if raw < minimum:
            raise CreemError(f"{name} must not be less than {minimum}")
        return raw

    return read


def count(maximum: int | None = None) -> Reader:
    """A whole number from 1 in a query string."""

    def read(name: str, raw: object) -> int:
        if not isinstance(raw, str) or not raw.isdecimal() or int(raw) < 1:
            raise CreemError(f"{name} must be a positive number")
        if maximum is not None and int(raw) > maximum:
            raise CreemError(f"{name} must not be greater than {maximum}")
        return int(raw)

    return read


def choice(*values: str) -> Reader:
    def read(name: str, raw: object) -> str:
        if raw not in values:
            listed = ", ".join(values)
            raise CreemError(f"{name} must be one of the following values: {listed}")
        return str(raw)

    return read


def metadata(name: str, raw: object) -> Json:
    if not isinstance(raw, dict):
        raise CreemError(f"{name} must be an object")
    return raw


def several(of: Reader) -> Reader:
    def read(name: str, raw: object) -> list[Any]:
        if not isinstance(raw, list):
            raise CreemError(f"{name} must be an array")
        return [of(f"{name}.{index}", value) for index, value in enumerate(raw)]

    return read


class Fields:
    """Named parameters, of which some are required."""

    def __init__(self, required: tuple[str, ...] = (), /, **readers: Reader) -> None:
        self._required = required
        self._readers = readers

    def read(self, given: Mapping[str, object]) -> Json:
        """Raises CreemError with every complaint."""
        return self._read("", given)

    def __call__(self, name: str, raw: object) -> Json:
        """As one parameter of others."""
        if not isinstance(raw, dict):
            raise CreemError(f"{name} must be an object")
        return self._read(f"{name}.", raw)

    def _read(self, prefix: str, given: Mapping[str, object]) -> Json:
        complaints = [
            f"property {prefix}{name} should not exist"
            for name in given
            if name not in self._readers
        ]
        values: Json = {}
        for name, reader in self._readers.items():
            if name not in given and name not in self._required:
                continue
            try:
                values[name] = reader(f"{prefix}{name}", given.get(name))
            except CreemError as error:
                complaints += error.messages
        if complaints:
            raise CreemError(*complaints)
        return values


def page(**filters: Reader) -> Fields:
    """Parameters of a request that answers with one page."""
    return Fields(page_number=count(), page_size=count(MAX_PAGE_SIZE), **filters)
