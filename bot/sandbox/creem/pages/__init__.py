"""The pages a customer's browser sees: the checkout and the customer portal.

Documented: where they are; what the buyer's way back carries, and that it is signed with the API
key over the sorted parameters that have a value; that the order is left out for a subscription;
that the portal's button ends a subscription at once.
"""

import hashlib
import hmac
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

from bot.sandbox.creem import billing, checkout, clockwork
from bot.sandbox.creem.records import Checkout, Customer, Product, Subscription
from bot.sandbox.creem.wire import CreemError
from bot.sandbox.creem.world import World
from bot.sandbox.pages import Templates

OVER = ("canceled", "expired", "incomplete")
"""Statuses in which the portal shows nothing to cancel."""


def redirect_signature(api_key: str, parameters: dict[str, str]) -> str:
    """What proves that Creem has sent the buyer back."""
    signed = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return hmac.new(api_key.encode(), signed.encode(), hashlib.sha256).hexdigest()


class Pages:
    """Serves, on the sandbox's own address, the paths that Creem serves on its hosts."""

    def __init__(self, world: World, *, api_key: str, sends_buyers_back: bool) -> None:
        self._world = world
        self._api_key = api_key
        self._sends_buyers_back = sends_buyers_back
        templates = Templates(Path(__file__).parent)
        self._render, self._missing = templates.render, templates.missing

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/{id:ch_[A-Za-z0-9]+}", self._checkout)
        app.router.add_post("/{id:ch_[A-Za-z0-9]+}", self._checkout_pressed)
        app.router.add_get("/my-orders/login/{token}", self._portal)
        app.router.add_post("/my-orders/login/{token}", self._portal_pressed)

    # --- checkout ---

    def _session(self, request: web.Request) -> Checkout | None:
        clockwork.catch_up(self._world)
        return self._world.find(Checkout, request.match_info["id"])

    async def _checkout(self, request: web.Request) -> web.Response:
        session = self._session(request)
        return self._checkout_page(session) if session else self._missing()

    def _checkout_page(self, session: Checkout, *, error: str | None = None) -> web.Response:
        if session.status in ("completed", "expired"):
            wording = {"completed": "You have already paid.", "expired": "This link has expired."}
            return self._render("closed.html", message=wording[session.status])
        return self._render(
            "checkout.html",
            status=402 if error else 200,
            session=session,
            product=self._world.get(Product, session.product_id),
            cost=checkout.cost_of(self._world, session),
            error=error,
        )

    async def _checkout_pressed(self, request: web.Request) -> web.StreamResponse:
        session = self._session(request)
        if session is None:
            return self._missing()
        form = await request.post()
        if form.get("action") == "decline":
            return self._checkout_page(session, error="Your card was declined")
        try:
            checkout.pay(self._world, session, email=str(form.get("email", "")).strip())
        except CreemError as error:
            return self._checkout_page(session, error=str(error))
        if not (self._sends_buyers_back and session.success_url):
            return self._render(
                "closed.html", message="Thank you, you have paid. You can close this page."
            )
        return web.Response(status=303, headers={"Location": self._way_back(session)})

    def _way_back(self, session: Checkout) -> str:
        values = {
            "checkout_id": session.id,
            "order_id": None if session.subscription_id else session.order_id,
            "customer_id": session.customer_id,
            "subscription_id": session.subscription_id,
            "product_id": session.product_id,
            "request_id": session.request_id,
        }
        given = {name: value for name, value in values.items() if value}
        query = urlencode({**given, "signature": redirect_signature(self._api_key, given)})
        parts = urlsplit(session.success_url or "")
        return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))

    # --- customer portal ---

    def _visitor(self, request: web.Request) -> Customer | None:
        clockwork.catch_up(self._world)
        customer_id = self._world.portals.get(request.match_info["token"])
        return self._world.find(Customer, customer_id)

    async def _portal(self, request: web.Request) -> web.Response:
        customer = self._visitor(request)
        return self._portal_page(customer) if customer else self._missing()

    def _portal_page(self, customer: Customer) -> web.Response:
        theirs = [
            (subscription, self._world.get(Product, subscription.product_id))
            for subscription in self._world.all(Subscription, customer_id=customer.id)
            if subscription.status not in OVER
        ]
        return self._render("portal.html", subscriptions=theirs)

    async def _portal_pressed(self, request: web.Request) -> web.Response:
        customer = self._visitor(request)
        form = await request.post()
        subscription = self._world.find(Subscription, str(form.get("subscription", "")))
        if (
            customer is None
            or subscription is None
            or subscription.customer_id != customer.id
            or subscription.status in OVER
        ):
            return self._missing()
        billing.end(self._world, subscription)
        return self._portal_page(customer)
