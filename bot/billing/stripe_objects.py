"""Stripe's objects, as its API of 2026-10-28 shows them, read into domain values."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.billing.provider import CompletedCheckout, CustomerRecord, PaidPeriod, Snapshot
from bot.billing.snapshots import merged, read_each, sorted_out
from bot.domain.account import Card
from bot.domain.catalogue import Catalogue, Interval
from bot.domain.identifiers import (
    STRIPE,
    CheckoutId,
    CustomerId,
    InvoiceId,
    PaymentId,
    PriceId,
    SubscriptionId,
)
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Status, Subscription

Json = Mapping[str, Any]

# What has to be expanded so that the card is known. A subscription's own is charged before the
# customer's. Wherever a subscription is read, its latest invoice says what its status is about.
CARD = ("invoice_settings.default_payment_method", "subscriptions.data.default_payment_method")
ACTED_ON = ("customer", "latest_invoice")
SUBSCRIPTION = (
    "customer.invoice_settings.default_payment_method",
    "default_payment_method",
    "latest_invoice",
)
INVOICE = (
    "customer.invoice_settings.default_payment_method",
    "payments",
    "parent.subscription_details.subscription.default_payment_method",
    "parent.subscription_details.subscription.latest_invoice",
)
CHECKOUT = ("customer", "subscription.latest_invoice")

_STATUS = {
    "incomplete": Status.INCOMPLETE,
    "incomplete_expired": Status.CANCELED,
    "trialing": Status.TRIALING,
    "active": Status.ACTIVE,
    "past_due": Status.PAST_DUE,
    "unpaid": Status.UNPAID,
    "paused": Status.PAUSED,
    "canceled": Status.CANCELED,
}
# In a subscription's metadata: the renewals that an accepted offer leaves out, in Stripe's seconds.
PAUSED_FROM, PAUSED_UNTIL = "mooring_paused_from", "mooring_paused_until"
# In the metadata of payments that Mooring's own pages take.
_PURPOSE = "mooring_purpose"
# The other reasons can be anything: a plan switch with or without a new period, extra invoices.
_FOR_A_PERIOD = ("subscription_create", "subscription_cycle")


def utc(seconds: int) -> datetime:
    """Stripe's seconds since 1970 as an aware time."""
    return datetime.fromtimestamp(seconds, UTC)


def _utc_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else utc(seconds)


def _id(reference: str | Json) -> str:
    """References are ids, or whole objects where the request asked to expand them."""
    return reference if isinstance(reference, str) else str(reference["id"])


def customer_record(customer: Json, *subscriptions: Json) -> CustomerRecord:
    """A customer; a deleted one has no address.

    The card is known where it was asked for: see `CARD`, `SUBSCRIPTION` and `INVOICE`.
    """
    listed = (customer.get("subscriptions") or {}).get("data", ())
    holders = (*subscriptions, *listed, customer.get("invoice_settings") or {})
    cards = (_card(holder.get("default_payment_method")) for holder in holders)
    return CustomerRecord(
        CustomerId(customer["id"]),
        STRIPE,
        customer.get("email"),
        next((card for card in cards if card is not None), None),
    )


def _card(method: str | Json | None) -> Card | None:
    if not isinstance(method, Mapping) or method["type"] != "card":
        return None
    card = method["card"]
    years, month = divmod(card["exp_month"], 12)
    return Card(card["last4"], datetime(card["exp_year"] + years, month + 1, 1, tzinfo=UTC))


def subscription_of(subscription: Json, catalogue: Catalogue) -> Subscription:
    """A subscription with its latest invoice expanded.

    The period is the first item's: Stripe moved it there from the subscription.

    A cancellation is scheduled by `cancel_at_period_end` (API, dashboard) or by `cancel_at` alone
    (customer portal).
    """
    item = subscription["items"]["data"][0]
    price, quantity = item["price"], _quantity(item)
    offering = catalogue.offering(PriceId(price["id"]))
    period_end = utc(item["current_period_end"])
    cancel_at = _utc_or_none(subscription["cancel_at"])
    if cancel_at is None and subscription["cancel_at_period_end"]:
        cancel_at = period_end
    status = _status(subscription)
    resumes_at = _resumes_at(subscription, item)
    if status is Status.ACTIVE and resumes_at is not None and _is_left_out(subscription, item):
        status = Status.PAUSED
    return Subscription(
        id=SubscriptionId(subscription["id"]),
        provider=STRIPE,
        customer_id=CustomerId(_id(subscription["customer"])),
        plan_id=offering.plan.id if offering else None,
        price_id=PriceId(price["id"]),
        interval=Interval(price["recurring"]["interval"]),
        price=Money((price["unit_amount"] or 0) * quantity, price["currency"]),
        status=status,
        created_at=utc(subscription["created"]),
        period_start=utc(item["current_period_start"]),
        period_end=period_end,
        cancel_at=cancel_at,
        ended_at=_utc_or_none(subscription["ended_at"]),
        quantity=quantity,
        resumes_at=resumes_at,
    )


