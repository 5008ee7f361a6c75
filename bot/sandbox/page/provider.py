"""The payment provider's side of the demo: what it knows, and the levers that make it move."""

from __future__ import annotations

from aiohttp import web

from bot.sandbox.discord.wire import Json
from bot.sandbox.page.requests import Refused, answer, read_json, text
from bot.sandbox.stripe import StripeSandbox

MAX_DAYS = 366
SHOWN_DELIVERIES = 50


class Provider:
    """Reads the local Stripe for the Provider tab and moves its clock."""

    def __init__(self, stripe: StripeSandbox) -> None:
        self._stripe = stripe

    def routes(self) -> list[web.RouteDef]:
        """Where the tab and its levers are found."""
        return [
            web.get("/api/provider", self._show),
            web.post("/api/provider/advance", self._advance),
            web.post("/api/provider/period-end", self._period_end),
            web.post("/api/provider/decline", self._decline),
            web.post("/api/provider/accept", self._accept),
        ]

    def revision(self) -> tuple[int, int, int]:
        """Differs whenever there is something new to show."""
        stripe = self._stripe
        return len(stripe.requests.entries), len(stripe.deliveries), round(stripe.clock.offset)

    async def _show(self, _request: web.Request) -> web.Response:
        return answer(self._overview())

    async def _advance(self, request: web.Request) -> web.Response:
        days = (await read_json(request)).get("days")
        if not isinstance(days, int) or not 0 < days <= MAX_DAYS:
            raise Refused(400, "bad_request", f"days must be between 1 and {MAX_DAYS}.")
        await self._stripe.advance(days=days)
        return answer(self._overview())

    async def _period_end(self, request: web.Request) -> web.Response:
        subscription_id = self._known(await read_json(request), "subscription_id")
        await self._stripe.advance_to_period_end(subscription_id)
        return answer(self._overview())

    async def _decline(self, request: web.Request) -> web.Response:
        self._stripe.decline_payments(self._known(await read_json(request), "customer_id"), times=1)
        return answer(self._overview())

    async def _accept(self, request: web.Request) -> web.Response:
        self._stripe.accept_payments(self._known(await read_json(request), "customer_id"))
        return answer(self._overview())

    def _known(self, body: Json, key: str) -> str:
        wanted = text(body, key)
        kind = key.removesuffix("_id")
        if not any(one["id"] == wanted for one in self._stripe.objects(kind)):
            raise Refused(404, "unknown", f"The provider has no {kind} {wanted}.")
        return wanted

    def _overview(self) -> Json:
        stripe = self._stripe
        sessions = stripe.objects("checkout.session")
        events = {event["id"]: event["type"] for event in stripe.events}
        return {
            "now": stripe.clock.now(),
            "checkouts": [_checkout(one) for one in sessions if one["status"] == "open"],
            "customers": [self._customer(one) for one in stripe.overview()],
            "deliveries": [
                {
                    "type": events.get(one.event_id, one.event_id),
                    "attempt": one.attempt,
                    "status": one.status,
                }
                for one in reversed(stripe.deliveries[-SHOWN_DELIVERIES:])
            ],
        }

    def _customer(self, customer: Json) -> Json:
        return {
            "id": customer["id"],
            "name": customer["name"],
            "email": customer["email"],
            "declines": customer["declines"],
            "subscriptions": [self._subscription(one) for one in customer["subscriptions"]],
            "invoices": [_invoice(one) for one in customer["invoices"]],
            "refunds": [_refund(one) for one in customer["refunds"]],
        }

    def _subscription(self, subscription: Json) -> Json:
        item = subscription["items"]["data"][0]
        renews_at = item["current_period_end"]
        # A cancellation is scheduled by either field (API or customer portal).
        at_period_end = renews_at if subscription["cancel_at_period_end"] else None
        ends_at = None if subscription["ended_at"] else subscription["cancel_at"] or at_period_end
        details = subscription["cancellation_details"] or {}
        return {
            "id": subscription["id"],
            "plan": self._stripe.get(item["price"]["product"])["name"],
            "status": subscription["status"],
            "interval": item["price"]["recurring"]["interval"],
            "amount": item["price"]["unit_amount"],
            "currency": item["price"]["currency"],
            "renews_at": renews_at,
            "ends_at": ends_at,
            "ended_at": subscription["ended_at"],
            "reason": details.get("feedback"),
        }


def _checkout(session: Json) -> Json:
    details = session["customer_details"] or {}
    email = details.get("email") or session["customer_email"] or "a new customer"
    return {"description": f"for {email}.", "url": session["url"]}


def _invoice(invoice: Json) -> Json:
    return {
        "number": invoice["number"] or "draft",
        "amount": invoice["total"],
        "currency": invoice["currency"],
        "status": invoice["status"],
        "url": invoice["hosted_invoice_url"],
    }


def _refund(refund: Json) -> Json:
    return {key: refund[key] for key in ("id", "amount", "currency", "status")}
