"""The API's endpoints: which request goes where, and what a handler gets."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.sandbox.creem.params import Fields
from bot.sandbox.creem.wire import CreemError, Json
from bot.sandbox.creem.world import World

PAGE_SIZE = 10


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its parameters read; ``id`` is the one in its path, where there is one."""

    world: World
    id: str
    params: Json


@dataclass(frozen=True, slots=True)
class Route:
    """``template`` as Creem's documentation writes it: ``/v1/subscriptions/{id}/cancel``."""

    method: str
    template: str
    params: Fields
    handle: Callable[[Call], Json]


class Router:
    """The first registered route that fits wins, so fixed segments go before ids."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [
            (re.compile(route.template.replace("{id}", "(?P<id>[^/]+)")), route) for route in routes
        ]

    def match(self, method: str, path: str) -> tuple[Route, str]:
        """The route and the id in the path. Raises Creem's 404 for what is not served."""
        for pattern, route in self._routes:
            found = pattern.fullmatch(path)
            if found and route.method == method:
                return route, found.groupdict().get("id", "")
        raise CreemError(f"Cannot {method} {path}", status=404)


def paged(call: Call, objects: Sequence[Json], *, size: int = PAGE_SIZE) -> Json:
    """One page; ``size`` is the usual one of this endpoint."""
    wanted = call.params.get("page_number", 1)
    size = call.params.get("page_size", size)
    pages = -(-len(objects) // size)
    return {
        "items": list(objects[(wanted - 1) * size : wanted * size]),
        "pagination": {
            "total_records": len(objects),
            "total_pages": pages,
            "current_page": wanted,
            "next_page": wanted + 1 if wanted < pages else None,
            "prev_page": wanted - 1 if wanted > 1 else None,
        },
    }
