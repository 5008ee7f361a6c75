"""What the local payment providers have in common: a server, a clock that can be moved, webhooks,
and the names that tests and the demo's page use for the same things."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox.agenda import Agenda
from bot.sandbox.clock import SandboxClock
from bot.sandbox.delivery import Delivery, DeliveryLoop
from bot.sandbox.request_log import RequestLog

DAY = 86_400


class Api(Protocol):
    """Answers everything that is no page."""

    requests: RequestLog

    async def handle(self, request: web.Request) -> web.StreamResponse: ...


class Pages(Protocol):
    """What a customer's browser sees."""

    def add_routes(self, app: web.Application) -> None: ...


class LocalProvider(ABC):
    """One account with a payment provider, on a local port.

    ``agenda`` is what falls due, ``run_next`` handles the earliest of it.
    """

    def __init__(
        self,
        clock: SandboxClock,
        *,
        api: Api,
        pages: Pages,
        webhooks: DeliveryLoop,
        agenda: Agenda,
        run_next: Callable[[float], object],
    ) -> None:
        self.clock = clock
        self._api = api
        self._pages = pages
        self._webhooks = webhooks
        self._agenda = agenda
        self._run_next = run_next
        self._runner: web.AppRunner | None = None
        self._address: tuple[str, int] | None = None

    # --- the server ---

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        app = web.Application()
        self._pages.add_routes(app)
        app.router.add_route("*", "/{path:.*}", self._api.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        self._address = (str(address[0]), int(address[1]))
        self._webhooks.start()

    async def stop(self) -> None:
        await self._webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def api_url(self) -> str:
        """Raises RuntimeError before ``start``."""
        if self._address is None:
            raise RuntimeError(f"the {type(self).__name__} has not been started")
        return f"http://{self._address[0]}:{self._address[1]}"

    def local_url(self, url: str) -> str:
        """Where the sandbox serves a page whose address names one of the provider's hosts."""
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.api_url}{parts.path}{query}"

    @property
    def requests(self) -> RequestLog:
        return self._api.requests

    # --- time ---

    async def advance(
        self, *, seconds: float = 0, days: float = 0, to: float | None = None
    ) -> None:
        """Move the clock, letting everything that falls due on the way happen at its own time.
        Raises ValueError for a time in the past."""
        now = self.clock.now()
        target = now + seconds + days * DAY if to is None else to
        if target < now:
            raise ValueError("the sandbox clock only moves forwards")
        while (at := self._agenda.next_at()) is not None and at <= target:
            self.clock.advance(max(0.0, at - self.clock.now()))
            self._run_next(target)
            await asyncio.sleep(0)
        self.clock.advance(max(0.0, target - self.clock.now()))

    @abstractmethod
    async def advance_to_period_end(self, subscription_id: str) -> None:
        """Until the end of the current period and what is charged there."""

    # --- what banks do ---

    @abstractmethod
    def decline_payments(self, customer_id: str, *, times: int | None = None) -> None:
        """The customer's next ``times`` charges fail; all of them when None."""

    @abstractmethod
    def accept_payments(self, customer_id: str) -> None:
        """The customer's card works again."""

    @abstractmethod
    def portal_cancel(self, subscription_id: str) -> dict[str, Any]:
        """The customer cancels in the provider's portal."""

    @abstractmethod
    def charge_again(self, payment_id: str) -> dict[str, Any]:
        """The customer is charged a second time for what this payment paid for."""

    @abstractmethod
    def refund(self, payment_id: str, *, amount: int | None = None) -> dict[str, Any]:
        """A refund from the dashboard, of all that is left when no amount is given."""

    @abstractmethod
    def open_dispute(self, payment_id: str) -> dict[str, Any]:
        """The cardholder calls the payment back through their bank."""

    # --- webhooks ---

    @property
    def webhook_url(self) -> str | None:
        """Where events go; None only keeps them."""
        return self._webhooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhooks.url = url

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self._webhooks.deliveries)

    async def drain(
        self,
        timeout: float = 15.0,  # noqa: ASYNC109
        *,
        retries: bool = False,
    ) -> None:
        """Wait until every webhook due now is delivered or refused; with ``retries`` until none is
        left to retry. Raises TimeoutError."""
        await self._webhooks.drain(timeout, retries=retries)

    def hold_webhooks(self) -> None:
        self._webhooks.hold()

    def release_webhooks(self, *, shuffle: bool = False) -> None:
        self._webhooks.release(shuffle=shuffle)

    def discard_webhooks(self) -> list[dict[str, Any]]:
        """Lose the held events for good. Returns them."""
        return self._webhooks.discard()

    def lose_next_webhook(self) -> None:
        """One event never arrives, as if the endpoint had been down for longer than the retries."""
        self._webhooks.lose_next()

    @abstractmethod
    def deliver_again(self, event_id: str) -> None:
        """The event goes out once more, as it was."""

    # --- looking inside ---

    @abstractmethod
    def objects(self, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind (the provider's ``object`` name), oldest first."""

    @property
    @abstractmethod
    def events(self) -> list[dict[str, Any]]:
        """Oldest first."""

    @abstractmethod
    def overview(self) -> list[dict[str, Any]]:
        """Customers with their subscriptions, invoices, payments and refunds, newest first within
        each."""
