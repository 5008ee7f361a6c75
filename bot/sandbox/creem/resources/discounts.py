"""/v1/discounts. Documented: found by id or by code; fixed or a percentage; for named products."""

import secrets
from datetime import UTC, datetime

from bot.sandbox.creem import shapes
from bot.sandbox.creem.params import Fields, choice, integer, number, several, text
from bot.sandbox.creem.records import Discount, Product
from bot.sandbox.creem.routing import Call, Route
from bot.sandbox.creem.wire import CreemError, Json, not_found


def _get(call: Call) -> Json:
    wanted = call.params
    if len(wanted) != 1:
        raise CreemError("Exactly one of these parameters is required: discount_id, discount_code")
    if "discount_id" in wanted:
        return shapes.discount(call.world.get(Discount, wanted["discount_id"]))
    for found in call.world.all(Discount, code=wanted["discount_code"]):
        return shapes.discount(found)
    raise not_found(Discount.NOUN)


def _create(call: Call) -> Json:
    given = call.params
    fixed = given["type"] == "fixed"
    needed = ("amount", "currency") if fixed else ("percentage",)
    missing = [f"{name} is required" for name in needed if name not in given]
    if given["duration"] == "repeating" and "duration_in_months" not in given:
        missing.append("duration_in_months is required")
    if missing:
        raise CreemError(*missing)
    code = given.get("code") or secrets.token_hex(4).upper()
    if call.world.all(Discount, code=code, deleted=False):
        raise CreemError("A resource with this identifier already exists")
    for product_id in given["applies_to_products"]:
        call.world.get(Product, product_id)
    made = call.world.make(
        Discount,
        name=given["name"],
        code=code,
        kind=given["type"],
        amount=given["amount"] if fixed else None,
        currency=given["currency"] if fixed else None,
        percentage=None if fixed else given["percentage"],
        duration=given["duration"],
        months=given.get("duration_in_months"),
        products=given["applies_to_products"],
        expires_at=given.get("expiry_date"),
        max_redemptions=given.get("max_redemptions"),
    )
    return shapes.discount(made)


def _delete(call: Call) -> Json:
    discount = call.world.get(Discount, call.id)
    discount.deleted = True
    return shapes.discount(discount)


def _date(name: str, raw: object) -> int:
    try:
        moment = datetime.fromisoformat(text(name, raw))
    except ValueError:
        raise CreemError(f"{name} must be a valid ISO 8601 date string") from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


ROUTES = [
    Route("GET", "/v1/discounts", Fields(discount_id=text, discount_code=text), _get),
    Route(
        "POST",
        "/v1/discounts",
        Fields(
            ("name", "type", "duration", "applies_to_products"),
            name=text,
            code=text,
            type=choice("percentage", "fixed"),
            amount=integer(1),
            currency=choice("EUR", "USD"),
            percentage=number,
            expiry_date=_date,
            max_redemptions=integer(1),
            duration=choice("forever", "once", "repeating"),
            duration_in_months=integer(1),
            applies_to_products=several(text),
        ),
        _create,
    ),
    Route("DELETE", "/v1/discounts/{id}/delete", Fields(), _delete),
]
