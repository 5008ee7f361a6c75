"""Subscription and its items."""

from bot.sandbox.stripe.shapes.catalogue import plan
from bot.sandbox.stripe.shapes.parts import list_object, nulls
from bot.sandbox.stripe.wire import Json

NO_DETAILS: Json = {"comment": None, "feedback": None, "reason": None}


def subscription_item(
    item_id: str,
    *,
    subscription: str,
    price: Json,
    quantity: int,
    created: int,
    start: int,
    end: int,
) -> Json:
    return {
        "id": item_id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": created,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }


def subscription(
    subscription_id: str, *, customer: str, currency: str, created: int, anchor: int, given: Json
) -> Json:
    url = f"/v1/subscription_items?subscription={subscription_id}"
    return {
        "id": subscription_id,
        "object": "subscription",
        "automatic_tax": {"enabled": False, "liability": None, "disabled_reason": None},
        "billing_cycle_anchor": anchor,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "billing_schedules": [],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "cancellation_details": dict(NO_DETAILS),
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "customer": customer,
        "default_payment_method": given.get("default_payment_method"),
        "default_tax_rates": [],
        "description": given.get("description"),
        "discounts": [],
        "invoice_settings": {
            "issuer": {"type": "self"},
            **nulls("account_tax_ids custom_fields description footer"),
        },
        "items": list_object([], url),
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "payment_settings": {
            **nulls("payment_method_options payment_method_types"),
            "save_default_payment_method": "off",
        },
        "start_date": created,
        "status": "incomplete",
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        **nulls("application application_fee_percent billing_cycle_anchor_config"),
        **nulls("billing_thresholds canceled_at customer_account days_until_due default_source"),
        **nulls("ended_at latest_invoice managed_payments next_pending_invoice_item_invoice"),
        **nulls("on_behalf_of pause_collection pending_invoice_item_interval"),
        **nulls("pending_setup_intent pending_update schedule test_clock transfer_data"),
        **nulls("trial_end trial_start"),
    }
