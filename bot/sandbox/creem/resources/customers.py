"""/v1/customers. Documented: found by id or by email, made with both email and name, changed by
PATCH without an id in the path; the list's usual page holds 50."""

import secrets

from bot.sandbox.creem import shapes
from bot.sandbox.creem.params import Fields, email, metadata, page, text
from bot.sandbox.creem.records import Customer, Order, Subscription
from bot.sandbox.creem.routing import Call, Route, paged
from bot.sandbox.creem.wire import CreemError, Json, not_found
from bot.sandbox.creem.world import World

LIST_SIZE = 50


def _with_address(world: World, address: str) -> Customer | None:
    """Chosen: upper and lower case are the same."""
    return next((one for one in world.all(Customer) if one.email.lower() == address.lower()), None)


def _get(call: Call) -> Json:
    wanted = call.params
    if len(wanted) != 1:
        raise CreemError("Exactly one of these parameters is required: customer_id, email")
    if "customer_id" in wanted:
        return shapes.customer(call.world.get(Customer, wanted["customer_id"]))
    found = _with_address(call.world, wanted["email"])
    if found is None:
        raise not_found(Customer.NOUN)
    return shapes.customer(found)


def _list(call: Call) -> Json:
    newest_first = reversed(call.world.all(Customer))
    return paged(call, [shapes.customer(one) for one in newest_first], size=LIST_SIZE)


def _create(call: Call) -> Json:
    if _with_address(call.world, call.params["email"]):
        raise CreemError("A resource with this identifier already exists")
    return shapes.customer(call.world.make(Customer, **call.params))


def _update(call: Call) -> Json:
    customer = call.world.get(Customer, call.params["customer_id"])
    customer.name = call.params.get("name", customer.name)
    customer.metadata = call.params.get("metadata", customer.metadata)
    call.world.touch(customer)
    return shapes.customer(customer)


def _portal(call: Call) -> Json:
    customer = call.world.get(Customer, call.params["customer_id"])
    token = secrets.token_urlsafe(24)
    call.world.portals[token] = customer.id
    return {"customer_portal_link": f"https://creem.io/my-orders/login/{token}"}


def _subscriptions(call: Call) -> Json:
    customer = call.world.get(Customer, call.id)
    theirs = reversed(call.world.all(Subscription, customer_id=customer.id))
    return paged(call, [shapes.whole_subscription(call.world, one) for one in theirs])


def _orders(call: Call) -> Json:
    customer = call.world.get(Customer, call.id)
    theirs = reversed(call.world.all(Order, customer_id=customer.id))
    return paged(call, [shapes.order(one) for one in theirs])


ROUTES = [
    Route("GET", "/v1/customers/list", page(), _list),
    Route("GET", "/v1/customers", Fields(customer_id=text, email=email), _get),
    Route(
        "POST",
        "/v1/customers",
        Fields(("email", "name"), email=email, name=text, metadata=metadata),
        _create,
    ),
    Route(
        "PATCH",
        "/v1/customers",
        Fields(("customer_id",), customer_id=text, name=text, metadata=metadata),
        _update,
    ),
    Route("POST", "/v1/customers/billing", Fields(("customer_id",), customer_id=text), _portal),
    Route("GET", "/v1/customers/{id}/subscriptions", page(), _subscriptions),
    Route("GET", "/v1/customers/{id}/orders", page(), _orders),
]
