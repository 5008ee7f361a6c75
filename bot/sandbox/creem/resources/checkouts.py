"""/v1/checkouts."""

from bot.sandbox.creem import checkout, shapes
from bot.sandbox.creem.params import Fields, email, integer, metadata, text, url
from bot.sandbox.creem.records import Checkout
from bot.sandbox.creem.routing import Call, Route
from bot.sandbox.creem.wire import Json


def _create(call: Call) -> Json:
    made = checkout.create(call.world, call.params)
    return shapes.checkout(call.world, made, expand=False)


def _get(call: Call) -> Json:
    found = call.world.get(Checkout, call.params["checkout_id"])
    return shapes.checkout(call.world, found, expand=False)


ROUTES = [
    Route("GET", "/v1/checkouts", Fields(("checkout_id",), checkout_id=text), _get),
    Route(
        "POST",
        "/v1/checkouts",
        Fields(
            ("product_id",),
            product_id=text,
            request_id=text,
            units=integer(1),
            discount_code=text,
            customer=Fields(id=text, email=email),
            custom_price=integer(100),
            success_url=url,
            metadata=metadata,
        ),
        _create,
    ),
]
