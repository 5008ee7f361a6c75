"""/v1/products. Documented: a price is 0 or at least one whole unit of the currency."""

from bot.sandbox.creem import shapes
from bot.sandbox.creem.params import Fields, choice, integer, page, text, url
from bot.sandbox.creem.records import MONTHS, Product
from bot.sandbox.creem.routing import Call, Route, paged
from bot.sandbox.creem.wire import CreemError, Json

LEAST_PRICE = 100


def _get(call: Call) -> Json:
    return shapes.product(call.world.get(Product, call.params["product_id"]))


def _create(call: Call) -> Json:
    given = dict(call.params)
    if 0 < given["price"] < LEAST_PRICE:
        raise CreemError(f"price must be 0 or at least {LEAST_PRICE}")
    recurring = given.pop("billing_type") == "recurring"
    period = given.pop("billing_period", "once")
    if recurring != (period in MONTHS):
        raise CreemError("billing_period does not fit billing_type")
    return shapes.product(call.world.make(Product, **given, billing_period=period))


def _search(call: Call) -> Json:
    newest_first = reversed(call.world.all(Product))
    return paged(call, [shapes.product(one) for one in newest_first])


ROUTES = [
    Route("GET", "/v1/products/search", page(), _search),
    Route("GET", "/v1/products", Fields(("product_id",), product_id=text), _get),
    Route(
        "POST",
        "/v1/products",
        Fields(
            ("name", "description", "price", "currency", "billing_type"),
            name=text,
            description=text,
            price=integer(0),
            currency=choice("EUR", "USD"),
            billing_type=choice("recurring", "onetime"),
            billing_period=choice("once", *MONTHS),
            tax_mode=choice("inclusive", "exclusive"),
            tax_category=choice("saas", "digital-goods-service", "ebooks"),
            image_url=url,
            default_success_url=url,
        ),
        _create,
    ),
]
