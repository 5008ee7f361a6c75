"""Customer, payment method, payment intent, charge, balance transaction, refund and dispute."""

from bot.sandbox.stripe.shapes.parts import address, nulls
from bot.sandbox.stripe.wire import Json


def customer(customer_id: str, *, created: int, invoice_prefix: str, given: Json) -> Json:
    return {
        "id": customer_id,
        "object": "customer",
        "address": given.get("address") and address(given["address"]),
        "balance": given.get("balance", 0),
        "created": created,
        "currency": None,
        "delinquent": False,
        "description": given.get("description"),
        "email": given.get("email"),
        "invoice_prefix": invoice_prefix,
        "invoice_settings": nulls("custom_fields default_payment_method footer rendering_options"),
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "name": given.get("name"),
        "next_invoice_sequence": 1,
        "phone": given.get("phone"),
        "preferred_locales": given.get("preferred_locales", []),
        "tax_exempt": "none",
        **nulls("default_source discount shipping test_clock"),
    }


def billing_details(email: str | None, name: str | None) -> Json:
    return {"address": address(), "email": email, "name": name, "phone": None, "tax_id": None}


def payment_method(
    method_id: str, *, created: int, last4: str, brand: str, given: Json, customer: str | None
) -> Json:
    return {
        "id": method_id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(given.get("email"), given.get("name")),
        "card": {
            "brand": brand,
            "checks": {**nulls("address_line1_check address_postal_code_check"), "cvc_check": None},
            "country": "US",
            "display_brand": brand,
            "exp_month": 8,
            "exp_year": 2034,
            "fingerprint": f"sandbox{brand}{last4}",
            "funding": "credit",
            "last4": last4,
            "networks": {"available": [brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            **nulls("generated_from regulated_status wallet"),
        },
        "created": created,
        "customer": customer,
        "customer_account": None,
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "type": "card",
    }


def payment_intent(
    intent_id: str, *, amount: int, currency: str, customer: str | None, created: int, given: Json
) -> Json:
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": customer,
        "description": given.get("description"),
        "latest_charge": None,
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "payment_method": given.get("payment_method"),
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "receipt_email": given.get("receipt_email"),
        "setup_future_usage": given.get("setup_future_usage"),
        "status": "requires_payment_method",
        **nulls("application application_fee_amount canceled_at cancellation_reason"),
        **nulls("customer_account excluded_payment_method_types last_payment_error"),
        **nulls("managed_payments next_action on_behalf_of payment_method_configuration_details"),
        **nulls("processing review shipping source statement_descriptor"),
        **nulls("statement_descriptor_suffix transfer_data transfer_group"),
    }


def _card_details(card: Json, amount: int) -> Json:
    return {
        "amount_authorized": amount,
        "brand": card["brand"],
        "checks": card["checks"],
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "last4": card["last4"],
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        **nulls("authorization_code installments mandate network_transaction_id regulated_status"),
        **nulls("three_d_secure transaction_link_id wallet"),
    }


def charge(charge_id: str, *, intent: Json, method: Json, created: int, receipt_url: str) -> Json:
    """A charge that succeeded; a refused one is rewritten by the payment engine."""
    amount = intent["amount"]
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": True,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {
            **nulls("advice_code network_advice_code network_decline_code reason"),
            "network_status": "approved_by_network",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _card_details(method["card"], amount), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_url": receipt_url,
        "refunded": False,
        "status": "succeeded",
        **nulls("application application_fee application_fee_amount balance_transaction"),
        **nulls("failure_balance_transaction failure_code failure_message on_behalf_of"),
        **nulls("receipt_number review shipping source source_transfer statement_descriptor"),
        **nulls("statement_descriptor_suffix transfer_data transfer_group"),
    }


def balance_transaction(
    transaction_id: str, *, amount: int, currency: str, source: str, kind: str, created: int
) -> Json:
    return {
        "id": transaction_id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": kind,
        "source": source,
        "status": "available",
        "type": kind,
    }


def refund(refund_id: str, *, charge: Json, amount: int, created: int, given: Json) -> Json:
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": given.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": given.get("reason"),
        "status": "succeeded",
        **nulls("balance_transaction customer_account receipt_number source_transfer_reversal"),
        **nulls("transfer_reversal"),
    }


_EVIDENCE = """
access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
cancellation_rebuttal customer_communication customer_email_address customer_name
customer_purchase_ip customer_signature duplicate_charge_documentation
duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy
refund_policy_disclosure refund_refusal_explanation service_date service_documentation
shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number
uncategorized_file uncategorized_text
"""


def dispute(dispute_id: str, *, charge: Json, created: int, due_by: int, reason: str) -> Json:
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**nulls(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "chargeback",
                "network": charge["payment_method_details"]["card"]["network"],
                "network_reason_code": "83",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
