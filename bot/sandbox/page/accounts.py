"""The vendor's accounts with the payment providers, as the Provider tab writes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.wire import CreemError
from bot.sandbox.discord.wire import Json
from bot.sandbox.provider import LocalProvider
from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import StripeError

SHOWN_DELIVERIES = 50


@dataclass(frozen=True, slots=True)
class Lever:
    """Something that happens at the provider to an object of the kind ``about``."""

    about: str
    pull: Callable[[str], object]


class Account(ABC):
    """One provider: ``hosts`` are those of its pages, which the local one serves under the same
    paths."""

    name: ClassVar[str]
    hosts: ClassVar[Sequence[str]]
    event_type: ClassVar[str]
    papers: ClassVar[str]
    payment_kind: ClassVar[str]
    refusal: ClassVar[type[Exception]]
    """What the provider raises when it does not do what was asked."""

    def __init__(self, provider: LocalProvider) -> None:
        self.provider = provider
        self.levers = {
            "decline": Lever("customer", lambda one: provider.decline_payments(one, times=1)),
            "accept": Lever("customer", provider.accept_payments),
            "portal-cancel": Lever("subscription", provider.portal_cancel),
            "charge-again": Lever("payment", provider.charge_again),
            "refund": Lever("payment", provider.refund),
            "dispute": Lever("payment", provider.open_dispute),
        }

    def knows(self, kind: str, object_id: str) -> bool:
        """Whether the object is one of this provider's; its payments are of the kind "payment"."""
        kept = self.payment_kind if kind == "payment" else kind
        return any(one["id"] == object_id for one in self.provider.objects(kept))

    def customers(self) -> list[Json]:
        """Each with subscriptions, refunds and the provider's ``papers`` about payments."""
        return [
            {
                **{key: customer[key] for key in ("id", "name", "email", "declines")},
                "provider": self.name,
                "subscriptions": [self._subscription(one) for one in customer["subscriptions"]],
                "payment": next(
                    (self._payment(one) for one in customer["payments"] if self._stands(one)), None
                ),
                "disputes": self._disputes(customer),
                "levers": list(self.levers),
                "papers": {"title": self.papers, "rows": self._papers(customer)},
                "refunds": [self._refund(one) for one in customer["refunds"]],
            }
            for customer in self.provider.overview()
        ]

    def deliveries(self) -> list[Json]:
        """The latest attempts at telling the bot, oldest first."""
        events = {event["id"]: event[self.event_type] for event in self.provider.events}
        return [
            {
                "provider": self.name,
                "type": events.get(one.event_id, one.event_id),
                "attempt": one.attempt,
                "status": one.status,
                "is_lost": one.attempt == 0,
                "at": one.at,
            }
            for one in self.provider.deliveries[-SHOWN_DELIVERIES:]
        ]

    @abstractmethod
    def checkouts(self) -> list[Json]:
        """Those that wait for a buyer."""

    def _disputes(self, _customer: Json) -> list[Json]:
        """Those that the bank decides, where the provider tells how."""
        return []

    @abstractmethod
    def _subscription(self, subscription: Json) -> Json: ...
    @abstractmethod
    def _payment(self, payment: Json) -> Json: ...
    @abstractmethod
    def _stands(self, payment: Json) -> bool: ...
    @abstractmethod
    def _papers(self, customer: Json) -> list[Json]: ...
    @abstractmethod
    def _refund(self, refund: Json) -> Json: ...


