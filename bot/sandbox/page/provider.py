"""The payment providers' side of the demo: what they know, and the levers that make them move."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
from aiohttp import web

from bot.sandbox.backend import Backend
from bot.sandbox.discord.wire import Json
from bot.sandbox.page.accounts import SHOWN_DELIVERIES, Account
from bot.sandbox.page.requests import Refused, answer, read_json, text

MAX_DAYS = 366
USED_AT_ONCE = 400


class Provider:
    """Reads the local providers for the Provider tab and moves their clocks, which stay
    together."""

    def __init__(self, accounts: Sequence[Account], backend: Backend | None) -> None:
        self._accounts = tuple(accounts)
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        """Where the tab and its levers are found."""
        return [
            web.get("/api/provider", self._show),
            web.post("/api/provider/advance", self._advance),
            web.post("/api/provider/period-end", self._period_end),
            web.post("/api/provider/decline", self._decline),
            web.post("/api/provider/accept", self._accept),
            web.post("/api/provider/use", self._use),
        ]

    def revision(self) -> tuple[tuple[int, int, int], ...]:
        """Differs whenever there is something new to show."""
        return tuple(
            (len(one.requests.entries), len(one.deliveries), round(one.clock.offset))
            for one in (account.provider for account in self._accounts)
        )

    async def _show(self, _request: web.Request) -> web.Response:
        return answer(self._overview())

    async def _advance(self, request: web.Request) -> web.Response:
        days = (await read_json(request)).get("days")
        if not isinstance(days, int) or not 0 < days <= MAX_DAYS:
            raise Refused(400, "bad_request", f"days must be between 1 and {MAX_DAYS}.")
        await self._accounts[0].provider.advance(days=days)
        await self._level()
        return answer(self._overview())

    async def _period_end(self, request: web.Request) -> web.Response:
        account, subscription_id = self._known(await read_json(request), "subscription_id")
        await account.provider.advance_to_period_end(subscription_id)
        await self._level()
        return answer(self._overview())

    async def _level(self) -> None:
        """Bring every provider to the time of the one that is ahead."""
        clocks = [account.provider.clock for account in self._accounts]
        ahead = max(clock.offset for clock in clocks)
        for account in self._accounts:
            await account.provider.advance(seconds=ahead - account.provider.clock.offset)

    async def _decline(self, request: web.Request) -> web.Response:
        account, customer_id = self._known(await read_json(request), "customer_id")
        account.provider.decline_payments(customer_id, times=1)
        return answer(self._overview())

    async def _accept(self, request: web.Request) -> web.Response:
        account, customer_id = self._known(await read_json(request), "customer_id")
        account.provider.accept_payments(customer_id)
        return answer(self._overview())

    async def _use(self, request: web.Request) -> web.Response:
        _, customer_id = self._known(await read_json(request), "customer_id")
        if self._backend is None:
            raise Refused(404, "unknown", "This demo has no backend of the vendor.")
        try:
            became = await self._backend.report_usage(customer_id, USED_AT_ONCE)
        except aiohttp.ClientError as error:
            raise Refused(502, "not_taken", f"The bot did not take it: {error}.") from error
        if became != "recorded":
            raise Refused(409, became, "There is no plan that it could be taken from.")
        return answer(self._overview())

    def _known(self, body: Json, key: str) -> tuple[Account, str]:
        wanted = text(body, key)
        kind = key.removesuffix("_id")
        for account in self._accounts:
            if account.knows(kind, wanted):
                return account, wanted
        raise Refused(404, "unknown", f"No provider has a {kind} {wanted}.")

    def _overview(self) -> Json:
        deliveries = [one for account in self._accounts for one in account.deliveries()]
        deliveries.sort(key=lambda one: float(one["at"]), reverse=True)
        return {
            "now": self._accounts[0].provider.clock.now(),
            "checkouts": [one for account in self._accounts for one in account.checkouts()],
            "customers": [one for account in self._accounts for one in account.customers()],
            "deliveries": deliveries[:SHOWN_DELIVERIES],
            "uses": USED_AT_ONCE if self._backend else None,
        }
