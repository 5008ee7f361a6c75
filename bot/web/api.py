"""The usage API: the vendor's backend reports usage, links customers, and asks how they stand.

Every request is signed, and no signature is taken twice. See docs/usage-api.md.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, SecretStr, ValidationError

from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import CustomerId, ProviderName, UserId
from bot.domain.standing import Standing
from bot.domain.usage import UsageReport
from bot.services.accounts import AccountService
from bot.services.replays import ReplayGuard
from bot.services.standing import StandingService
from bot.services.usage import UsageService
from bot.web.api_errors import ApiError, Handler, answer_errors, invalid_body
from bot.web.api_models import (
    USER_ID_PATTERN,
    AccountAnswer,
    BalanceAnswer,
    CustomersUsage,
    LinkAnswer,
    LinkOrder,
    PlanAnswer,
    UsageAnswer,
    UsageBatch,
    UsageEntry,
    UsageOutcome,
)
from bot.web.openapi import document
from bot.web.signing import HEADER, SignatureRefusedError, read_signature

_ACCOUNT = re.compile(rf"discord:({USER_ID_PATTERN})|([A-Za-z0-9_-]{{1,255}})")
_SIGNATURE_MESSAGES = {
    "missing": f"Sign the request: its {HEADER} header is missing.",
    "invalid": "The signature does not fit this request and this secret.",
    "expired": "The signature's time is more than 300 seconds away from this server's.",
}
_Body = TypeVar("_Body", bound=BaseModel)

_log = structlog.get_logger(__name__)


class UsageApi:
    """The routes under /v1."""

    def __init__(
        self,
        *,
        secret: SecretStr,
        usage: UsageService,
        accounts: AccountService,
        standing: StandingService,
        replays: ReplayGuard,
        catalogue: Catalogue,
        clock: Callable[[], datetime],
    ) -> None:
        """`secret` is shared with the vendor's backend."""
        self._secret = secret
        self._usage = usage
        self._accounts = accounts
        self._standing = standing
        self._replays = replays
        self._catalogue = catalogue
        self._clock = clock

    def application(self) -> web.Application:
        """To be mounted at /v1."""
        application = web.Application(middlewares=[answer_errors])
        application.router.add_post("/usage", self._signed(self._record_usage))
        application.router.add_post("/links", self._signed(self._link))
        application.router.add_get("/accounts/{id}", self._signed(self._show), allow_head=False)
        application.router.add_get("/openapi.json", _describe, allow_head=False)
        return application

    def _signed(self, handler: Handler) -> Handler:
        async def check(request: web.Request) -> web.StreamResponse:
            await self._require_signature(request)
            if request.query_string:
                raise ApiError(422, "invalid", "This address takes no query.", field="query")
            return await handler(request)

        return check

    async def _require_signature(self, request: web.Request) -> None:
        given = request.headers.getall(HEADER, [])
        try:
            signature = read_signature(
                given[0] if len(given) == 1 else None,
                secret=self._secret.get_secret_value(),
                method=request.method,
                target=request.raw_path,
                body=await request.read(),
                now=self._clock(),
            )
        except SignatureRefusedError as error:
            _log.warning("api_signature_refused", why=error.code, path=request.path)
            raise ApiError(
                401, f"signature_{error.code}", _SIGNATURE_MESSAGES[error.code]
            ) from None
        if not await self._replays.admit(signature.digest, expires_at=signature.expires_at):
            _log.warning("api_signature_replayed", path=request.path)
            raise ApiError(
                409, "replayed", "This signature was used before. Sign again with a new time."
            )

    async def _record_usage(self, request: web.Request) -> web.Response:
        batch = await _body(request, UsageBatch)
        statuses = await self._usage.record([_report(entry) for entry in batch.entries])
        outcomes = zip(batch.entries, statuses, strict=True)
        return _json(
            UsageAnswer(
                entries=tuple(
                    UsageOutcome(key=entry.key, status=status) for entry, status in outcomes
                )
            )
        )

    async def _link(self, request: web.Request) -> web.Response:
        order = await _body(request, LinkOrder)
        customer_id, user_id = CustomerId(order.customer_id), UserId(int(order.discord_user_id))
        await self._accounts.link_for_vendor(ProviderName(order.provider), customer_id, user_id)
        return _json(
            LinkAnswer(customer_id=order.customer_id, discord_user_id=order.discord_user_id)
        )

    async def _show(self, request: web.Request) -> web.Response:
        found = _ACCOUNT.fullmatch(request.match_info["id"])
        if found is None:
            raise ApiError(404, "not_found", "This is neither a customer's id nor discord:<id>.")
        account = UserId(int(found[1])) if found[1] else CustomerId(found[2])
        return _json(self._account_answer(await self._standing.find(account)))

    def _account_answer(self, standing: Standing) -> AccountAnswer:
        subscription, balance = standing.subscription, standing.balance
        return AccountAnswer(
            customer_id=standing.customer_id,
            provider=standing.provider,
            discord_user_id=None if standing.user_id is None else str(standing.user_id),
            has_access=standing.has_access,
            plan=self._plan(standing) if standing.has_access else None,
            status=subscription.status.value if subscription else None,
            renews_at=standing.renews_at,
            cancel_at=subscription.cancel_at if subscription else None,
            balance=BalanceAnswer(
                unit=self._catalogue.unit,
                granted=balance.granted,
                topped_up=balance.topped_up,
                used=balance.used,
                remaining=balance.remaining,
                refills_at=standing.refills_at,
            ),
        )

    def _plan(self, standing: Standing) -> PlanAnswer | None:
        subscription = standing.subscription
        if subscription is None:
            return None
        plan = self._catalogue.plan(subscription.plan_id) if subscription.plan_id else None
        return PlanAnswer(
            id=subscription.plan_id,
            name=plan.name if plan else None,
            interval=subscription.interval,
        )


def _report(entry: UsageEntry) -> UsageReport:
    account = (
        CustomerId(entry.customer_id)
        if isinstance(entry, CustomersUsage)
        else UserId(int(entry.discord_user_id))
    )
    return UsageReport(entry.key, account, entry.amount, entry.at)


async def _body(request: web.Request, model: type[_Body]) -> _Body:
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise invalid_body(error) from None


def _json(model: BaseModel) -> web.Response:
    return web.Response(text=model.model_dump_json(), content_type="application/json")


async def _describe(_request: web.Request) -> web.Response:
    return web.json_response(document())
