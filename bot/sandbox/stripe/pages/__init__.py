"""The pages a customer's browser sees: Checkout, the hosted invoice and its PDF, the customer
portal."""

from pathlib import Path

from aiohttp import web

from bot.sandbox.money import money
from bot.sandbox.pages import Templates, day
from bot.sandbox.stripe import checkout, clockwork, subscriptions
from bot.sandbox.stripe.pages.pdf import one_page_pdf
from bot.sandbox.stripe.payments import decline_message
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import Decline, World


class Pages:
    """Serves, on the sandbox's own address, the paths that Stripe serves on its hosts."""

    def __init__(self, world: World, *, sends_buyers_back: bool) -> None:
        self._world = world
        self._sends_buyers_back = sends_buyers_back
        templates = Templates(Path(__file__).parent)
        self._render, self._missing = templates.render, templates.missing

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/c/pay/{id}", self._checkout)
        app.router.add_post("/c/pay/{id}", self._checkout_pressed)
        app.router.add_get("/i/{account}/{token}", self._invoice)
        app.router.add_get("/invoice/{account}/{token}/pdf", self._invoice_pdf)
        app.router.add_get("/p/session/{id}", self._portal)
        app.router.add_post("/p/session/{id}", self._portal_pressed)

    # --- Checkout ---

    def _session(self, request: web.Request) -> Json | None:
        clockwork.catch_up(self._world)
        return self._world.store.find("checkout.session", request.match_info["id"])

    async def _checkout(self, request: web.Request) -> web.Response:
        session = self._session(request)
        return self._checkout_page(session) if session else self._missing()

    def _checkout_page(self, session: Json, *, error: str | None = None) -> web.Response:
        if session["status"] != "open":
            wording = {"complete": "You have already paid.", "expired": "This link has expired."}
            return self._render("closed.html", message=wording[session["status"]])
        items = checkout.line_items(self._world, session)
        return self._render(
            "checkout.html",
            status=402 if error else 200,
            session=session,
            items=items,
            error=error,
            email=(session["customer_details"] or {}).get("email"),
        )

    async def _checkout_pressed(self, request: web.Request) -> web.StreamResponse:
        session = self._session(request)
        if session is None:
            return self._missing()
        form = await request.post()
        if form.get("action") == "decline":
            message = decline_message(Decline("card_declined", "generic_decline", None))
            return self._checkout_page(session, error=message)
        email = str(form.get("email", "")).strip() or None
        known = session["customer"] or session["customer_email"]
        if not known and email is None:
            return self._checkout_page(session, error="Your email address is required.")
        try:
            checkout.pay(self._world, session, email=email)
        except StripeError as error:
            return self._checkout_page(session, error=str(error))
        if not self._sends_buyers_back:
            return self._render(
                "closed.html", message="Thank you, you have paid. You can close this page."
            )
        url = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
        return web.Response(status=303, headers={"Location": url})

    # --- invoice ---

    def _invoice_of(self, request: web.Request) -> Json | None:
        object_id = self._world.hosted.get(request.match_info["token"], "")
        return self._world.store.find("invoice", object_id)

    async def _invoice(self, request: web.Request) -> web.Response:
        invoice = self._invoice_of(request)
        return self._render("invoice.html", invoice=invoice) if invoice else self._missing()

    async def _invoice_pdf(self, request: web.Request) -> web.Response:
        invoice = self._invoice_of(request)
        if invoice is None:
            return self._missing()
        currency = invoice["currency"]
        lines = [
            f"Invoice {invoice['number']}",
            f"Billed to {invoice['customer_email']}",
            f"Date {day(invoice['effective_at'])}",
            "",
            *(
                f"{line['description']}   {money(line['amount'], currency)}"
                for line in invoice["lines"]["data"]
            ),
            "",
            f"Total {money(invoice['total'], currency)}",
            f"Status {invoice['status']}",
        ]
        name = f"Invoice-{invoice['number']}.pdf"
        return web.Response(
            body=one_page_pdf(lines),
            content_type="application/pdf",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    # --- customer portal ---

    async def _portal(self, request: web.Request) -> web.Response:
        session = self._world.store.find("billing_portal.session", request.match_info["id"])
        return self._portal_page(session) if session else self._missing()

    def _portal_page(self, session: Json) -> web.Response:
        clockwork.catch_up(self._world)
        live = [
            {
                "id": subscription["id"],
                "names": [
                    self._world.store.get("product", item["price"]["product"])["name"]
                    for item in subscriptions.items(subscription)
                ],
                "ends": subscription["cancel_at"],
                "renews": subscriptions.period_end(subscription),
            }
            for subscription in self._world.store.where(
                "subscription", "customer", session["customer"]
            )
            if subscription["status"] in subscriptions.LIVE
        ]
        return self._render(
            "portal.html", session=session, subscriptions=live, back=session["return_url"]
        )

    async def _portal_pressed(self, request: web.Request) -> web.Response:
        session = self._world.store.find("billing_portal.session", request.match_info["id"])
        form = await request.post()
        clockwork.catch_up(self._world)
        subscription = self._world.store.find("subscription", str(form.get("subscription", "")))
        if (
            session is None
            or subscription is None
            or subscription["customer"] != session["customer"]
            or subscription["status"] not in subscriptions.LIVE
        ):
            return self._missing()
        with self._world.changing(subscription, subscriptions.UPDATED):
            if form.get("action") == "renew":
                subscriptions.unschedule_cancel(subscription)
            else:
                subscriptions.schedule_cancel(
                    self._world,
                    subscription,
                    subscriptions.period_end(subscription),
                    at_period_end=False,
                    details={},
                )
        return self._portal_page(session)