def _resumes_at(subscription: Json, item: Json) -> datetime | None:
    """The first renewal that is charged again; None without a pause of Mooring's that goes on.

    Whoever lets collection go on in Stripe's dashboard ends a pause, with the next renewal if a
    period of it has begun.
    """
    until = _noted(subscription, PAUSED_UNTIL)
    if until is None or item["current_period_start"] >= until:
        return None
    goes_on = subscription.get("pause_collection") or _is_left_out(subscription, item)
    return utc(until) if goes_on else None


def _is_left_out(subscription: Json, item: Json) -> bool:
    """Whether the current period is not paid because of a pause."""
    start, latest = item["current_period_start"], subscription.get("latest_invoice")
    if isinstance(latest, Mapping) and latest["status"] == "paid" and _is_for_a_period(latest):
        return False
    from_, until = _noted(subscription, PAUSED_FROM), _noted(subscription, PAUSED_UNTIL)
    return from_ is not None and until is not None and from_ <= start < until


def _noted(subscription: Json, name: str) -> int | None:
    """A time in the metadata, which people can edit in the dashboard."""
    written = str((subscription.get("metadata") or {}).get(name, ""))
    return int(written) if written.isascii() and written.isdigit() else None


def _quantity(item: Json) -> int:
    """Of an item or of an invoice's line; what is metered has none."""
    quantity = item.get("quantity")
    return 1 if quantity is None else int(quantity)


def _status(subscription: Json) -> Status:
    """Stripe's status follows the newest invoice, whatever it is for. One that has failed and does
    not pay for a period takes nothing away from the period that is paid."""
    status = _STATUS.get(subscription["status"], Status.UNKNOWN)
    latest = subscription.get("latest_invoice")
    if status not in (Status.PAST_DUE, Status.UNPAID) or not isinstance(latest, Mapping):
        return status
    has_failed = latest["status"] in ("open", "uncollectible")
    return Status.ACTIVE if has_failed and not _is_for_a_period(latest) else status


def _is_for_a_period(invoice: Json) -> bool:
    """Whether a period is paid with it, as far as its first lines tell."""
    if invoice["billing_reason"] in _FOR_A_PERIOD or invoice["lines"]["has_more"]:
        return True
    return _period_line(invoice) is not None


def _subscription_id(invoice: Json) -> SubscriptionId | None:
    parent = invoice.get("parent") or {}
    details = parent.get("subscription_details") or {}
    reference = details.get("subscription")
    return None if reference is None else SubscriptionId(_id(reference))


def _period_line(invoice: Json) -> Json | None:
    """The line that pays for a whole period of the subscription, not for a proration."""
    for line in invoice["lines"]["data"]:
        details = (line.get("parent") or {}).get("subscription_item_details")
        if details and not details["proration"]:
            return dict(line)
    return None


def invoice_of(invoice: Json) -> Invoice:
    """An invoice with the provider's own page and PDF."""
    finalized = (invoice.get("status_transitions") or {}).get("finalized_at")
    return Invoice(
        id=InvoiceId(invoice["id"]),
        customer_id=CustomerId(_id(invoice["customer"])),
        subscription_id=_subscription_id(invoice),
        number=invoice["number"],
        status=invoice["status"] or "draft",
        total=Money(invoice["total"], invoice["currency"]),
        issued_at=utc(finalized or invoice["created"]),
        page_url=invoice.get("hosted_invoice_url"),
        pdf_url=invoice.get("invoice_pdf"),
    )


def payment_of(intent: Json, *, invoice: Json | None) -> Payment | None:
    """A succeeded payment intent with its expanded charge; None while nothing was paid."""
    charge = intent.get("latest_charge")
    if intent["status"] != "succeeded" or not isinstance(charge, Mapping):
        return None
    subscription_id = _subscription_id(invoice) if invoice else None
    line = _period_line(invoice) if invoice else None
    if subscription_id is not None:
        purpose = PaymentPurpose.SUBSCRIPTION
    elif (intent.get("metadata") or {}).get(_PURPOSE) == PaymentPurpose.TOP_UP:
        purpose = PaymentPurpose.TOP_UP
    else:
        purpose = PaymentPurpose.OTHER
    return Payment(
        id=PaymentId(intent["id"]),
        provider=STRIPE,
        customer_id=CustomerId(_id(intent["customer"])),
        invoice_id=InvoiceId(invoice["id"]) if invoice else None,
        subscription_id=subscription_id,
        purpose=purpose,
        amount=Money(intent["amount_received"], intent["currency"]),
        refunded=Money(charge["amount_refunded"], intent["currency"]),
        disputed=bool(charge["disputed"]),
        paid_at=utc(charge["created"]),
        period_start=utc(line["period"]["start"]) if line else None,
        period_end=utc(line["period"]["end"]) if line else None,
        invoice_total=Money(invoice["amount_due"], invoice["currency"]) if invoice else None,
    )


