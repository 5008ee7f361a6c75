"""Stripe, API version 2026-10-28: wire format to domain and back, nothing else."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import stripe
from stripe.params import (
    RefundCreateParams,
    SubscriptionCancelParams,
    SubscriptionUpdateParams,
)

from bot.billing.provider import (
    BadEventError,
    EventHint,
    Page,
    RefundReceipt,
    Snapshot,
)
from bot.billing.snapshots import reading
from bot.billing.stripe_account import translated_errors
from bot.billing.stripe_customers import StripeCustomers
from bot.billing.stripe_failures import StripeFailures
from bot.billing.stripe_listing import StripeListing
from bot.billing.stripe_objects import (
    ACTED_ON,
    CARD,
    CHECKOUT,
    INVOICE,
    SUBSCRIPTION,
    checkout_snapshot,
    customer_record,
    invoice_snapshot,
    payment_of,
    subscription_of,
)
from bot.billing.stripe_offers import StripeOffers
from bot.billing.stripe_pages import StripePages
from bot.domain.identifiers import (
    STRIPE,
    DisputeId,
    InvoiceId,
    PaymentId,
    SubscriptionId,
)
from bot.domain.money import Money
from bot.domain.refund import Ground

_NO_EVENT = (
    stripe.SignatureVerificationError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
_CHECKOUT_PAID = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
_REFERENCES = ("customer", "subscription", "charge", "payment_intent", "invoice")


def _reason(feedback: str | None, comment: str | None) -> dict[str, Any]:
    """The parameter that holds why a member leaves; left out when nothing was said."""
    said = (("feedback", feedback), ("comment", comment))
    details = {name: value for name, value in said if value}
    return {"cancellation_details": details} if details else {}


class StripeProvider(StripeCustomers, StripePages, StripeFailures, StripeOffers):
    """One Stripe account."""

    name = STRIPE
    signature_header = "Stripe-Signature"
    partial_refunds = True
    lists_refunds = True

    def read_event(self, body: bytes, signature: str | None) -> EventHint:
        """Verify the raw bytes against `Stripe-Signature`; raises BadEventError.

        Untrusted input makes the SDK raise UnicodeDecodeError (body not UTF-8) and TypeError
        (signature not ASCII) beside its own error; what is no event raises the rest.
        """
        try:
            stripe.WebhookSignature.verify_header(
                body,
                signature,
                self._webhook_secret.get_secret_value(),
                stripe.Webhook.DEFAULT_TOLERANCE,
            )
            event = json.loads(body)
            data = event["data"]["object"]
            references = {
                name: value if isinstance(value, str) else str(value["id"])
                for name in _REFERENCES
                if (value := data.get(name))
            }
            hint = EventHint(str(event["id"]), str(event["type"]), data.get("id"), references)
        except _NO_EVENT as error:
            raise BadEventError(type(error).__name__) from error
        return hint

    async def fetch_event_objects(self, hint: EventHint) -> Snapshot | None:
        """Fetch by the event's family. Events that change nothing here give None."""
        family = hint.type.split(".", 1)[0]
        if hint.type.startswith("customer.subscription.") and hint.object_id:
            return await self.fetch_subscription(SubscriptionId(hint.object_id))
        if family == "invoice" and hint.object_id and hint.object_id.startswith("in_"):
            return await self.fetch_invoice(InvoiceId(hint.object_id))
        if family in ("charge", "refund") and "payment_intent" in hint.references:
            return await self._fetch_charged(hint)
        if hint.type in _CHECKOUT_PAID and hint.object_id:
            return await self.fetch_checkout(hint.object_id)
        if hint.type in ("customer.created", "customer.updated") and hint.object_id:
            async with translated_errors():
                customer = await self._v1.customers.retrieve_async(
                    hint.object_id, {"expand": list(CARD)}
                )
            return Snapshot(customers=(customer_record(customer.to_dict()),))
        return None

    async def _fetch_charged(self, hint: EventHint) -> Snapshot | None:
        if hint.type.startswith("charge.dispute.") and hint.object_id:
            return await self.fetch_dispute(DisputeId(hint.object_id))
        return await self._fetch_payment(hint.references["payment_intent"])

    async def fetch_page(self, cursor: str | None, *, since: datetime) -> Page:
        """Subscriptions, then what was bought, invoiced, paid, refunded and disputed `since`."""
        listing = StripeListing(self._v1, self._catalogue, self.fetch_payment)
        return await listing.fetch_page(cursor, since=since)

    async def fetch_subscription(self, subscription_id: SubscriptionId) -> Snapshot:
        """One read: the subscription with its customer, and the card that pays for it."""
        async with translated_errors():
            found = await self._v1.subscriptions.retrieve_async(
                subscription_id, {"expand": list(SUBSCRIPTION)}
            )
        return self._subscription_snapshot(found.to_dict())

    async def next_charge(self, subscription_id: SubscriptionId) -> Money | None:
        """By Stripe's preview of the next invoice."""
        async with translated_errors():
            coming = await self._v1.invoices.create_preview_async({"subscription": subscription_id})
        return Money(coming.amount_due, coming.currency)

    async def fetch_payment(self, payment_id: PaymentId) -> Snapshot:
        """The payment intent with its charge, by way of the invoice where there is one."""
        with reading(payment_id):
            return await self._fetch_payment(payment_id) or Snapshot()

    async def fetch_dispute(self, dispute_id: DisputeId) -> Snapshot:
        """The dispute, and its payment as above."""
        with reading(dispute_id):
            return await self._fetch_dispute(dispute_id, fetch_payment=self.fetch_payment)

    async def schedule_cancellation(
        self,
        subscription_id: SubscriptionId,
        *,
        feedback: str | None,
        comment: str | None,
        idempotency_key: str,
    ) -> Snapshot:
        """Let it end with its period, with the member's reason; one that does so is no error.

        A later end that is set already is moved: `cancel_at` is the field that holds it.
        """
        async with translated_errors():
            current = await self._v1.subscriptions.retrieve_async(
                subscription_id, {"expand": list(ACTED_ON)}
            )
        if current.cancel_at_period_end or current.status == "canceled":
            return self._subscription_snapshot(current.to_dict())
        params = _reason(feedback, comment)
        if current.cancel_at is None:
            params["cancel_at_period_end"] = True
        else:
            params["cancel_at"] = "min_period_end"
        return await self._update(subscription_id, params, idempotency_key)

    async def undo_cancellation(
        self, subscription_id: SubscriptionId, *, idempotency_key: str
    ) -> Snapshot:
        """Undo whichever of the two encodings is set; neither set is no error."""
        async with translated_errors():
            current = await self._v1.subscriptions.retrieve_async(
                subscription_id, {"expand": list(ACTED_ON)}
            )
        if current.cancel_at_period_end:
            return await self._update(
                subscription_id, {"cancel_at_period_end": False}, idempotency_key
            )
        if current.cancel_at is not None:
            return await self._update(subscription_id, {"cancel_at": ""}, idempotency_key)
        return self._subscription_snapshot(current.to_dict())

    async def end_subscription(
        self,
        subscription_id: SubscriptionId,
        *,
        feedback: str | None = None,
        comment: str | None = None,
        idempotency_key: str,
    ) -> Snapshot:
        """Cancel at once, without an invoice or a proration of Stripe's own.

        Stripe then stops collecting all finalized invoices of the customer by itself. What is due
        for another subscription stays open until somebody pays it.
        """
        async with translated_errors():
            current = await self._v1.subscriptions.retrieve_async(
                subscription_id, {"expand": list(ACTED_ON)}
            )
            if current.status != "canceled":
                current = await self._cancel_now(
                    subscription_id, _reason(feedback, comment), idempotency_key
                )
        return self._subscription_snapshot(current.to_dict())

    async def refund(
        self,
        payment_id: PaymentId,
        *,
        amount: Money,
        ground: Ground,
        reference: str,
        idempotency_key: str,
    ) -> RefundReceipt:
        """Refund by payment intent. Never as `fraudulent`: that blocks the card and address."""
        params: RefundCreateParams = {
            "payment_intent": payment_id,
            "amount": amount.amount,
            "reason": "duplicate" if ground is Ground.DUPLICATE_CHARGE else "requested_by_customer",
            "metadata": {"mooring_refund": reference, "mooring_ground": ground.value},
        }
        async with translated_errors():
            made = await self._v1.refunds.create_async(params, {"idempotency_key": idempotency_key})
        return RefundReceipt(made.id, made.status or "pending")

    async def find_refund(self, payment_id: PaymentId, *, reference: str) -> RefundReceipt | None:
        """By the reference in the refund's metadata."""
        async with translated_errors():
            listed = await self._v1.refunds.list_async({"payment_intent": payment_id, "limit": 100})
        for made in listed.data:
            if (made.to_dict().get("metadata") or {}).get("mooring_refund") == reference:
                return RefundReceipt(made.id, made.status or "pending")
        return None

    async def _cancel_now(
        self, subscription_id: SubscriptionId, reason: Mapping[str, Any], idempotency_key: str
    ) -> stripe.Subscription:
        """Stripe keeps no answers to DELETE: the SDK's second try, after an answer was lost, is
        refused because there is nothing left to cancel."""
        body = cast(SubscriptionCancelParams, {**reason, "expand": list(ACTED_ON)})
        try:
            return await self._v1.subscriptions.cancel_async(
                subscription_id, body, {"idempotency_key": idempotency_key}
            )
        except stripe.InvalidRequestError:
            current = await self._v1.subscriptions.retrieve_async(
                subscription_id, {"expand": list(ACTED_ON)}
            )
            if current.status != "canceled":
                raise
            return current

    async def _update(
        self, subscription_id: SubscriptionId, params: Mapping[str, Any], idempotency_key: str
    ) -> Snapshot:
        body = cast(SubscriptionUpdateParams, {**params, "expand": list(ACTED_ON)})
        async with translated_errors():
            updated = await self._v1.subscriptions.update_async(
                subscription_id, body, {"idempotency_key": idempotency_key}
            )
        return self._subscription_snapshot(updated.to_dict())

    def _subscription_snapshot(self, subscription: Mapping[str, Any]) -> Snapshot:
        return Snapshot(
            customers=(customer_record(subscription["customer"], subscription),),
            subscriptions=(subscription_of(subscription, self._catalogue),),
        )

    async def fetch_invoice(self, invoice_id: InvoiceId) -> Snapshot:
        """The invoice with customer and subscription, and the payments that succeeded on it."""
        with reading(invoice_id):
            return await self._fetch_invoice(invoice_id)

    async def _fetch_invoice(self, invoice_id: str) -> Snapshot:
        async with translated_errors():
            invoice = await self._v1.invoices.retrieve_async(
                invoice_id,
                {"expand": list(INVOICE)},
            )
            found = invoice.to_dict()
            intents = [
                await self._v1.payment_intents.retrieve_async(
                    each["payment"]["payment_intent"], {"expand": ["latest_charge"]}
                )
                for each in found["payments"]["data"]
                if each["status"] == "paid" and each["payment"]["type"] == "payment_intent"
            ]
        return invoice_snapshot(
            found, intents=[each.to_dict() for each in intents], catalogue=self._catalogue
        )

    async def _fetch_payment(self, intent_id: str) -> Snapshot | None:
        """A payment of an invoice comes with the invoice, because the period is written there."""
        async with translated_errors():
            links = await self._v1.invoice_payments.list_async(
                {"payment": {"type": "payment_intent", "payment_intent": intent_id}, "limit": 1}
            )
            if links.data:
                return await self._fetch_invoice(str(links.data[0].invoice))
            intent = await self._v1.payment_intents.retrieve_async(
                intent_id, {"expand": ["latest_charge", "customer"]}
            )
        found = intent.to_dict()
        if found.get("customer") is None:
            return None
        payment = payment_of(found, invoice=None)
        return Snapshot(
            customers=(customer_record(found["customer"]),),
            payments=() if payment is None else (payment,),
        )

    async def fetch_checkout(self, page_id: str) -> Snapshot:
        """A Checkout session with what was bought, once it is paid."""
        async with translated_errors():
            session = await self._v1.checkout.sessions.retrieve_async(
                page_id, {"expand": list(CHECKOUT)}
            )
        with reading(page_id):
            return checkout_snapshot(session.to_dict(), self._catalogue)
