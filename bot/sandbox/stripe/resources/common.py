"""Endpoints that look the same for every noun."""

from collections.abc import Iterable

from bot.sandbox.stripe.listing import page
from bot.sandbox.stripe.params import Param, body, listing, merge_metadata
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.wire import Json


def retrieve(template: str, kind: str, *, param: str = "id") -> Route:
    """GET one object; ``param`` is what Stripe's error names when it is missing."""
    name = template.rpartition("{")[2].rstrip("}")

    def handle(call: Call) -> Json:
        return call.world.store.get(kind, call.path[name], param=param)

    return Route("GET", template, body(), handle)


def list_all(template: str, kind: str, **filters: Param) -> Route:
    """GET a page; every filter is an equal-to on the field of its name, ``created`` a range."""

    def handle(call: Call) -> Json:
        wanted = {name: call.params[name] for name in filters if name in call.params}
        wanted.pop("created", None)
        return page(call, matching(call, kind, wanted))

    return Route("GET", template, listing(**filters), handle)


def matching(call: Call, kind: str, wanted: Json) -> Iterable[Json]:
    return (
        obj
        for obj in call.world.store.candidates(kind, wanted)
        if all(obj.get(name) == value for name, value in wanted.items())
    )


def update_fields(obj: Json, given: Json, names: str) -> None:
    """Set the named fields that were given; metadata is merged, not replaced."""
    for name in names.split():
        if name not in given:
            continue
        obj[name] = (
            merge_metadata(obj["metadata"], given[name]) if name == "metadata" else given[name]
        )
