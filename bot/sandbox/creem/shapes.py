"""Objects as Creem's API writes them.

Documented by examples and the OpenAPI description: the field names and which times are text or
numbers. Chosen: that fields without a value are null rather than missing, where the examples do
both.
"""

from collections.abc import Callable
from typing import Any

from bot.sandbox.creem.records import (
    Checkout,
    Customer,
    Discount,
    Dispute,
    Order,
    Product,
    Record,
    Refund,
    Subscription,
    Transaction,
)
from bot.sandbox.creem.wire import MODE, Json, iso, milliseconds
from bot.sandbox.creem.world import World


def _base(record: Record, kind: str) -> Json:
    return {"id": record.id, "mode": MODE, "object": kind}


def _times(record: Record) -> Json:
    updated = record.created_at if record.updated_at is None else record.updated_at
    return {"created_at": iso(record.created_at), "updated_at": iso(updated)}


def product(record: Product) -> Json:
    return {
        **_base(record, "product"),
        "name": record.name,
        "description": record.description,
        "image_url": record.image_url,
        "price": record.price,
        "currency": record.currency,
        "billing_type": "recurring" if record.recurring else "onetime",
        "billing_period": record.billing_period,
        "status": "active",
        "tax_mode": record.tax_mode,
        "tax_category": record.tax_category,
        "product_url": f"https://creem.io/product/{record.id}",
        "default_success_url": record.default_success_url,
        **_times(record),
    }


def customer(record: Customer) -> Json:
    return {
        **_base(record, "customer"),
        "email": record.email,
        "name": record.name,
        "country": record.country,
        "metadata": record.metadata,
        **_times(record),
    }


def order(record: Order) -> Json:
    return {
        **_base(record, "order"),
        "customer": record.customer_id,
        "product": record.product_id,
        "transaction": record.transaction_id,
        "discount": record.discount_id,
        "amount": record.amount,
        "sub_total": record.amount,
        "tax_amount": record.tax_amount,
        "discount_amount": record.discount_amount,
        "amount_due": record.amount_due,
        "amount_paid": record.amount_paid,
        "currency": record.currency,
        "fx_amount": None,
        "fx_currency": None,
        "fx_rate": None,
        "status": "paid" if record.amount_paid == record.amount_due else "pending",
        "type": "recurring" if record.recurring else "onetime",
        "affiliate": None,
        **_times(record),
    }


def transaction(record: Transaction) -> Json:
    shape = {
        **_base(record, "transaction"),
        "amount": record.amount,
        "amount_paid": record.amount_paid,
        "discount_amount": record.discount_amount,
        "currency": record.currency,
        "type": "invoice" if record.subscription_id else "payment",
        "tax_country": record.tax_country,
        "tax_amount": record.tax_amount,
        "status": record.status,
        "refunded_amount": record.refunded_amount or None,
        "order": record.order_id,
        "subscription": record.subscription_id,
        "customer": record.customer_id,
        "description": record.description,
        "created_at": milliseconds(record.created_at),
    }
    if record.period_start is not None:
        shape["period_start"] = milliseconds(record.period_start)
        shape["period_end"] = milliseconds(record.period_end)
    return shape


def subscription(world: World, record: Subscription, *, expand: bool) -> Json:
    """``expand``: the product and the customer whole, not by their ids."""
    last = world.find(Transaction, record.last_transaction_id)
    shape = {
        **_base(record, "subscription"),
        "product": record.product_id,
        "customer": record.customer_id,
        "items": [_item(record)],
        "collection_method": "charge_automatically",
        "status": record.status,
        "current_period_start_date": iso(record.period_start),
        "current_period_end_date": iso(record.period_end),
        "canceled_at": iso(record.canceled_at),
        "metadata": record.metadata or {},
        **_times(record),
    }
    if last is not None:
        shape["last_transaction_id"] = last.id
        shape["last_transaction_date"] = iso(last.created_at)
    if record.status in ("active", "trialing"):
        shape["next_transaction_date"] = iso(record.period_end)
    elif record.retry_at is not None:
        shape["next_transaction_date"] = iso(record.retry_at)
    if record.discount_id:
        shape["discount"] = {"id": record.discount_id}
    if expand:
        shape["product"] = product(world.get(Product, record.product_id))
        shape["customer"] = customer(world.get(Customer, record.customer_id))
    return shape