class StripeAccount(Account):
    """The papers are invoices: each payment is behind one."""

    name = "Stripe"
    hosts = (
        "checkout.stripe.com",
        "invoice.stripe.com",
        "pay.stripe.com",
        "billing.stripe.com",
    )
    event_type = "type"
    papers = "Invoices"
    payment_kind = "charge"
    refusal = StripeError

    def __init__(self, provider: StripeSandbox) -> None:
        super().__init__(provider)
        self._stripe = provider
        self.levers |= {
            "expire-card": Lever("customer", provider.expire_card),
            "dispute-won": Lever("dispute", lambda one: provider.close_dispute(one, status="won")),
            "dispute-lost": Lever(
                "dispute", lambda one: provider.close_dispute(one, status="lost")
            ),
        }

    def checkouts(self) -> list[Json]:
        sessions = self._stripe.objects("checkout.session")
        return [self._checkout(one) for one in sessions if one["status"] == "open"]

    def _checkout(self, session: Json) -> Json:
        details = session["customer_details"] or {}
        email = details.get("email") or session["customer_email"] or "a new customer"
        return {"description": f"at Stripe for {email}.", "url": session["url"]}

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

    def _papers(self, customer: Json) -> list[Json]:
        return [
            {
                "number": invoice["number"] or "draft",
                "amount": invoice["total"],
                "currency": invoice["currency"],
                "status": invoice["status"],
                "url": invoice["hosted_invoice_url"],
            }
            for invoice in customer["invoices"]
        ]

    def _payment(self, payment: Json) -> Json:
        return {key: payment[key] for key in ("id", "amount", "currency")}

    def _stands(self, payment: Json) -> bool:
        return payment["status"] == "succeeded" and not (payment["refunded"] or payment["disputed"])

    def _disputes(self, customer: Json) -> list[Json]:
        disputed = {one["id"] for one in customer["payments"] if one["disputed"]}
        return [
            {key: one[key] for key in ("id", "amount", "currency", "status")}
            for one in self._stripe.objects("dispute")
            if one["charge"] in disputed and one["status"] == "needs_response"
        ]

    def _refund(self, refund: Json) -> Json:
        return {key: refund[key] for key in ("id", "amount", "currency", "status")}


class CreemAccount(Account):
    """Creem has no invoices of its own: the papers are its transactions."""

    name = "Creem"
    hosts = ("checkout.creem.io", "creem.io")
    event_type = "eventType"
    papers = "Payments"
    payment_kind = "transaction"
    refusal = CreemError

    def __init__(self, provider: CreemSandbox) -> None:
        super().__init__(provider)
        self._creem = provider

    def checkouts(self) -> list[Json]:
        sessions = self._creem.objects("checkout")
        return [self._checkout(one) for one in sessions if one["status"] == "pending"]

    def _checkout(self, session: Json) -> Json:
        buyer, product = session.get("customer"), self._creem.get(session["product"])
        email = self._creem.get(buyer)["email"] if buyer else "a new customer"
        description = f"at Creem for {email}: {product['name']}."
        return {"description": description, "url": session["checkout_url"]}

    def _subscription(self, subscription: Json) -> Json:
        product, status = subscription["product"], subscription["status"]
        renews_at = _seconds(subscription["current_period_end_date"])
        ended_at = subscription["canceled_at"]
        return {
            "id": subscription["id"],
            "plan": product["name"],
            "status": status,
            "interval": product["billing_period"].removeprefix("every-"),
            "amount": product["price"] * subscription["items"][0]["units"],
            "currency": product["currency"],
            "renews_at": renews_at,
            "ends_at": renews_at if status == "scheduled_cancel" else None,
            "ended_at": _seconds(ended_at) if ended_at else None,
            "reason": None,
        }

    def _papers(self, customer: Json) -> list[Json]:
        return [
            {
                **self._payment(payment),
                "number": payment["id"],
                "status": payment["status"],
                "url": None,
            }
            for payment in customer["payments"]
        ]

    def _payment(self, payment: Json) -> Json:
        return {
            "id": payment["id"],
            "amount": payment["amount_paid"] or payment["amount"],
            "currency": payment["currency"],
        }

    def _stands(self, payment: Json) -> bool:
        return payment["status"] in ("paid", "partialRefund")

    def _refund(self, refund: Json) -> Json:
        return {
            "id": refund["id"],
            "amount": refund["refund_amount"],
            "currency": refund["refund_currency"],
            "status": refund["status"],
        }


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
