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
            web.post("/api/provider/lever", self._lever),
            web.post("/api/provider/lose-next", self._lose_next),
            web.post("/api/provider/deliver-again", self._deliver_again),
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

    async def _lever(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        account = self._named(body)
        name, wanted = text(body, "lever"), text(body, "id")
        lever = account.levers.get(name)
        if lever is None or not account.knows(lever.about, wanted):
            raise Refused(404, "unknown", f"{account.name} has no {name} for {wanted}.")
        try:
            lever.pull(wanted)
        except account.refusal as error:
            raise Refused(409, "refused", str(error)) from error
        return answer(self._overview())

    async def _lose_next(self, request: web.Request) -> web.Response:
        self._named(await read_json(request)).provider.lose_next_webhook()
        return answer(self._overview())

    async def _deliver_again(self, request: web.Request) -> web.Response:
        provider = self._named(await read_json(request)).provider
        arrived = [one.event_id for one in provider.deliveries if one.status == 200]
        if not arrived:
            raise Refused(409, "no_event", "No event has arrived yet. Move the clock first.")
        provider.deliver_again(arrived[-1])
        return answer(self._overview())

    def _named(self, body: Json) -> Account:
        wanted = text(body, "provider")
        for account in self._accounts:
            if account.name == wanted:
                return account
        raise Refused(404, "unknown", f"No provider is called {wanted}.")

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
            "providers": [account.name for account in self._accounts],
            "deliveries": deliveries[:SHOWN_DELIVERIES],
            "uses": USED_AT_ONCE if self._backend else None,
        }
