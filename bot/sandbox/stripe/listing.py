"""Pages of objects: cursors, limits and the ``created`` filter."""

import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from bot.sandbox.stripe.routing import Call
from bot.sandbox.stripe.shapes.parts import list_object
from bot.sandbox.stripe.wire import Json, StripeError, ValidationError, missing

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
DEFAULT_LIMIT = 10
MAX_LIMIT = 100


def in_range(value: int, wanted: object) -> bool:
    """``wanted`` is an exact time or a group of bounds; None fits all."""
    if wanted is None:
        return True
    if not isinstance(wanted, dict):
        return value == wanted
    return all(_COMPARE[bound](value, limit) for bound, limit in wanted.items())


def page(call: Call, newest_first: Iterable[Json]) -> Json:
    """One page of the objects, by ``limit``, ``starting_after`` or ``ending_before``."""
    params = call.params
    limit = params.get("limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        raise ValidationError(
            f"Invalid integer: {limit}; must be less than or equal to {MAX_LIMIT}",
            code="parameter_invalid_integer",
            param="limit",
        )
    if "starting_after" in params and "ending_before" in params:
        raise StripeError(
            "You may only specify one of these parameters: starting_after, ending_before."
        )
    created = params.get("created")
    found: Iterator[Json] = (
        obj for obj in newest_first if in_range(obj.get("created", 0), created)
    )
    if cursor := params.get("ending_before"):
        return _before(call, list(found), cursor, limit)
    if cursor := params.get("starting_after"):
        found = iter(_after(list(found), cursor))
    chunk = list(islice(found, limit + 1))
    return list_object(chunk[:limit], call.url, has_more=len(chunk) > limit)


def _position(objects: list[Json], cursor: str, param: str) -> int:
    for position, obj in enumerate(objects):
        if obj["id"] == cursor:
            return position
    raise missing("object", cursor, param=param, status=400)


def _after(objects: list[Json], cursor: str) -> list[Json]:
    return objects[_position(objects, cursor, "starting_after") + 1 :]


def _before(call: Call, objects: list[Json], cursor: str, limit: int) -> Json:
    until = _position(objects, cursor, "ending_before")
    start = max(0, until - limit)
    return list_object(objects[start:until], call.url, has_more=start > 0)
