"""Stripe's own pages: Checkout and the billing portal."""

from typing import Any, cast

import stripe

from bot.billing.provider import CheckoutPage, ProviderRefusedError, Purchase
from bot.billing.stripe_account import StripeAccount, translated_errors
from bot.domain.identifiers import CustomerId
from bot.domain.refund import PaymentPurpose


class StripePages(StripeAccount):
    """Where members pay and change their cards: never in Discord (rules S20, S21)."""

    async def open_checkout(self, purchase: Purchase, *, idempotency_key: str) -> CheckoutPage:
        """A new Checkout session. The reference travels in metadata, which a buyer cannot set."""
        bought = {"mooring_checkout": purchase.reference, "mooring_purpose": purchase.purpose.value}
        params: dict[str, Any] = {
            "line_items": [{"price": purchase.price_id, "quantity": 1}],
            "success_url": purchase.return_url,
            "cancel_url": purchase.return_url,
            "metadata": bought,
        }
        if purchase.purpose is PaymentPurpose.TOP_UP:
            # Only with this does a single payment have an invoice (rule S18).
            params |= {
                "mode": "payment",
                "invoice_creation": {"enabled": True},
                "payment_intent_data": {"metadata": bought},
            }
        else:
            params |= {"mode": "subscription", "subscription_data": {"metadata": bought}}
        if purchase.customer_id is not None:
            params["customer"] = purchase.customer_id
        elif purchase.purpose is PaymentPurpose.TOP_UP:
            params["customer_creation"] = "always"
        async with translated_errors():
            session = await self._v1.checkout.sessions.create_async(
                cast(Any, params), {"idempotency_key": idempotency_key}
            )
        if session.url is None:
            raise ProviderRefusedError("checkout_without_url")
        return CheckoutPage(session.id, session.url)

    async def close_checkout(self, page_id: str) -> None:
        """Expire the session. Stripe refuses that for one that is complete or expired."""
        async with translated_errors():
            session = await self._v1.checkout.sessions.retrieve_async(page_id)
            if session.status != "open":
                return
            try:
                await self._v1.checkout.sessions.expire_async(page_id)
            except stripe.InvalidRequestError:
                session = await self._v1.checkout.sessions.retrieve_async(page_id)
                if session.status == "open":
                    raise

    async def portal_url(self, customer_id: CustomerId, *, return_url: str) -> str:
        """A session of the customer portal; its address works for minutes."""
        async with translated_errors():
            session = await self._v1.billing_portal.sessions.create_async(
                {"customer": customer_id, "return_url": return_url}
            )
        return session.url
