"""/v1/products, /v1/prices and /v1/coupons."""

from bot.sandbox.stripe import catalogue
from bot.sandbox.stripe.listing import page
from bot.sandbox.stripe.params import (
    RANGE,
    Boolean,
    Choice,
    Clearable,
    Group,
    Integer,
    Many,
    Metadata,
    Number,
    Param,
    Text,
    body,
    listing,
)
from bot.sandbox.stripe.resources.common import list_all, retrieve, update_fields
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.wire import Json, StripeError

_INTERVALS = Choice("day", "week", "month", "year")
_RECURRING = Group({"interval": _INTERVALS, "interval_count": Integer(minimum=1)}, ("interval",))


def _create_product(call: Call) -> Json:
    product = catalogue.create_product(call.world, call.params["name"], call.params)
    if data := call.params.get("default_price_data"):
        price = catalogue.create_price(
            call.world,
            product,
            currency=data["currency"],
            unit_amount=data["unit_amount"],
            recurring=data.get("recurring"),
            given={},
        )
        product["default_price"] = price["id"]
    return product


def _update_product(call: Call) -> Json:
    product = call.world.store.get("product", call.path["id"])
    with call.world.changing(product, "product.updated"):
        update_fields(
            product, call.params, "active description metadata name default_price url images"
        )
    return product


def _list_products(call: Call) -> Json:
    ids, active = call.params.get("ids"), call.params.get("active")
    return page(
        call,
        (
            product
            for product in call.world.store.newest_first("product")
            if (ids is None or product["id"] in ids) and active in (None, product["active"])
        ),
    )


def _create_price(call: Call) -> Json:
    given = call.params
    product = call.world.store.named("product", given["product"], "product")
    return catalogue.create_price(
        call.world,
        product,
        currency=given["currency"],
        unit_amount=given["unit_amount"],
        recurring=given.get("recurring"),
        given=given,
    )


def _update_price(call: Call) -> Json:
    price = call.world.store.get("price", call.path["price"], param="price")
    with call.world.changing(price, "price.updated"):
        update_fields(price, call.params, "active metadata nickname lookup_key")
    return price


def _list_prices(call: Call) -> Json:
    given = call.params
    keys = given.get("lookup_keys")
    interval = given.get("recurring", {}).get("interval")
    exact = {
        name: given[name] for name in ("active", "currency", "product", "type") if name in given
    }

    def fits(price: Json) -> bool:
        recurring = price["recurring"] or {}
        return (
            (keys is None or price["lookup_key"] in keys)
            and interval in (None, recurring.get("interval"))
            and all(price[name] == value for name, value in exact.items())
        )

    return page(call, filter(fits, call.world.store.newest_first("price")))


def _delete_coupon(call: Call) -> Json:
    coupon = call.world.store.get("coupon", call.path["coupon"], param="coupon")
    if coupon["times_redeemed"]:
        raise StripeError("The sandbox does not delete a coupon that was redeemed.")
    call.world.store.remove("coupon", coupon["id"])
    call.world.emit("coupon.deleted", coupon)
    return {"id": coupon["id"], "object": "coupon", "deleted": True}


_PRODUCT_FIELDS: dict[str, Param] = {
    "active": Boolean(),
    "description": Clearable(Text()),
    "images": Many(Text()),
    "metadata": Metadata(),
    "url": Clearable(Text()),
}
_PRICE_FIELDS: dict[str, Param] = {
    "active": Boolean(),
    "lookup_key": Text(200),
    "metadata": Metadata(),
    "nickname": Text(),
    "transfer_lookup_key": Boolean(),
}

ROUTES = [
    Route(
        "POST",
        "/v1/products",
        body(
            ("name",),
            id=Text(),
            name=Text(),
            default_price_data=Group(
                {"currency": Text(3), "unit_amount": Integer(minimum=0), "recurring": _RECURRING},
                ("currency", "unit_amount"),
            ),
            **_PRODUCT_FIELDS,
        ),
        _create_product,
    ),
    Route(
        "GET",
        "/v1/products",
        listing(active=Boolean(), created=RANGE, ids=Many(Text())),
        _list_products,
    ),
    retrieve("/v1/products/{id}", "product"),
    Route(
        "POST",
        "/v1/products/{id}",
        body(name=Text(), default_price=Text(), **_PRODUCT_FIELDS),
        _update_product,
    ),
    Route(
        "POST",
        "/v1/prices",
        body(
            ("currency", "product", "unit_amount"),
            currency=Text(3),
            product=Text(),
            unit_amount=Integer(minimum=0),
            recurring=_RECURRING,
            tax_behavior=Choice("exclusive", "inclusive", "unspecified"),
            **_PRICE_FIELDS,
        ),
        _create_price,
    ),
    Route(
        "GET",
        "/v1/prices",
        listing(
            active=Boolean(),
            created=RANGE,
            currency=Text(3),
            lookup_keys=Many(Text()),
            product=Text(),
            recurring=Group({"interval": _INTERVALS}),
            type=Choice("one_time", "recurring"),
        ),
        _list_prices,
    ),
    retrieve("/v1/prices/{price}", "price", param="price"),
    Route("POST", "/v1/prices/{price}", body(**_PRICE_FIELDS), _update_price),
    Route(
        "POST",
        "/v1/coupons",
        body(
            id=Text(),
            amount_off=Integer(minimum=1),
            applies_to=Group({"products": Many(Text())}),
            currency=Text(3),
            duration=Choice("forever", "once", "repeating"),
            duration_in_months=Integer(minimum=1),
            max_redemptions=Integer(minimum=1),
            metadata=Metadata(),
            name=Text(40),
            percent_off=Number(),
            redeem_by=Integer(),
        ),
        lambda call: catalogue.create_coupon(call.world, call.params),
    ),
    list_all("/v1/coupons", "coupon", created=RANGE),
    retrieve("/v1/coupons/{coupon}", "coupon", param="coupon"),
    Route("DELETE", "/v1/coupons/{coupon}", Group(), _delete_coupon),
]
