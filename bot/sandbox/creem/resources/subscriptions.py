"""/v1/subscriptions.

Documented: the search takes no filters (a customer's are under /v1/customers/{id}/subscriptions);
updating items defaults to "proration-charge", upgrading to "proration-charge-immediately". Chosen:
a subscription has one item, whose units and product can be changed.
"""

from bot.sandbox.creem import changes, shapes
from bot.sandbox.creem import subscriptions as engine
from bot.sandbox.creem.params import Fields, choice, integer, page, several, text
from bot.sandbox.creem.records import Product, Subscription
from bot.sandbox.creem.routing import Call, Route, paged
from bot.sandbox.creem.wire import CreemError, Json


def _subscription(call: Call) -> Subscription:
    return call.world.get(Subscription, call.id)


def _get(call: Call) -> Json:
    found = call.world.get(Subscription, call.params["subscription_id"])
    return shapes.whole_subscription(call.world, found)


def _search(call: Call) -> Json:
    newest_first = reversed(call.world.all(Subscription))
    return paged(call, [shapes.whole_subscription(call.world, one) for one in newest_first])


def _cancel(call: Call) -> Json:
    subscription, given = _subscription(call), call.params
    engine.cancel(
        call.world, subscription, mode=given.get("mode"), on_execute=given.get("onExecute")
    )
    return shapes.whole_subscription(call.world, subscription)


def _pause(call: Call) -> Json:
    subscription = _subscription(call)
    engine.pause(call.world, subscription)
    return shapes.whole_subscription(call.world, subscription)


def _resume(call: Call) -> Json:
    subscription = _subscription(call)
    engine.resume(call.world, subscription)
    return shapes.whole_subscription(call.world, subscription)


def _upgrade(call: Call) -> Json:
    subscription = _subscription(call)
    product = call.world.get(Product, call.params["product_id"])
    behavior = call.params.get("update_behavior", "proration-charge-immediately")
    changes.change(call.world, subscription, product, units=subscription.units, behavior=behavior)
    return shapes.whole_subscription(call.world, subscription)


def _update(call: Call) -> Json:
    subscription = _subscription(call)
    items = call.params["items"]
    if [item.get("id") for item in items] != [subscription.item_id]:
        raise CreemError("items must hold the subscription's one item, by its id")
    product = call.world.get(Product, items[0].get("product_id", subscription.product_id))
    units = items[0].get("units", subscription.units)
    behavior = call.params.get("update_behavior", "proration-charge")
    changes.change(call.world, subscription, product, units=units, behavior=behavior)
    return shapes.whole_subscription(call.world, subscription)


_BEHAVIOR = choice(*changes.BEHAVIORS)
_ITEM = Fields(id=text, product_id=text, units=integer(1))
_ONE = "/v1/subscriptions/{id}"

ROUTES = [
    Route("GET", "/v1/subscriptions/search", page(), _search),
    Route("GET", "/v1/subscriptions", Fields(("subscription_id",), subscription_id=text), _get),
    Route(
        "POST",
        _ONE,
        Fields(("items",), items=several(_ITEM), update_behavior=_BEHAVIOR),
        _update,
    ),
    Route(
        "POST",
        f"{_ONE}/cancel",
        Fields(mode=choice("immediate", "scheduled"), onExecute=choice("cancel", "pause")),
        _cancel,
    ),
    Route("POST", f"{_ONE}/pause", Fields(), _pause),
    Route("POST", f"{_ONE}/resume", Fields(), _resume),
    Route(
        "POST",
        f"{_ONE}/upgrade",
        Fields(("product_id",), product_id=text, update_behavior=_BEHAVIOR),
        _upgrade,
    ),
]
