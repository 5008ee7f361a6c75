"""Checkout session and its line items."""

from bot.sandbox.stripe.shapes.parts import automatic_tax, nulls
from bot.sandbox.stripe.wire import Json


def checkout_item(item_id: str, *, price: Json, quantity: int, description: str) -> Json:
    total = price["unit_amount"] * quantity
    return {
        "id": item_id,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": description,
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def customer_details(email: str | None) -> Json | None:
    """Null until somebody is known."""
    if email is None:
        return None
    return {
        "email": email,
        "tax_exempt": "none",
        **nulls("address business_name individual_name name phone tax_ids"),
    }


def _unused() -> Json:
    """Features of Checkout that the sandbox leaves at rest."""
    return {
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": automatic_tax(),
        "custom_fields": [],
        "custom_text": nulls("after_submit shipping_address submit terms_of_service_acceptance"),
        "livemode": False,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "ui_mode": "hosted_page",
        **nulls("after_expiration billing_address_collection client_secret collected_information"),
        **nulls("consent consent_collection currency_conversion customer_account"),
        **nulls("integration_identifier invoice invoice_creation managed_payments origin_context"),
        **nulls("payment_intent payment_link payment_method_configuration_details recovered_from"),
        **nulls("saved_payment_method_options setup_intent shipping_address_collection"),
        **nulls("shipping_cost subscription wallet_options"),
    }


def checkout_session(
    session_id: str,
    *,
    mode: str,
    currency: str,
    subtotal: int,
    total: int,
    created: int,
    expires_at: int,
    email: str | None,
    given: Json,
) -> Json:
    subscribing = mode == "subscription"
    return {
        "id": session_id,
        "object": "checkout.session",
        "allow_promotion_codes": given.get("allow_promotion_codes"),
        "amount_subtotal": subtotal,
        "amount_total": total,
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "created": created,
        "currency": currency,
        "customer": given.get("customer"),
        "customer_creation": None if subscribing or given.get("customer") else "if_required",
        "customer_details": customer_details(email),
        "customer_email": given.get("customer_email"),
        "discounts": [],
        "expires_at": expires_at,
        "locale": given.get("locale"),
        "metadata": given.get("metadata") or {},
        "mode": mode,
        "payment_method_collection": "always" if subscribing else "if_required",
        "payment_status": "unpaid",
        "status": "open",
        "submit_type": given.get("submit_type"),
        "success_url": given.get("success_url"),
        "total_details": {
            "amount_discount": subtotal - total,
            "amount_shipping": 0,
            "amount_tax": 0,
        },
        "url": f"https://checkout.stripe.com/c/pay/{session_id}",
        **_unused(),
    }