def _paid_period(invoice: Json) -> PaidPeriod | None:
    subscription_id, line = _subscription_id(invoice), _period_line(invoice)
    if invoice["status"] != "paid" or subscription_id is None or line is None:
        return None
    price = line["pricing"]["price_details"]["price"]
    return PaidPeriod(
        customer_id=CustomerId(_id(invoice["customer"])),
        subscription_id=subscription_id,
        price_id=PriceId(_id(price)),
        period_start=utc(line["period"]["start"]),
        period_end=utc(line["period"]["end"]),
        quantity=_quantity(line),
    )


def invoice_snapshot(invoice: Json, *, intents: Sequence[Json], catalogue: Catalogue) -> Snapshot:
    """An invoice with customer and subscription expanded, and the payments made on it."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    subscription = details.get("subscription")
    payments = [payment_of(intent, invoice=invoice) for intent in intents]
    period = _paid_period(invoice)
    subscriptions = (subscription,) if isinstance(subscription, Mapping) else ()
    return Snapshot(
        customers=(customer_record(invoice["customer"], *subscriptions),),
        subscriptions=tuple(subscription_of(each, catalogue) for each in subscriptions),
        payments=tuple(payment for payment in payments if payment is not None),
        invoices=(invoice_of(invoice),),
        paid_periods=() if period is None else (period,),
    )


def checkout_snapshot(session: Json, catalogue: Catalogue) -> Snapshot:
    """A Checkout session with customer and subscription expanded; unpaid ones complete nothing."""
    if session.get("customer") is None:
        return Snapshot()
    bought = session.get("subscription")
    reference = (session.get("metadata") or {}).get("mooring_checkout")
    customer = customer_record(session["customer"])
    completed = CompletedCheckout(
        reference=CheckoutId(reference or ""),
        customer_id=customer.id,
        subscription_id=SubscriptionId(bought["id"]) if bought else None,
        payment_id=PaymentId(session["payment_intent"]) if session["payment_intent"] else None,
    )
    is_paid = session["status"] == "complete" and session["payment_status"] != "unpaid"
    return Snapshot(
        customers=(customer,),
        subscriptions=(subscription_of(bought, catalogue),) if bought else (),
        completed_checkouts=(completed,) if reference and is_paid else (),
    )


def account_snapshot(
    customer: Json,
    *,
    subscriptions: Sequence[Json],
    invoices: Sequence[Json],
    intents: Sequence[Json],
    catalogue: Catalogue,
) -> Snapshot:
    """Everything of one customer. Payments find their invoice through the invoices' payments."""
    invoice_of_intent = invoices_of_intents(invoices)
    shown = Snapshot(customers=(customer_record(customer),))
    return merged(
        [
            shown,
            read_each(
                subscriptions,
                lambda each: Snapshot(subscriptions=(subscription_of(each, catalogue),)),
            ),
            read_each(
                intents, lambda each: _payment_snapshot(each, invoice_of_intent.get(each["id"]))
            ),
            read_each(invoices, _billed_snapshot),
        ]
    )


def invoices_of_intents(invoices: Sequence[Json]) -> dict[str, Json]:
    """By the ids of the payment intents with which they are to be, or were paid.

    One that cannot be read is left out.
    """
    readable, _ = sorted_out(invoices, _intents_of)
    return {intent: invoice for invoice in readable for intent in _intents_of(invoice)}


def _intents_of(invoice: Json) -> list[str]:
    return [
        _id(each["payment"]["payment_intent"])
        for each in invoice["payments"]["data"]
        if each["payment"]["type"] == "payment_intent"
    ]


def is_of_unknown_purpose(intent: Json) -> bool:
    """Whether only an invoice could tell what was paid with it."""
    purpose = (intent.get("metadata") or {}).get(_PURPOSE)
    return intent["status"] == "succeeded" and purpose != PaymentPurpose.TOP_UP


def _payment_snapshot(intent: Json, invoice: Json | None) -> Snapshot:
    payment = payment_of(intent, invoice=invoice)
    return Snapshot(payments=() if payment is None else (payment,))


def _billed_snapshot(invoice: Json) -> Snapshot:
    period = _paid_period(invoice)
    return Snapshot(
        invoices=(invoice_of(invoice),), paid_periods=() if period is None else (period,)
    )
