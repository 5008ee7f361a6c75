"""What the usage API answers when it refuses: always JSON, never anything of what was sent."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import structlog
from aiohttp import web
from pydantic import ValidationError

from bot.billing.provider import ProviderUnavailableError
from bot.domain.errors import AccountTaken, AlreadyLinked, NoSuchThing
from bot.web.api_models import BY_CUSTOMER, BY_USER, ErrorAnswer, Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LONGEST_FIELD = 100
_RETRY_SECONDS = 30
_BODY_IS_NO_JSON = frozenset({"json_invalid", "json_type", "string_unicode"})
_OF_HTTP: Mapping[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The body is larger than 1 MiB. Send fewer entries at once."),
}

_log = structlog.get_logger(__name__)


class ApiError(Exception):
    """A refusal as it goes out."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`message` is for the developer who reads it; `code` for their program."""
        super().__init__(code)
        self.status = status
        self.headers = headers
        self.problem = Problem(code=code, message=message, field=field)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one error boundary of the API."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - everybody gets an answer
        refusal = _refusal(error, request)
    return web.Response(
        text=ErrorAnswer(error=refusal.problem).model_dump_json(exclude_none=True),
        status=refusal.status,
        content_type="application/json",
        headers=refusal.headers,
    )


def _refusal(error: Exception, request: web.Request) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, web.HTTPException):
        return _of_http(error)
    if (known := _of_service(error)) is not None:
        return known
    reference = secrets.token_hex(4)
    _log.error("api_request_failed", reference=reference, path=request.path, exc_info=error)
    return ApiError(500, "internal", f"Something is wrong on this side. Reference: {reference}")


def _of_http(error: web.HTTPException) -> ApiError:
    code, message = _OF_HTTP.get(error.status, ("refused", error.reason))
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return ApiError(error.status, code, message, headers=headers)


def _of_service(error: Exception) -> ApiError | None:
    match error:
        case AccountTaken():
            message = "This customer is linked to another Discord user, who can undo it by /unlink."
            return ApiError(409, "customer_taken", message, field="customer_id")
        case AlreadyLinked():
            message = "This Discord user is linked to another customer, and can undo it by /unlink."
            return ApiError(409, "user_taken", message, field="discord_user_id")
        case NoSuchThing(what="provider"):
            message = "Mooring has no keys of this payment provider."
            return ApiError(422, "provider_not_set_up", message, field="provider")
        case NoSuchThing():
            return ApiError(404, "not_found", "This customer is not known.")
        case ProviderUnavailableError():
            message = "The payment provider does not answer. Nothing has changed. Try again later."
            later = {"Retry-After": str(_RETRY_SECONDS)}
            return ApiError(503, "provider_unavailable", message, headers=later)
    return None


def invalid_body(error: ValidationError) -> ApiError:
    """The first thing that is wrong with a body."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] in _BODY_IS_NO_JSON and not first["loc"]:
        return ApiError(400, "invalid_json", f"{message}.")
    place = ".".join(str(each) for each in first["loc"] if each not in (BY_CUSTOMER, BY_USER))
    return ApiError(422, "invalid", f"{message}.", field=place[:_LONGEST_FIELD] or None)
