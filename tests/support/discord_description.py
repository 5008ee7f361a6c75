"""Holds the Discord sandbox, and the bot that talks to it, against Discord's API description.

The description is Discord's OpenAPI document: ``$DISCORD_OPENAPI`` names a copy, else it is
looked for beside the repository. Attach a ``DescriptionChecker`` to ``sandbox.observers``: it
checks the query and body of every request of the bot and the status and body of every answer,
and the objects inside gateway events, which the description itself does not cover.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from bot.sandbox.discord import Exchange

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "discord-openapi.json"
_VERBS = ("get", "put", "post", "patch", "delete")
_DOCUMENT = "urn:discord"

PERMISSION_FIELDS = frozenset({"permissions", "allow", "deny", "default_member_permissions"})

# Query parameters that Discord takes though the description does not list them.
UNLISTED_QUERY = {
    # discord.py sends the length of a ban's clean-up here, and Discord honours it.
    ("PUT", "/guilds/{guild_id}/bans/{user_id}"): {"delete_message_seconds"},
}

_DIGITS = {"type": "string", "pattern": "^[0-9]+$"}

EVENT_SCHEMAS = {
    "MESSAGE_CREATE": "MessageResponse",
    "MESSAGE_UPDATE": "MessageResponse",
    "CHANNEL_CREATE": "GuildChannelResponse",
    "CHANNEL_UPDATE": "GuildChannelResponse",
    "CHANNEL_DELETE": "GuildChannelResponse",
    "THREAD_CREATE": "ThreadResponse",
    "THREAD_UPDATE": "ThreadResponse",
    "GUILD_CREATE": "GuildResponse",
    "GUILD_UPDATE": "GuildResponse",
    "GUILD_MEMBER_ADD": "GuildMemberResponse",
    "GUILD_MEMBER_UPDATE": "GuildMemberResponse",
}

# Where the description is wrong about the real Discord: the schema, and what it should say.
CORRECTIONS: dict[str, dict[str, Any]] = {
    # Field errors carry names such as BASE_TYPE_REQUIRED (developer documentation, "Error
    # Messages"); the description reuses the outer error, whose code is a number.
    "InnerErrors": {
        "type": "object",
        "required": ["_errors"],
        "properties": {
            "_errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                },
            }
        },
    },
}


def description_path() -> Path | None:
    """Where the description is; None when there is no copy on this machine."""
    named = os.environ.get("DISCORD_OPENAPI")
    path = Path(named) if named else _BESIDE
    return path if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the description does not allow; ``where`` names request or answer."""

    where: str
    message: str


class Description:
    """The API description: its operations, and validators compiled when first needed."""

    def __init__(self, path: Path) -> None:
        document, loose = _load(path), _load(path)
        _loosen(loose)
        self._document = document
        self._answers = jsonschema_rs.Registry([(_DOCUMENT, document)])
        self._requests = jsonschema_rs.Registry([(_DOCUMENT, loose)])
        self._validators: dict[tuple[bool, str], jsonschema_rs.Validator] = {}
        self._templates = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)) + "$"), template)
            for template in sorted(document["paths"], key=_literal_first)
        ]

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """The JSON pointer and the content of the operation that a request means."""
        for pattern, template in self._templates:
            item = self._document["paths"][template]
            if pattern.match(path) and method.lower() in item:
                pointer = f"/paths/{_escape(template)}/{method.lower()}"
                return pointer, item[method.lower()]
        return None

    def parameters(self, template_pointer: str) -> dict[str, str]:
        """The query parameters of an operation: name to the pointer of its schema."""
        path = template_pointer.split("/")[2].replace("~1", "/").replace("~0", "~")
        verb = template_pointer.rsplit("/", 1)[1]
        listed = self._document["paths"][path][verb].get("parameters") or []
        return {
            parameter["name"]: f"{template_pointer}/parameters/{index}/schema"
            for index, parameter in enumerate(listed)
            if parameter["in"] == "query"
        }

    def answer_pointer(self, pointer: str, operation: dict[str, Any], status: int) -> str | None:
        """The pointer of an answer's schema: "" when it has no body, None when undocumented."""
        responses = operation["responses"]
        key = str(status) if str(status) in responses else f"{status // 100}XX"
        if key not in responses:
            return None
        response, here = responses[key], f"{pointer}/responses/{key}"
        if "$ref" in response:
            here = response["$ref"].removeprefix("#")
            response = self._document["components"]["responses"][here.rsplit("/", 1)[1]]
        if "application/json" not in response.get("content", {}):
            return ""
        return f"{here}/content/application~1json/schema"

    def errors(self, pointer: str, value: object, *, request: bool) -> Iterator[str]:
        """What a value violates of the schema at a pointer."""
        key = (request, pointer)
        validator = self._validators.get(key)
        if validator is None:
            registry = self._requests if request else self._answers
            validator = jsonschema_rs.validator_for(
                {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "$ref": f"{_DOCUMENT}#{quote(pointer)}",
                },
                registry=registry,
                validate_formats=True,
            )
            self._validators[key] = validator
        for error in validator.iter_errors(value):
            spot = "/".join(str(part) for part in error.instance_path)
            yield f"{spot or 'body'}: {error.message[:300]}"