def whole_subscription(world: World, record: Subscription) -> Json:
    """As the API answers with it: everything expanded, the last paid transaction included; only ids
    where the settings ask for them, which the OpenAPI description allows here too."""
    if world.settings.references == "ids":
        return subscription(world, record, expand=False)
    shape = subscription(world, record, expand=True)
    last = world.find(Transaction, record.last_transaction_id)
    return {**shape, "last_transaction": transaction(last)} if last else shape


def _item(record: Subscription) -> Json:
    return {
        "id": record.item_id,
        "mode": MODE,
        "object": "subscription_item",
        "product_id": record.product_id,
        "price_id": f"pprice_{record.product_id.removeprefix('prod_')}",
        "units": record.units,
        **_times(record),
    }


def checkout(world: World, record: Checkout, *, expand: bool) -> Json:
    """``expand``: the product, the customer and the subscription whole; the subscription then names
    its own product and customer by their ids."""
    sold = world.find(Order, record.order_id)
    bought = world.find(Subscription, record.subscription_id)
    buyer = world.find(Customer, record.customer_id)
    shape = {
        **_base(record, "checkout"),
        "status": record.status,
        "product": record.product_id,
        "units": record.units,
        "custom_fields": [],
        "checkout_url": checkout_url(record),
        "success_url": record.success_url,
        "metadata": record.metadata or {},
    }
    if record.request_id:
        shape["request_id"] = record.request_id
    if sold:
        shape["order"] = order(sold)
    if buyer:
        shape["customer"] = customer(buyer) if expand else buyer.id
    if bought:
        shape["subscription"] = subscription(world, bought, expand=False) if expand else bought.id
    if expand:
        shape["product"] = product(world.get(Product, record.product_id))
    return shape


def checkout_url(record: Checkout) -> str:
    return f"https://checkout.creem.io/{record.id}"


def refund(world: World, record: Refund, *, expand: bool) -> Json:
    paid = world.get(Transaction, record.transaction_id)
    return {
        **_base(record, "refund"),
        "status": record.status,
        "refund_amount": record.amount,
        "refund_currency": record.currency,
        "reason": record.reason,
        "transaction": transaction(paid),
        **_around(world, paid, expand=expand),
        "created_at": milliseconds(record.created_at),
    }


def dispute(world: World, record: Dispute, *, expand: bool) -> Json:
    """Creem's example of the event has the status "chargeback" where its API has "chargedBack"."""
    paid = world.get(Transaction, record.transaction_id)
    return {
        **_base(record, "dispute"),
        "amount": record.amount,
        "currency": record.currency,
        "transaction": {**transaction(paid), "status": "chargeback"},
        **_around(world, paid, expand=expand),
        "created_at": milliseconds(record.created_at),
    }


def _around(world: World, paid: Transaction, *, expand: bool) -> Json:
    """What the payment belongs to."""
    sold = world.get(Order, paid.order_id)
    bought = world.find(Subscription, paid.subscription_id)
    if not expand:
        shape: Json = {"checkout": sold.checkout_id, "order": sold.id, "customer": paid.customer_id}
        return {**shape, "subscription": bought.id} if bought else shape
    shape = {
        "checkout": checkout(world, world.get(Checkout, sold.checkout_id), expand=False),
        "order": order(sold),
        "customer": customer(world.get(Customer, paid.customer_id)),
    }
    if bought:
        shape["subscription"] = subscription(world, bought, expand=False)
    return shape


def discount(record: Discount) -> Json:
    shape = {
        **_base(record, "discount"),
        "status": "deleted" if record.deleted else "active",
        "name": record.name,
        "code": record.code,
        "type": record.kind,
        "amount": record.amount,
        "percentage": record.percentage,
        "currency": record.currency,
        "duration": record.duration,
        "duration_in_months": record.months,
        "applies_to_products": list(record.products),
        "expiry_date": iso(record.expires_at),
        "max_redemptions": record.max_redemptions,
        "redeem_count": record.redeem_count,
    }
    return {key: value for key, value in shape.items() if value is not None}


_WHOLE: dict[type[Record], Callable[[World, Any], Json]] = {
    Product: lambda _, record: product(record),
    Customer: lambda _, record: customer(record),
    Subscription: whole_subscription,
    Transaction: lambda _, record: transaction(record),
    Checkout: lambda world, record: checkout(world, record, expand=False),
    Order: lambda _, record: order(record),
    Refund: lambda world, record: refund(world, record, expand=True),
    Dispute: lambda world, record: dispute(world, record, expand=True),
    Discount: lambda _, record: discount(record),
}


def whole(world: World, record: Record) -> Json:
    """Any object, as the API answers with it."""
    return _WHOLE[type(record)](world, record)
