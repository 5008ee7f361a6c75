"""``expand[]``: ids replaced by the objects they name, and fields that only appear when asked
for."""

from bot.sandbox.stripe import checkout, invoices
from bot.sandbox.stripe.shapes.parts import list_object
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World, copy_of

MAX_LEVELS = 4

_EXPANDABLE = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "coupon": "coupon",
    "customer": "customer",
    "default_payment_method": "payment_method",
    "default_price": "price",
    "discount": "discount",
    "discounts": "discount",
    "failure_balance_transaction": "balance_transaction",
    "invoice": "invoice",
    "default_source": "source",
    "pending_setup_intent": "setup_intent",
    "schedule": "subscription_schedule",
    "setup_intent": "setup_intent",
    "test_clock": "test_helpers.test_clock",
    "latest_charge": "charge",
    "latest_invoice": "invoice",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "price": "price",
    "product": "product",
    "source": "charge",
    "subscription": "subscription",
}


def expanded(world: World, obj: Json, paths: list[str]) -> Json:
    """A copy of ``obj`` with the paths expanded. Raises StripeError for a path that cannot be."""
    result = copy_of(obj)
    for path in paths:
        segments = path.split(".")
        if len(segments) > MAX_LEVELS:
            raise StripeError(
                f"You cannot expand more than {MAX_LEVELS} levels of a property. Property: {path}",
                param="expand",
            )
        _expand(world, result, segments, path)
    return result


def _refusal(path: str) -> StripeError:
    return StripeError(
        f"This property cannot be expanded ({path}). You may want to try expanding '"
        f"{path.rpartition('.')[0] or path}' instead.",
        param="expand",
    )


def _expand(world: World, holder: Json, segments: list[str], path: str) -> None:
    if holder.get("deleted"):
        return  # a stub of a customer has nothing of what the path may name
    name, rest = segments[0], segments[1:]
    _include(world, holder, name)
    if name not in holder:
        raise _refusal(path)
    value = holder[name]
    if value is None and rest:
        return  # an invoice without a parent among others that have one
    if isinstance(value, list):
        holder[name] = [_resolve(world, name, entry, path) for entry in value]
        inner = [entry for entry in holder[name] if isinstance(entry, dict)]
    else:
        holder[name] = _resolve(world, name, value, path)
        inner = [holder[name]] if isinstance(holder[name], dict) else []
    for entry in inner:
        if rest:
            _expand(world, entry, rest, path)


def _resolve(world: World, name: str, value: object, path: str) -> object:
    if isinstance(value, str):
        if name not in _EXPANDABLE:
            raise _refusal(path)
        found = world.store.find(_EXPANDABLE[name], value)
        return copy_of(found) if found else value
    if value is None and name not in (*_EXPANDABLE, "applies_to"):
        raise _refusal(path)
    return value


def _include(world: World, holder: Json, name: str) -> None:
    """Add a field that the API leaves out unless it is expanded."""
    kind, object_id = holder.get("object"), holder.get("id", "")
    data: list[Json]
    match kind, name:
        case "invoice", "payments":
            data = invoices.payments_of(world, object_id)
            url = f"/v1/invoice_payments?invoice={object_id}"
        case "charge", "refunds":
            data = list(world.store.where("refund", "charge", object_id))
            url = f"/v1/charges/{object_id}/refunds"
        case "coupon", "applies_to":
            products = world.coupon_products.get(object_id)
            holder.setdefault(name, {"products": list(products)} if products else None)
            return
        case "customer", "subscriptions":
            data = [
                found
                for found in world.store.where("subscription", "customer", object_id)
                if found["status"] not in ("canceled", "incomplete_expired")
            ]
            url = f"/v1/customers/{object_id}/subscriptions"
        case "checkout.session", "line_items":
            data = checkout.line_items(world, holder)
            url = f"/v1/checkout/sessions/{object_id}/line_items"
        case _:
            return
    holder.setdefault(name, list_object([copy_of(entry) for entry in data], url))