@cache
def description_at(path: Path) -> Description:
    """The description in a file, read once per process."""
    return Description(path)


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    document["components"]["schemas"] |= CORRECTIONS
    return document


def _literal_first(template: str) -> tuple[int, str]:
    return template.count("{"), template


def _escape(template: str) -> str:
    return template.replace("~", "~0").replace("/", "~1")


def _loosen(document: dict[str, Any]) -> None:
    """Accept in requests what Discord accepts: ids as integers, permissions as texts."""
    schemas = document["components"]["schemas"]
    text = schemas["SnowflakeType"]
    schemas["SnowflakeType"] = {"anyOf": [text, {"type": "integer", "minimum": 0}]}
    _accept_digits(document)


def _accept_digits(node: object) -> None:
    if isinstance(node, list):
        for part in node:
            _accept_digits(part)
    if not isinstance(node, dict):
        return
    for part in node.values():
        _accept_digits(part)
    properties = node.get("properties")
    if isinstance(properties, dict):
        for name in PERMISSION_FIELDS & properties.keys():
            properties[name] = {"anyOf": [properties[name], _DIGITS]}


class DescriptionChecker:
    """An observer of the sandbox that collects every violation of the description."""

    def __init__(self, path: Path) -> None:
        self._description = description_at(path)
        self.violations: list[Violation] = []
        self.checked = 0
        """How many exchanges and events were looked at."""

    def __call__(self, exchange: Exchange) -> None:
        """Check one exchange or gateway event."""
        self.checked += 1
        if exchange.method == "GATEWAY":
            self._check_event(exchange)
            return
        where = f"{exchange.method} {exchange.path}"
        found = self._description.operation(exchange.method, exchange.path.split("?")[0])
        if found is None:
            self._note(where, "the description has no such operation")
            return
        pointer, operation = found
        self._check_query(where, pointer, exchange)
        if 200 <= exchange.status < 300:
            self._check_body(where, pointer, operation, exchange)
        self._check_answer(where, pointer, operation, exchange)

    def _check_query(self, where: str, pointer: str, exchange: Exchange) -> None:
        known = self._description.parameters(pointer)
        unlisted = UNLISTED_QUERY.get((exchange.method, exchange.route or ""), set())
        for name, value in exchange.query.items():
            if name in unlisted:
                continue
            if name not in known:
                self._note(where, f"unknown query parameter {name!r}")
                continue
            readings = list(_readings(value))
            if all(
                any(self._description.errors(known[name], reading, request=True))
                for reading in readings
            ):
                self._note(where, f"query parameter {name}={value!r} does not fit")

    def _check_body(
        self, where: str, pointer: str, operation: dict[str, Any], exchange: Exchange
    ) -> None:
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            if exchange.request not in (None, {}):
                self._note(where, "the operation takes no body")
            return
        kind = "application/json" if "application/json" in content else "multipart/form-data"
        if exchange.multipart and "multipart/form-data" not in content:
            self._note(where, "the operation takes no files")
        if exchange.request is None:
            return
        schema = f"{pointer}/requestBody/content/{_escape(kind)}/schema"
        for error in self._description.errors(schema, exchange.request, request=True):
            self._note(f"{where} request", error)

    def _check_answer(
        self, where: str, pointer: str, operation: dict[str, Any], exchange: Exchange
    ) -> None:
        status = exchange.status
        if status == 0 or status >= 500:
            return
        schema = self._description.answer_pointer(pointer, operation, status)
        if schema is None:
            self._note(where, f"undocumented status {status}")
        elif schema == "":
            if exchange.response is not None:
                self._note(where, f"status {status} has no body")
        else:
            for error in self._description.errors(schema, exchange.response, request=False):
                self._note(f"{where} answer {status}", error)

    def _check_event(self, exchange: Exchange) -> None:
        name = EVENT_SCHEMAS.get(exchange.path)
        if name is None:
            return
        schema = f"/components/schemas/{name}"
        for error in self._description.errors(schema, exchange.response, request=False):
            self._note(f"event {exchange.path}", error)

    def _note(self, where: str, message: str) -> None:
        self.violations.append(Violation(where, message))

    def assert_clean(self) -> None:
        """Fail with every violation, when there is any."""
        lines = [f"{v.where}\n    {v.message}" for v in self.violations]
        assert not lines, f"{len(lines)} violations:\n" + "\n".join(lines[:40])


def _readings(value: str) -> Iterator[object]:
    """A query parameter has no type of its own: as text, number, truth value or list."""
    yield value
    if value.lstrip("-").isdigit():
        yield int(value)
    if value.lower() in ("true", "false", "1", "0"):
        yield value.lower() in ("true", "1")
    yield [value]
