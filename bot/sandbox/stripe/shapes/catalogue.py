"""Product, price, coupon, promotion-free discount."""

from decimal import Decimal

from bot.sandbox.stripe.shapes.parts import nulls
from bot.sandbox.stripe.wire import Json


def product(product_id: str, *, name: str, created: int, given: Json) -> Json:
    return {
        "id": product_id,
        "object": "product",
        "active": given.get("active", True),
        "created": created,
        "default_price": None,
        "description": given.get("description"),
        "images": given.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": given.get("metadata") or {},
        "name": name,
        "type": "service",
        "updated": created,
        "url": given.get("url"),
        **nulls("package_dimensions shippable statement_descriptor tax_code unit_label"),
    }


def price(
    price_id: str,
    *,
    product_id: str,
    currency: str,
    unit_amount: int,
    recurring: Json | None,
    created: int,
    given: Json,
) -> Json:
    return {
        "id": price_id,
        "object": "price",
        "active": given.get("active", True),
        "billing_scheme": "per_unit",
        "created": created,
        "currency": currency,
        "livemode": False,
        "lookup_key": given.get("lookup_key"),
        "metadata": given.get("metadata") or {},
        "nickname": given.get("nickname"),
        "product": product_id,
        "recurring": recurring
        and {
            "interval": recurring["interval"],
            "interval_count": recurring.get("interval_count", 1),
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "type": "recurring" if recurring else "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(Decimal(unit_amount)),
        **nulls("custom_unit_amount tiers_mode transform_quantity"),
    }


def plan(of: Json) -> Json:
    """The legacy view of a price that subscription items still carry."""
    recurring = of["recurring"] or {}
    return {
        "id": of["id"],
        "object": "plan",
        "active": of["active"],
        "amount": of["unit_amount"],
        "amount_decimal": of["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": of["created"],
        "currency": of["currency"],
        "interval": recurring.get("interval"),
        "interval_count": recurring.get("interval_count"),
        "livemode": False,
        "metadata": of["metadata"],
        "nickname": of["nickname"],
        "product": of["product"],
        "usage_type": "licensed",
        **nulls("meter tiers_mode transform_usage trial_period_days"),
    }


def coupon(coupon_id: str, *, created: int, given: Json) -> Json:
    return {
        "id": coupon_id,
        "object": "coupon",
        "amount_off": given.get("amount_off"),
        "created": created,
        "currency": given.get("currency"),
        "duration": given.get("duration", "once"),
        "duration_in_months": given.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": given.get("max_redemptions"),
        "metadata": given.get("metadata") or {},
        "name": given.get("name"),
        "percent_off": given.get("percent_off"),
        "redeem_by": given.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }


def discount(
    discount_id: str,
    *,
    coupon_id: str,
    customer: str,
    subscription: str | None,
    checkout_session: str | None,
    start: int,
    end: int | None,
) -> Json:
    return {
        "id": discount_id,
        "object": "discount",
        "checkout_session": checkout_session,
        "customer": customer,
        "end": end,
        "source": {"coupon": coupon_id, "type": "coupon"},
        "start": start,
        "subscription": subscription,
        **nulls("customer_account invoice invoice_item promotion_code subscription_item"),
    }
