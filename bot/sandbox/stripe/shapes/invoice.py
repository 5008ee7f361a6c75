"""Invoice, its lines and its payments, and the invoice item that waits for one."""

from decimal import Decimal

from bot.sandbox.stripe.shapes.parts import automatic_tax, list_object, nulls, payment_settings
from bot.sandbox.stripe.wire import Json


def line_item(
    line_id: str,
    *,
    amount: int,
    description: str,
    price: Json,
    quantity: int,
    start: int,
    end: int,
    proration: bool,
    subscription: str | None,
    subscription_item: str | None,
    invoice_item: str | None = None,
) -> Json:
    return {
        "id": line_id,
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": _line_parent(proration, subscription, subscription_item, invoice_item),
        "period": {"end": end, "start": start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(Decimal(price["unit_amount"])),
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription,
        "subtotal": amount,
        "taxes": [],
    }


def _line_parent(
    proration: bool,
    subscription: str | None,
    subscription_item: str | None,
    invoice_item: str | None,
) -> Json:
    details = {
        "invoice_item": invoice_item,
        "proration": proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription,
    }
    if subscription_item is None:
        return {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return {
        "invoice_item_details": None,
        "subscription_item_details": {**details, "subscription_item": subscription_item},
        "type": "subscription_item_details",
    }


def invoice_item(item_id: str, *, line: Json, customer: str, created: int) -> Json:
    """A proration that waits for the next invoice."""
    details = line["parent"]["subscription_item_details"]
    return {
        "id": item_id,
        "object": "invoiceitem",
        "amount": line["amount"],
        "currency": line["currency"],
        "customer": customer,
        "customer_account": None,
        "date": created,
        "description": line["description"],
        "discountable": line["discountable"],
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": line["amount"],
        "parent": {
            "subscription_details": {
                "subscription": line["subscription"],
                "subscription_item": details["subscription_item"],
            },
            "type": "subscription_details",
        },
        "period": line["period"],
        "pricing": line["pricing"],
        "proration": True,
        "quantity": line["quantity"],
        "quantity_decimal": line["quantity_decimal"],
        "tax_rates": [],
        "test_clock": None,
    }


def _customer_fields(customer: Json) -> Json:
    return {
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
    }


def _parent(subscription: Json | None) -> Json | None:
    return subscription and {
        "quote_details": None,
        "subscription_details": {
            "metadata": dict(subscription["metadata"]),
            "subscription": subscription["id"],
        },
        "type": "subscription_details",
    }


def _untouched() -> Json:
    """Amounts and flags before anything was computed or collected."""
    return {
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def invoice(
    invoice_id: str,
    *,
    customer: Json,
    subscription: Json | None,
    lines: list[Json],
    currency: str,
    reason: str,
    created: int,
    period: tuple[int, int],
    given: Json,
) -> Json:
    """A draft. Its amounts are set by the billing engine."""
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Sandbox",
        **_untouched(),
        "automatic_tax": {**automatic_tax(), "disabled_reason": None},
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        **_customer_fields(customer),
        "default_tax_rates": [],
        "discounts": [],
        "ending_balance": None,
        "issuer": {"type": "self"},
        "lines": list_object(lines, f"/v1/invoices/{invoice_id}/lines"),
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "description": given.get("description"),
        "parent": _parent(subscription),
        "payment_settings": payment_settings(),
        "period_end": period[1],
        "period_start": period[0],
        "status": "draft",
        "status_transitions": nulls("finalized_at marked_uncollectible_at paid_at voided_at"),
        **nulls("account_tax_ids application automatically_finalizes_at custom_fields"),
        **nulls("default_payment_method default_source due_date effective_at"),
        **nulls("footer from_invoice hosted_invoice_url invoice_pdf last_finalization_error"),
        **nulls("latest_revision next_payment_attempt number on_behalf_of receipt_number"),
        **nulls("rendering shipping_cost shipping_details statement_descriptor test_clock"),
        **nulls("webhooks_delivered_at"),
    }


def invoice_payment(payment_id: str, *, invoice: Json, intent: str, created: int) -> Json:
    return {
        "id": payment_id,
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": created,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent, "type": "payment_intent"},
        "status": "open",
        "status_transitions": nulls("canceled_at paid_at"),
    }
