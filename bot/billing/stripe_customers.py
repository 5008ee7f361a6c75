"""Stripe's customers, each with all that they have."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.billing.provider import CustomerRecord, Snapshot
from bot.billing.stripe_account import StripeAccount, translated_errors
from bot.billing.stripe_objects import (
    CARD,
    account_snapshot,
    customer_record,
    invoices_of_intents,
    is_of_unknown_purpose,
)
from bot.domain.identifiers import CustomerId

# How far back a newly linked account's payments and invoices are read.
NEWEST = 25


class StripeCustomers(StripeAccount):
    """Everything here only reads."""

    async def customers_with_address(self, address: str) -> tuple[CustomerRecord, ...]:
        """Stripe compares addresses with case: what was typed and its lower-case form count."""
        found: dict[str, CustomerRecord] = {}
        async with translated_errors():
            for spelling in dict.fromkeys((address, address.lower())):
                listed = await self._v1.customers.list_async({"email": spelling, "limit": 100})
                for customer in listed.data:
                    found[customer.id] = customer_record(customer.to_dict())
        return tuple(found.values())

    async def fetch_account(self, customer_id: CustomerId) -> Snapshot:
        """Four reads: the customer, its subscriptions, payments, and invoices with payments. One
        more for each payment of an invoice that is older than the newest ones."""
        async with translated_errors():
            customer = await self._v1.customers.retrieve_async(customer_id, {"expand": list(CARD)})
            subscriptions = await self._v1.subscriptions.list_async(
                {
                    "customer": customer_id,
                    "status": "all",
                    "limit": 100,
                    "expand": ["data.latest_invoice"],
                }
            )
            # Before the invoices: what is paid meanwhile has its invoice among them.
            intents = await self._v1.payment_intents.list_async(
                {"customer": customer_id, "limit": NEWEST, "expand": ["data.latest_charge"]}
            )
            listed = await self._v1.invoices.list_async(
                {"customer": customer_id, "limit": NEWEST, "expand": ["data.payments"]}
            )
        paid = [each.to_dict() for each in intents.data]
        invoices = [each.to_dict() for each in listed.data]
        if listed.has_more:
            invoices += await self._older_invoices(paid, invoices)
        return account_snapshot(
            customer.to_dict(),
            subscriptions=[each.to_dict() for each in subscriptions.data],
            invoices=invoices,
            intents=paid,
            catalogue=self._catalogue,
        )

    async def _older_invoices(
        self, intents: Sequence[Mapping[str, Any]], invoices: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Those that these intents paid and that are not among the newest: nothing in an intent
        tells whether it has one, and what it paid for is written there."""
        known, found = set(invoices_of_intents(invoices)), {}
        for intent in intents:
            if intent["id"] in known or not is_of_unknown_purpose(intent):
                continue
            async with translated_errors():
                links = await self._v1.invoice_payments.list_async(
                    {
                        "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
                        "limit": 1,
                        "expand": ["data.invoice.payments"],
                    }
                )
            for link in links.data:
                invoice = link.to_dict()["invoice"]
                found[invoice["id"]] = invoice
        return list(found.values())
