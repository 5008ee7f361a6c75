"""Creem's own pages: checkout and the customer portal."""
# ruff: noqa: ARG002 - Creem has no place for some of what the Protocol gives

from typing import Any

from bot.billing.creem_reading import CreemReading
from bot.billing.provider import CheckoutPage, ProviderRefusedError, Purchase
from bot.domain.identifiers import CustomerId


class CreemPages(CreemReading):
    """Where members pay and change their cards: never in Discord (rules S20, S21)."""

    async def open_checkout(self, purchase: Purchase, *, idempotency_key: str) -> CheckoutPage:
        """A new checkout session.

        Creem knows no idempotency keys: asked again it makes another page. The first one is then
        known to nobody, and both carry the same reference, so what is bought counts once.
        """
        body: dict[str, Any] = {
            "product_id": purchase.price_id,
            "request_id": purchase.reference,
            "success_url": purchase.return_url,
            "metadata": self._references.metadata_of(purchase),
        }
        if purchase.customer_id is not None:
            body["customer"] = {"id": purchase.customer_id}
        session = await self._api.post("/v1/checkouts", body)
        if not session.get("checkout_url"):
            raise ProviderRefusedError("checkout_without_url")
        return CheckoutPage(session["id"], session["checkout_url"])

    async def close_checkout(self, page_id: str) -> None:
        """Creem cannot take a page back: it goes on until it expires by itself. Whoever pays on it
        all the same has bought something, and that is taken over like any other purchase."""

    async def portal_url(self, customer_id: CustomerId, *, return_url: str) -> str:
        """A link that logs the customer in. Creem's portal has no way back, and its button to
        cancel ends a subscription at once instead of with its period."""
        made = await self._api.post("/v1/customers/billing", {"customer_id": customer_id})
        return str(made["customer_portal_link"])
