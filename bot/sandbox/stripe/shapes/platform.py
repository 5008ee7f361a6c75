"""Account, event, webhook endpoint, billing portal session and its configuration."""

from bot.sandbox.stripe.shapes.parts import address, list_object, nulls
from bot.sandbox.stripe.wire import API_VERSION, Json


def event(
    event_id: str, *, kind: str, data: Json, created: int, request: Json, pending_webhooks: int
) -> Json:
    return {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": pending_webhooks,
        "request": request,
        "type": kind,
    }


def webhook_endpoint(
    endpoint_id: str, *, url: str, enabled_events: list[str], created: int, given: Json
) -> Json:
    return {
        "id": endpoint_id,
        "object": "webhook_endpoint",
        "api_version": given.get("api_version"),
        "application": None,
        "created": created,
        "description": given.get("description"),
        "enabled_events": enabled_events,
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "status": "enabled",
        "url": url,
    }


def portal_session(
    session_id: str,
    *,
    configuration: str,
    customer: str,
    created: int,
    return_url: str | None,
    url: str,
    flow: Json | None,
) -> Json:
    return {
        "id": session_id,
        "object": "billing_portal.session",
        "configuration": configuration,
        "created": created,
        "customer": customer,
        "flow": flow,
        "livemode": False,
        "return_url": return_url,
        "url": url,
        **nulls("customer_account locale on_behalf_of"),
    }


def portal_configuration(configuration_id: str, *, created: int) -> Json:
    """As the dashboard saves it, with plan switching left off."""
    return {
        "id": configuration_id,
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": nulls("headline privacy_policy_url terms_of_service_url"),
        "created": created,
        "default_return_url": None,
        "features": {
            "customer_update": {"allowed_updates": ["email", "tax_id"], "enabled": True},
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True, "payment_method_configuration": None},
            "subscription_cancel": {
                "cancellation_reason": {"enabled": False, "options": []},
                "enabled": True,
                "mode": "at_period_end",
                "proration_behavior": "none",
            },
            "subscription_update": {
                "billing_cycle_anchor": None,
                "default_allowed_updates": [],
                "enabled": False,
                "proration_behavior": "none",
                "schedule_at_period_end": {"conditions": []},
                "trial_update_behavior": "end_trial",
            },
        },
        "is_default": True,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": created,
    }


def _requirements() -> Json:
    lists = "alternatives currently_due errors eventually_due past_due pending_verification"
    return {**{name: [] for name in lists.split()}, "disabled_reason": None}


def account(account_id: str, *, created: int, name: str) -> Json:
    return {
        "id": account_id,
        "object": "account",
        "business_profile": {
            **nulls("annual_revenue estimated_worker_count mcc product_description support_email"),
            **nulls("support_phone support_url url minority_owned_business_designation"),
            "name": name,
            "support_address": address(),
        },
        "business_type": None,
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": created,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "billing@example.com",
        "external_accounts": list_object([], f"/v1/accounts/{account_id}/external_accounts"),
        "future_requirements": {**_requirements(), "current_deadline": None},
        "metadata": {},
        "payouts_enabled": True,
        "requirements": {**_requirements(), "current_deadline": None},
        "settings": _settings(name),
        "tos_acceptance": nulls("date ip user_agent"),
        "type": "standard",
    }


def _settings(name: str) -> Json:
    prefixes = "statement_descriptor_prefix_kana statement_descriptor_prefix_kanji"
    return {
        "bacs_debit_payments": nulls("display_name service_user_number"),
        "branding": nulls("icon logo primary_color secondary_color"),
        "card_issuing": {"tos_acceptance": nulls("date ip")},
        "card_payments": {
            "decline_on": {"avs_failure": True, "cvc_failure": True},
            **nulls(f"statement_descriptor_prefix {prefixes}"),
        },
        "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
        "invoices": nulls("default_account_tax_ids hosted_payment_method_save"),
        "payments": nulls(
            "statement_descriptor statement_descriptor_kana statement_descriptor_kanji " + prefixes
        ),
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }
