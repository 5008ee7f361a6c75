"""The usage API's OpenAPI document. `make openapi` writes it to docs/openapi.yaml."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.web.api_models import (
    USER_ID_PATTERN,
    AccountAnswer,
    ErrorAnswer,
    LinkAnswer,
    LinkOrder,
    UsageAnswer,
    UsageBatch,
)
from bot.web.signing import HEADER

_REFERENCE = "#/components/schemas/{model}"
_ANSWERS = (UsageAnswer, LinkAnswer, AccountAnswer, ErrorAnswer)
_REFUSALS = {
    400: ("NotJson", "The body is not JSON"),
    401: ("NotSigned", "Not signed, or the signature does not fit or is too old"),
    404: ("NotFound", "Not known"),
    409: ("Replayed", "The signature was used before"),
    413: ("TooLarge", "The body is larger than 1 MiB"),
    422: ("Invalid", "The body is not what is expected; `field` says where"),
    503: ("ProviderUnavailable", "The payment provider does not answer"),
}
_ABOUT = f"""\
Report what your customers use, link them to Discord users, and ask how they stand.

Every request carries `{HEADER}: t=<time>,v1=<signature>`. The time is in seconds since 1970, with
up to six decimals. The signature is the HMAC-SHA256, in lower-case hexadecimal, of
`<time>.<METHOD>.<path with query>.<body>` under your API_SECRET. It holds for 300 seconds and can
be used once: to repeat a request, sign it again with a new time.
"""


@cache
def document() -> Mapping[str, Any]:
    """OpenAPI 3.1, with the schemas that requests are checked against."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mooring usage API", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/", "description": "Your Mooring"}],
        "security": [{"signature": []}],
        "paths": {
            "/v1/usage": {"post": _usage()},
            "/v1/links": {"post": _links()},
            "/v1/accounts/{id}": {"get": _accounts()},
            "/v1/openapi.json": {"get": _openapi()},
        },
        "components": {
            "securitySchemes": {
                "signature": {"type": "apiKey", "in": "header", "name": HEADER},
            },
            "responses": {name: _refusal(description) for name, description in _REFUSALS.values()},
            "schemas": _schemas(),
        },
    }


def _usage() -> dict[str, Any]:
    return {
        "operationId": "recordUsage",
        "summary": "Report usage",
        "description": "Up to 1,000 entries, in one transaction. The answer says what became of "
        "each. Sending the same entries again is safe: their keys count once.",
        "requestBody": _takes(UsageBatch),
        "responses": _answers("What became of each entry", UsageAnswer, 400, 401, 409, 413, 422),
    }


def _links() -> dict[str, Any]:
    answers = _answers("They are linked", LinkAnswer, 400, 401, 404, 413, 422, 503)
    answers["409"] = _refusal(
        "The signature was used before (`replayed`), the customer is linked to another Discord "
        "user (`customer_taken`), or the Discord user to another customer (`user_taken`)"
    )
    return {
        "operationId": "link",
        "summary": "Link a customer to a Discord user",
        "description": "You vouch that they are the same person. One customer, one user. Linking "
        "those who are linked already changes nothing.",
        "requestBody": _takes(LinkOrder),
        "responses": answers,
    }


def _accounts() -> dict[str, Any]:
    return {
        "operationId": "showAccount",
        "summary": "How a customer stands",
        "description": "As Mooring knows it: the payment provider is not asked.",
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "The payment provider's id of the customer, or `discord:` and the "
                "id of the linked Discord user.",
                "schema": {
                    "type": "string",
                    "pattern": f"^(?:discord:{USER_ID_PATTERN}|[A-Za-z0-9_-]{{1,255}})$",
                },
            }
        ],
        "responses": _answers("How they stand", AccountAnswer, 401, 404, 409, 413, 422),
    }


def _openapi() -> dict[str, Any]:
    return {
        "operationId": "describe",
        "summary": "This document",
        "security": [],
        "responses": {
            "200": {
                "description": "OpenAPI 3.1",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }


def _takes(model: type[BaseModel]) -> dict[str, Any]:
    return {"required": True, "content": _content(model)}


def _answers(description: str, model: type[BaseModel], *refusals: int) -> dict[str, Any]:
    references = {
        str(status): {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"}
        for status in refusals
    }
    return {"200": {"description": description, "content": _content(model)}, **references}


def _refusal(description: str) -> dict[str, Any]:
    return {"description": description, "content": _content(ErrorAnswer)}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}


def _schemas() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [
            *((model, "validation") for model in (UsageBatch, LinkOrder)),
            *((model, "serialization") for model in _ANSWERS),
        ],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Any] = _without_titles(definitions["$defs"])
    return schemas


def _without_titles(schema: Any) -> Any:
    """Pydantic repeats every field's name as its title."""
    if isinstance(schema, dict):
        return {
            name: _without_titles(value)
            for name, value in schema.items()
            if not (name == "title" and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_without_titles(each) for each in schema]
    return schema
